"""How similar ground-truth boxes and anchors are: the measures that matching goes by.

Boxes and anchors are yxyx, in one unit. Letters: `N` boxes, `A` anchors; leading dimensions are broadcast (see
`tfod.boxes.geometry`).
"""

from collections.abc import Callable

import tensorflow as tf

from tfod.boxes.geometry import across, area, intersection

__all__ = ["Similarity", "intersection_over_anchor", "negative_squared_distance"]

Similarity = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Boxes float32 `[..., N, 4]` and anchors float32 `[..., A, 4]` -> float32 `[..., N, A]`, higher for more similar."""


def intersection_over_anchor(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """The share of each anchor that is inside each box.

    >>> boxes, anchors = tf.constant([[0., 0., 2., 2.]]), tf.constant([[0., 1., 2., 3.]])
    >>> float(intersection_over_anchor(boxes, anchors)[0, 0])
    0.5

    Args:
      boxes: float32 `[..., N, 4]`.
      anchors: float32 `[..., A, 4]`.

    Returns:
      float32 `[..., N, A]` in [0, 1]; 0 for an empty anchor.
    """
    return tf.math.divide_no_nan(intersection(boxes, anchors), area(across(anchors)))


def negative_squared_distance(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """−‖box − anchor‖² over the four coordinates.

    >>> float(negative_squared_distance(tf.constant([[0., 0., 1., 1.]]), tf.constant([[0., 0., 1., 3.]]))[0, 0])
    -4.0

    Args:
      boxes: float32 `[..., N, 4]`.
      anchors: float32 `[..., A, 4]`.

    Returns:
      float32 `[..., N, A]`, at most 0, in the square of the boxes' unit.
    """
    difference = boxes[..., :, tf.newaxis, :] - across(anchors)
    return -tf.reduce_sum(difference * difference, axis=-1)
