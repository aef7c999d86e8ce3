"""How much ground-truth boxes resemble anchors, by which the matcher decides who has to find what."""

from collections.abc import Callable

import tensorflow as tf

from tfod.boxes.geometry import area, intersection, iou
from tfod.errors import ConfigError
from tfod.protos import region_similarity_calculator_pb2

__all__ = ["Similarity", "intersection_over_anchor", "negative_squared_distance", "similarity_from_config"]

Similarity = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Boxes float32 `[..., N, 4]` and anchors `[A, 4]` -> `[..., N, A]`, the greater the more alike."""


def intersection_over_anchor(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """The share of each anchor `[A, 4]` that lies in each box `[..., N, 4]`, as `[..., N, A]` in [0, 1]."""
    return tf.math.divide_no_nan(intersection(boxes, anchors), area(anchors))


def negative_squared_distance(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """−‖box − anchor‖² over the four coordinates, of boxes `[..., N, 4]` and anchors `[A, 4]`, as `[..., N, A]`.

    >>> float(negative_squared_distance(tf.constant([[0., 0., 1., 1.]]), tf.constant([[0., 0., 1., 3.]]))[0, 0])
    -4.0
    """
    difference = boxes[..., :, tf.newaxis, :] - anchors
    return -tf.reduce_sum(difference * difference, axis=-1)


def similarity_from_config(config: region_similarity_calculator_pb2.RegionSimilarityCalculator) -> Similarity:
    """The measure that `similarity_calculator` names. Raises ConfigError where it names none that an SSD can use."""
    kind = config.WhichOneof("region_similarity")
    measures = {
        "iou_similarity": iou,
        "ioa_similarity": intersection_over_anchor,
        "neg_sq_dist_similarity": negative_squared_distance,
    }
    if kind not in measures:
        why = " (it needs scores of ground truth)" if kind == "thresholded_iou_similarity" else ""
        raise ConfigError(
            f"{kind or 'no similarity'} cannot match ground truth and anchors{why}",
            "model.ssd.similarity_calculator",
            "use iou_similarity",
        )
    return measures[kind]
