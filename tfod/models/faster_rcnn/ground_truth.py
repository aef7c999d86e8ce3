"""The objects of a batch in the pixels of the network's input, which is the frame of both stages."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from tfod import names
from tfod.models.ground_truth import without_common_padding

__all__ = ["GroundTruth", "ground_truth_in_pixels", "sides"]


class GroundTruth(NamedTuple):
    """Letters: `B` images, `N` objects with padding, `C` classes, `H W` sides of the network's input."""

    boxes: tf.Tensor  # float32 [B, N, 4], yxyx, pixels
    classes: tf.Tensor  # float32 [B, N, C], one-hot
    weights: tf.Tensor  # float32 [B, N], 0 for padding
    masks: tf.Tensor | None  # float32 [B, N, H, W] of 0 and 1; None where the labels have none


def ground_truth_in_pixels(labels: Mapping[str, tf.Tensor], image_shape: tf.Tensor) -> GroundTruth:
    """What `DetectionModel.loss` takes as labels, of inputs of the shape int32 `[4]`, `[B, H, W, 3]`."""
    boxes, classes, weights = without_common_padding(labels)
    masks = labels.get(names.GROUNDTRUTH_INSTANCE_MASKS)
    if masks is not None:
        masks = tf.cast(masks[:, : tf.shape(boxes)[1]], tf.float32)
    return GroundTruth(boxes * sides(image_shape), classes, weights, masks)


def sides(image_shape: tf.Tensor) -> tf.Tensor:
    """What turns relative boxes into pixels: float32 `[4]`, height, width, height, width, of a shape int32 `[4]`."""
    return tf.cast(tf.gather(image_shape, [1, 2, 1, 2]), tf.float32)
