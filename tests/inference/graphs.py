"""Models as TensorFlow 1 exported them, in small: graphs of named operations with their weights as constants."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tfod import names

OUTPUTS = (names.DETECTION_BOXES, names.DETECTION_SCORES, names.DETECTION_CLASSES, names.NUM_DETECTIONS)


def bright_half(input_name="image_tensor", *, shape=(None, None, None, 3), scale=1 / 255, drop=(), constants=None):
    """A GraphDef that finds the upper left quarter, as class 1, with each image's mean brightness as its score.

    A while loop and a stray operation are in it, as in the graphs of that time; `drop` leaves out outputs, `constants`
    are in it by their names, and needed.
    """
    with tf.Graph().as_default() as graph:
        images = tf.cast(_images(input_name, shape), tf.float32)
        weight = tf.identity(tf.constant(scale, name="Conv/weights"), name="Conv/weights/read")
        scores = tf.reduce_mean(images, [1, 2, 3]) * weight
        kept = [tf.constant(value, name=name) for name, value in (constants or {}).items()]
        batch = tf.shape(images)[0]
        values = {
            names.DETECTION_BOXES: tf.tile(tf.constant([[[0.0, 0.0, 0.5, 0.5], [0.0] * 4]]), tf.stack([batch, 1, 1])),
            names.DETECTION_SCORES: tf.stack([scores, tf.zeros_like(scores)], axis=1),
            names.DETECTION_CLASSES: tf.ones(tf.stack([batch, 2])),
            names.NUM_DETECTIONS: tf.ones(batch[tf.newaxis]),
        }
        for name, value in values.items():
            if name not in drop:
                with tf.control_dependencies(kept):
                    tf.identity(value, name=name)
        tf.raw_ops.PlaceholderWithDefault(input=1.0, shape=[], name="stray")
    return graph.as_graph_def()


def _images(input_name, shape):
    if input_name == "image_tensor":
        return tf.raw_ops.Placeholder(dtype=tf.uint8, shape=shape, name=input_name)
    texts = tf.raw_ops.Placeholder(dtype=tf.string, shape=[None], name=input_name)
    if input_name == "tf_example":
        features = {names.IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)}
        texts = tf.io.parse_example(texts, features)[names.IMAGE_ENCODED]

    def decode(text):
        return tf.io.decode_image(text, channels=3, expand_animations=False)

    return tf.map_fn(decode, texts, fn_output_signature=tf.TensorSpec([None, None, 3], tf.uint8))


def write_graph(path, definition):
    """Writes a frozen graph."""
    path.write_bytes(definition.SerializeToString())
    return path


def write_saved_model(folder, definition, input_name="image_tensor"):
    """Writes a SavedModel as TensorFlow 1's exporter did: its signature calls the images `inputs`."""
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = model.meta_graphs.add(graph_def=definition)
    meta_graph.meta_info_def.tags.append("serve")
    signature = meta_graph.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    nodes = {node.name: node for node in definition.node}
    given = {"inputs": input_name, **{name: name for name in OUTPUTS if name in nodes}}
    for key, name in given.items():
        info = (signature.inputs if key == "inputs" else signature.outputs)[key]
        info.name = f"{name}:0"
        info.dtype = nodes[name].attr["dtype" if key == "inputs" else "T"].type
        info.tensor_shape.unknown_rank = True
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder
