"""Steps that change boxes and classes and leave the image alone. Letters: `N` objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, keep_objects
from tfod.boxes import geometry
from tfod.errors import ConfigError

__all__ = [
    "convert_class_logits_to_softmax",
    "drop_label_probabilistically",
    "random_jitter_boxes",
    "remap_labels",
]

_SMALLEST_SIDE = 1e-6


def random_jitter_boxes(example: Example, draw: Draw, *, ratio: float = 0.05, jitter_mode: str = "default") -> Example:
    """Moves the edges of boxes, as annotators do who are not exact. Boxes are clipped to the image.

    Each edge keeps its distance from the box's centre but for a factor of up to 1 + `ratio` and 1 - `ratio`;
    "expand" only moves outwards, "shrink" only inwards. With "..._symmetric" opposite edges have the same
    factor, not so great that one would leave the image; with "..._symmetric_xy" all four.
    """
    boxes = example[names.GROUNDTRUTH_BOXES]
    cy, cx, height, width = geometry.yxyx_to_cyxhw(boxes)
    height, width = (tf.maximum(tf.abs(side), _SMALLEST_SIDE) for side in (height, width))
    low = 0.0 if jitter_mode.startswith("expand") else -ratio
    high = 0.0 if jitter_mode.startswith("shrink") else ratio
    factors = 1.0 + draw.uniform(low, high, tf.shape(boxes))  # [N, 4]
    if "symmetric" in jitter_mode:
        factors = _symmetric(factors, _room(cy, height), _room(cx, width), jitter_mode.endswith("xy"))
    half = tf.stack([-height, -width, height, width], axis=1) / 2.0
    jittered = tf.stack([cy, cx, cy, cx], axis=1) + half * factors
    return {**example, names.GROUNDTRUTH_BOXES: tf.clip_by_value(jittered, 0.0, 1.0)}


def drop_label_probabilistically(example: Example, draw: Draw, *, label: int, drop_probability: float = 1.0) -> Example:
    """Drops objects of the class `label`, each with `drop_probability`."""
    classes = example[names.GROUNDTRUTH_CLASSES]
    spared = draw.uniform(shape=tf.shape(classes)) > drop_probability
    return keep_objects(example, spared | (classes != label))


def remap_labels(example: Example, draw: Draw, *, original_labels: Sequence[int], new_label: int) -> Example:
    """Makes the classes `original_labels` one class, `new_label`."""
    classes = example[names.GROUNDTRUTH_CLASSES]
    listed = tf.reduce_any(classes[:, tf.newaxis] == tf.constant(list(original_labels), tf.int64), axis=1)
    return {**example, names.GROUNDTRUTH_CLASSES: tf.where(listed, tf.constant(new_label, tf.int64), classes)}


def convert_class_logits_to_softmax(example: Example, draw: Draw, *, temperature: float = 1.0) -> Example:
    """Turns stored logits `[N, C + 1]` into probabilities, the flatter the higher the temperature."""
    if names.MULTICLASS_SCORES not in example:
        raise ConfigError(
            "convert_class_logits_to_softmax has no multiclass scores to convert",
            "data_augmentation_options",
            "remove the step",
        )
    scores = tf.nn.softmax(example[names.MULTICLASS_SCORES] / temperature)
    return {**example, names.MULTICLASS_SCORES: scores}


def _room(centre: Any, side: Any) -> Any:
    """By which factor a side can grow before the box leaves the image."""
    return tf.abs(tf.minimum(2.0 * centre / side, 2.0 * (1.0 - centre) / side))


def _symmetric(factors: Any, room_y: Any, room_x: Any, same_for_both: bool) -> Any:
    along_y, along_x = factors[:, 0], factors[:, 1]
    if same_for_both:
        along_x, room_y = along_y, tf.minimum(room_y, room_x)
        room_x = room_y
    along_y = tf.clip_by_value(along_y, -room_y, room_y)
    along_x = tf.clip_by_value(along_x, -room_x, room_x)
    return tf.stack([along_y, along_x, along_y, along_x], axis=1)
