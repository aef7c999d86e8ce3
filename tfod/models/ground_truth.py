"""The ground truth of a batch, as losses want it."""

from collections.abc import Mapping

import tensorflow as tf

from tfod import names

__all__ = ["without_common_padding"]


def without_common_padding(labels: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Boxes, classes and weights cut to the most boxes that an image of the batch has, but at least one.

    Padding has no effect on the loss; to leave out what all images share of it saves most of the matching.

    Returns:
      float32 `[B, N, 4]`, relative to the input, `[B, N, C]` and `[B, N]`, of labels as `DetectionModel.loss` takes
      them.
    """
    most = tf.maximum(tf.reduce_max(labels[names.NUM_GROUNDTRUTH_BOXES]), 1)
    return (
        labels[names.GROUNDTRUTH_BOXES][:, :most],
        labels[names.GROUNDTRUTH_CLASSES][:, :most],
        labels[names.GROUNDTRUTH_WEIGHTS][:, :most],
    )
