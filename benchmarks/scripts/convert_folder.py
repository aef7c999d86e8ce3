"""Converts a folder of photos and XML files to a TFRecord, several times in one process.

usage: convert_folder.py ours|tutorial FOLDER LABEL_MAP OUTPUT REPEATS

`tutorial` does what the script of the best-known tutorial for the Object Detection API does, with the same libraries:
all XML files into a table of pandas, a group a picture, and a tf.train.Example of each.

Prints {"seconds": [one number a repeat]}; the first conversion, which warms up, is left out.
"""

import sys
from pathlib import Path

from repeated import print_seconds


def converter_ours(folder, label_map, output):
    from tfod.cli import generate_tfrecord

    def convert():
        if generate_tfrecord.main(["-x", folder, "-l", label_map, "-o", output]) != 0:
            sys.exit(1)

    return convert


def converter_tutorial(folder, label_map, output):
    import tensorflow as tf
    from object_detection.utils import label_map_util

    ids = label_map_util.get_label_map_dict(label_map)

    def convert():
        table = read_table(folder)
        with tf.io.TFRecordWriter(output) as writer:
            for filename, group in table.groupby("filename"):
                writer.write(to_example(folder, filename, group, ids).SerializeToString())

    return convert


def read_table(folder):
    import xml.etree.ElementTree as ElementTree

    import pandas

    rows = []
    for path in Path(folder).glob("*.xml"):
        root = ElementTree.parse(path).getroot()
        filename, size = root.find("filename").text, root.find("size")
        for item in root.findall("object"):
            sides = [int(item.find(f"bndbox/{side}").text) for side in ("xmin", "ymin", "xmax", "ymax")]
            width, height = (int(size.find(side).text) for side in ("width", "height"))
            rows.append((filename, width, height, item.find("name").text, *sides))
    return pandas.DataFrame(rows, columns=["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"])


def to_example(folder, filename, group, ids):
    import io

    import tensorflow as tf
    from object_detection.utils import dataset_util
    from PIL import Image

    with tf.io.gfile.GFile(f"{folder}/{filename}", "rb") as file:
        data = file.read()
    width, height = Image.open(io.BytesIO(data)).size
    sides = {"xmin": [], "xmax": [], "ymin": [], "ymax": []}
    texts, labels = [], []
    for _, row in group.iterrows():
        for side, values in sides.items():
            values.append(row[side] / (width if side[0] == "x" else height))
        texts.append(row["class"].encode())
        labels.append(ids[row["class"]])
    name = dataset_util.bytes_feature(filename.encode())
    features = {
        "image/height": dataset_util.int64_feature(height),
        "image/width": dataset_util.int64_feature(width),
        "image/filename": name,
        "image/source_id": name,
        "image/encoded": dataset_util.bytes_feature(data),
        "image/format": dataset_util.bytes_feature(b"jpg"),
        **{f"image/object/bbox/{side}": dataset_util.float_list_feature(values) for side, values in sides.items()},
        "image/object/class/text": dataset_util.bytes_list_feature(texts),
        "image/object/class/label": dataset_util.int64_list_feature(labels),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def main(side, folder, label_map, output, repeats):
    convert = {"ours": converter_ours, "tutorial": converter_tutorial}[side](folder, label_map, output)
    print_seconds(convert, output, repeats)


if __name__ == "__main__":
    main(*sys.argv[1:])
