"""An example that is small enough to work out by hand, and ways to run a step on it."""

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

from tfod import names
from tfod.augment.from_config import augmentation_from_config
from tfod.protos import train_pb2

BOXES = [[0.0, 0.0, 0.5, 0.25], [0.25, 0.5, 1.0, 1.0], [0.1, 0.2, 0.3, 0.6]]


def example(height=8, width=12, dtype=tf.uint8, boxes=BOXES):
    """A picture whose red is 10 * row, green 10 * column, blue 7; object i has class i + 1 and weight i."""
    rows, columns = np.mgrid[:height, :width] * 10
    image = np.stack([rows, columns, np.full_like(rows, 7)], axis=-1)
    count = len(boxes)
    return {
        names.IMAGE: tf.constant(image, dtype),
        names.GROUNDTRUTH_BOXES: tf.constant(boxes, tf.float32, [count, 4]),
        names.GROUNDTRUTH_CLASSES: tf.range(1, count + 1, dtype=tf.int64),
        names.GROUNDTRUTH_WEIGHTS: tf.range(count, dtype=tf.float32),
        names.SOURCE_ID: tf.constant("photo.jpg"),
    }


def augmentation(*options):
    """The function that options such as "random_rotation90 {}" make."""
    text = "".join(f"data_augmentation_options {{ {option} }}" for option in options)
    options = text_format.Parse(text, train_pb2.TrainConfig()).data_augmentation_options
    return augmentation_from_config(options, "train_config.data_augmentation_options")


def run(option, seed=(0, 0), **kwargs):
    """One step on `example(**kwargs)`, as numpy arrays."""
    return as_numpy(augmentation(option)(example(**kwargs), seed))


def as_numpy(tensors):
    return {name: value.numpy() for name, value in tensors.items()}
