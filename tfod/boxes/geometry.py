"""Arithmetic on boxes: areas, overlaps, changes of format and of frame.

Boxes are float32 `[..., 4]`, `[ymin, xmin, ymax, xmax]`; every function works in any unit that is the same for all
its arguments, and changes none of them. `...` are any leading dimensions; those of two arguments are broadcast as
NumPy does it: boxes `[B, N, 4]` of several images go with anchors `[A, 4]` for all or `[B, A, 4]` for each.

Letters: `B` images, `N` and `A` boxes (`A` for anchors).
"""

import tensorflow as tf

__all__ = [
    "across",
    "area",
    "change_frame",
    "clip_to_window",
    "cyxhw_to_yxyx",
    "intersection",
    "intersection_over_area",
    "iou",
    "matched_giou",
    "matched_iou",
    "yxyx_to_cyxhw",
]


def area(boxes: tf.Tensor) -> tf.Tensor:
    """Areas of boxes.

    Args:
      boxes: float32 `[..., 4]`.

    Returns:
      float32 `[...]`, in the square of the boxes' unit. An inverted box has the product of its signed sides.
    """
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=-1)
    return (ymax - ymin) * (xmax - xmin)


def intersection(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """Areas that each box has in common with each anchor.

    Args:
      boxes: float32 `[..., N, 4]`.
      anchors: float32 `[..., A, 4]`.

    Returns:
      float32 `[..., N, A]`, at least 0, in the square of the boxes' unit.
    """
    ymin, xmin, ymax, xmax = tf.split(boxes, 4, axis=-1)  # each [..., N, 1]
    anchor_ymin, anchor_xmin, anchor_ymax, anchor_xmax = tf.unstack(across(anchors), axis=-1)  # each [..., 1, A]
    height = tf.nn.relu(tf.minimum(ymax, anchor_ymax) - tf.maximum(ymin, anchor_ymin))
    width = tf.nn.relu(tf.minimum(xmax, anchor_xmax) - tf.maximum(xmin, anchor_xmin))
    return height * width


def iou(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """Intersection over union of each box with each anchor.

    >>> float(iou(tf.constant([[0., 0., 2., 2.]]), tf.constant([[0., 1., 2., 3.]]))[0, 0])  # 2 of 6
    0.3333333432674408

    Args:
      boxes: float32 `[..., N, 4]`.
      anchors: float32 `[..., A, 4]`.

    Returns:
      float32 `[..., N, A]` in [0, 1]; 0 for boxes that do not touch, and for two empty boxes.
    """
    common = intersection(boxes, anchors)
    union = area(boxes)[..., tf.newaxis] + area(across(anchors)) - common
    return tf.math.divide_no_nan(common, union)


def across(anchors: tf.Tensor) -> tf.Tensor:
    """Anchors float32 `[..., A, 4]` as `[..., 1, A, 4]`, against which boxes `[..., N, 1, 4]` make a table."""
    return anchors[..., tf.newaxis, :, :]


def matched_iou(boxes: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Intersection over union of each box with the one at the same place.

    Args:
      boxes, others: float32 `[..., 4]`.

    Returns:
      float32 `[...]` in [0, 1].
    """
    common = _matched_intersection(boxes, others)
    return tf.math.divide_no_nan(common, area(boxes) + area(others) - common)


def matched_giou(boxes: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Generalised IoU (https://arxiv.org/abs/1902.09630) of each box with the one at the same place.

    It is the IoU less the share of the common hull that neither box covers.

    >>> boxes, others = tf.constant([0., 0., 1., 1.]), tf.constant([0., 2., 1., 3.])
    >>> round(float(matched_giou(boxes, others)), 4)  # no overlap, a third of the hull is empty
    -0.3333

    Args:
      boxes, others: float32 `[..., 4]`.

    Returns:
      float32 `[...]` in [-1, 1].
    """
    common = _matched_intersection(boxes, others)
    union = area(boxes) + area(others) - common
    low, high = tf.minimum(boxes, others), tf.maximum(boxes, others)
    hull = (high[..., 2] - low[..., 0]) * (high[..., 3] - low[..., 1])
    overlap = tf.math.divide_no_nan(common, union)
    # Where even the hull is empty the original has 0.
    return tf.where(hull > 0.0, overlap - tf.math.divide_no_nan(hull - union, hull), 0.0)


def _matched_intersection(boxes: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    low, high = tf.maximum(boxes, others), tf.minimum(boxes, others)
    return tf.nn.relu(high[..., 2] - low[..., 0]) * tf.nn.relu(high[..., 3] - low[..., 1])


def intersection_over_area(boxes: tf.Tensor, windows: tf.Tensor) -> tf.Tensor:
    """The share of each box that is inside each window.

    Args:
      boxes: float32 `[..., N, 4]`.
      windows: float32 `[..., A, 4]`.

    Returns:
      float32 `[..., N, A]` in [0, 1]; 0 for an empty box.
    """
    return tf.math.divide_no_nan(intersection(boxes, windows), area(boxes)[..., tf.newaxis])


def yxyx_to_cyxhw(boxes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Centres and sizes (cy, cx, h, w), each float32 `[...]`, of boxes float32 `[..., 4]`, in the boxes' unit."""
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=-1)
    height, width = ymax - ymin, xmax - xmin
    return ymin + height / 2.0, xmin + width / 2.0, height, width


def cyxhw_to_yxyx(cy: tf.Tensor, cx: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Boxes float32 `[..., 4]` from centres and sizes, each float32 `[...]`, in their unit."""
    half_height, half_width = height / 2.0, width / 2.0
    return tf.stack([cy - half_height, cx - half_width, cy + half_height, cx + half_width], axis=-1)


def clip_to_window(boxes: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Boxes cut at the edges of their window; a box outside becomes an empty one on an edge.

    Args:
      boxes: float32 `[..., N, 4]`.
      window: float32 `[..., 4]`.

    Returns:
      float32 `[..., N, 4]`.
    """
    ymin, xmin, ymax, xmax = tf.unstack(tf.expand_dims(window, -2), axis=-1)  # each [..., 1]
    low = tf.stack([ymin, xmin, ymin, xmin], axis=-1)
    high = tf.stack([ymax, xmax, ymax, xmax], axis=-1)
    return tf.maximum(tf.minimum(boxes, high), low)


def change_frame(boxes: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Boxes in coordinates in which their window is [0, 0, 1, 1].

    >>> change_frame(tf.constant([[0.5, 0.5, 1., 1.]]), tf.constant([0.5, 0., 1., 1.])).numpy().tolist()
    [[0.0, 0.5, 1.0, 1.0]]

    Args:
      boxes: float32 `[..., N, 4]`.
      window: float32 `[..., 4]`, not empty, in the boxes' unit.

    Returns:
      float32 `[..., N, 4]`, relative to the window.
    """
    ymin, xmin, ymax, xmax = tf.unstack(tf.expand_dims(window, -2), axis=-1)
    origin = tf.stack([ymin, xmin, ymin, xmin], axis=-1)
    size = tf.stack([ymax - ymin, xmax - xmin, ymax - ymin, xmax - xmin], axis=-1)
    return (boxes - origin) / size
