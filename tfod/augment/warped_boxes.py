"""Where boxes are after a rotation, shift or shear of their image: the upright boxes around them.

As in the original they are counted in whole pixels, fractions cut off, and what leaves the image stays as a strip of
its edge.

Letters: `N` objects.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Example, image_size
from tfod.augment.warp import pixel_boxes

__all__ = ["rotated_boxes", "sheared_boxes", "shifted_boxes"]

_STRIP = 0.05  # of the image's side


def rotated_boxes(example: Example, degrees: Any) -> Any:
    """Counter-clockwise about the middle: float32 `[N, 4]`, yxyx relative to the image."""
    size = _size(example)
    radians = degrees * (math.pi / 180)
    sine, cosine = tf.sin(radians), tf.cos(radians)
    boxes = example[names.GROUNDTRUTH_BOXES] - 0.5
    up, right = _corners(_cut(boxes * tf.concat([size, size], 0)))
    up = -up
    new_up, new_right = _cut(cosine * up + sine * right), _cut(cosine * right - sine * up)
    return _around(-new_up, new_right, size, 0.5)


def sheared_boxes(example: Example, *, left: Any = 0.0, up: Any = 0.0) -> Any:
    """Each row to the left, or each column upwards, by a share of its number: as `rotated_boxes`."""
    down, right = _corners(tf.cast(pixel_boxes(example), tf.float32))
    return _around(_cut(down - up * right), _cut(right - left * down), _size(example), 0.0)


def shifted_boxes(example: Example, *, left: Any = 0.0, up: Any = 0.0) -> Any:
    """By pixels: as `rotated_boxes`."""
    down, right = _corners(tf.cast(pixel_boxes(example), tf.float32))
    return _around(_cut(down - up), _cut(right - left), _size(example), 0.0)


def _size(example: Example) -> Any:
    return tf.cast(tf.stack(image_size(example)), tf.float32)


def _cut(values: Any) -> Any:
    return tf.cast(tf.cast(values, tf.int32), tf.float32)


def _corners(boxes: Any) -> tuple[Any, Any]:
    """Rows and columns `[N, 4]` of the corners of boxes `[N, 4]`."""
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=1)
    return tf.stack([ymin, ymin, ymax, ymax], axis=1), tf.stack([xmin, xmax, xmin, xmax], axis=1)


def _around(down: Any, right: Any, size: Any, origin: float) -> Any:
    """The boxes around corners, in pixels from a point `origin` of the image, relative to it and cut at its edges."""
    low = tf.stack([tf.reduce_min(down, 1), tf.reduce_min(right, 1)], axis=1) / size + origin
    high = tf.stack([tf.reduce_max(down, 1), tf.reduce_max(right, 1)], axis=1) / size + origin
    low, high = tf.clip_by_value(low, 0.0, 1.0), tf.clip_by_value(high, 0.0, 1.0)
    flat = low == high
    low, high = tf.where(flat, tf.minimum(low, 1 - _STRIP), low), tf.where(flat, tf.maximum(high, _STRIP), high)
    return tf.concat([low, high], axis=1)
