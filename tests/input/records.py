"""TFRecords to read, written with TensorFlow's own Example, not with this project's."""

from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format

from tfod.config.label_map import label_map_from_names, write_label_map
from tfod.models.resizer import ImageResizer
from tfod.protos import input_reader_pb2

CLASSES = ["cat", "dog", "hen"]


def picture(value=100, height=6, width=8, encode=tf.io.encode_png):
    """An encoded picture of one colour."""
    return encode(tf.fill([height, width, 3], tf.constant(value, tf.uint8))).numpy()


def example(name="a.png", boxes=((0.1, 0.2, 0.5, 0.6),), texts=("dog",), encoded=None, **features):
    """A serialized tf.Example; `features` replace or add, with "/" written as "__"."""
    columns = list(zip(*boxes, strict=True)) if boxes else [()] * 4
    values = {
        "image/encoded": [picture() if encoded is None else encoded],
        "image/filename": [name],
        "image/source_id": [name],
        **{f"image/object/bbox/{edge}": columns[i] for i, edge in enumerate(("ymin", "xmin", "ymax", "xmax"))},
        "image/object/class/text": texts,
        **{key.replace("__", "/"): value for key, value in features.items()},
    }
    made = {key: _feature(value) for key, value in values.items() if len(value)}
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def _feature(values):
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    encoded = [value.encode() if isinstance(value, str) else value for value in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))


def write(path, *records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def reader(folder: Path, pattern="train.record", settings="", names=CLASSES):
    """A reader of records in `folder`, with a label map there."""
    write_label_map(label_map_from_names(names), folder / "label_map.pbtxt")
    text = f"""
        label_map_path: "{folder / "label_map.pbtxt"}"
        tf_record_input_reader {{ input_path: "{folder / pattern}" }}
        {settings}
    """
    return text_format.Parse(text, input_reader_pb2.InputReader())


def resize_to(height=4, width=4):
    """What a model with a fixed input size does to a picture."""
    resizer = ImageResizer.fixed_shape(height, width)
    return lambda image: resizer(tf.cast(image, tf.float32))
