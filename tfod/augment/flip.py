"""Mirroring and turning: steps that move every pixel and lose none."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, sometimes

__all__ = ["random_horizontal_flip", "random_rotation90", "random_vertical_flip"]


def random_horizontal_flip(example: Example, draw: Draw, *, probability: float = 0.5) -> Example:
    """Swaps left and right."""
    return sometimes(draw.uniform() < probability, _flip_left_right, example)


def random_vertical_flip(example: Example, draw: Draw, *, probability: float = 0.5) -> Example:
    """Swaps top and bottom."""
    return sometimes(draw.uniform() < probability, _flip_up_down, example)


def random_rotation90(example: Example, draw: Draw, *, probability: float = 0.5) -> Example:
    """Turns by 90 degrees, counter-clockwise."""
    return sometimes(draw.uniform() < probability, _rotate_90, example)


def _flip_left_right(example: Example) -> Example:
    ymin, xmin, ymax, xmax = _edges(example)
    image = tf.reverse(example[names.IMAGE], [1])
    return {**example, names.IMAGE: image, names.GROUNDTRUTH_BOXES: _boxes(ymin, 1 - xmax, ymax, 1 - xmin)}


def _flip_up_down(example: Example) -> Example:
    ymin, xmin, ymax, xmax = _edges(example)
    image = tf.reverse(example[names.IMAGE], [0])
    return {**example, names.IMAGE: image, names.GROUNDTRUTH_BOXES: _boxes(1 - ymax, xmin, 1 - ymin, xmax)}


def _rotate_90(example: Example) -> Example:
    ymin, xmin, ymax, xmax = _edges(example)
    image = tf.reverse(tf.transpose(example[names.IMAGE], [1, 0, 2]), [0])
    return {**example, names.IMAGE: image, names.GROUNDTRUTH_BOXES: _boxes(1 - xmax, ymin, 1 - xmin, ymax)}


def _edges(example: Example) -> list[Any]:
    edges: list[Any] = tf.unstack(example[names.GROUNDTRUTH_BOXES], axis=1)
    return edges


def _boxes(ymin: Any, xmin: Any, ymax: Any, xmax: Any) -> Any:
    return tf.stack([ymin, xmin, ymax, xmax], axis=1)
