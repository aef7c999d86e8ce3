"""Mirroring and turning: steps that move every pixel and lose none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, moved_masks, sometimes
from tfod.errors import ConfigError

__all__ = ["checked_permutation", "permuted", "random_horizontal_flip", "random_rotation90", "random_vertical_flip"]

_WHERE = "train_config.data_augmentation_options"


def random_horizontal_flip(
    example: Example, draw: Draw, *, probability: float = 0.5, keypoint_flip_permutation: Sequence[int] = ()
) -> Example:
    """Swaps left and right; keypoint i of the mirrored object is the one of number `keypoint_flip_permutation[i]`."""
    order = _order(example, "random_horizontal_flip", keypoint_flip_permutation)
    return sometimes(draw.uniform() < probability, lambda before: permuted(_flip_left_right(before), order), example)


def random_vertical_flip(
    example: Example, draw: Draw, *, probability: float = 0.5, keypoint_flip_permutation: Sequence[int] = ()
) -> Example:
    """Swaps top and bottom; for keypoints see `random_horizontal_flip`."""
    order = _order(example, "random_vertical_flip", keypoint_flip_permutation)
    return sometimes(draw.uniform() < probability, lambda before: permuted(_flip_up_down(before), order), example)


def random_rotation90(
    example: Example, draw: Draw, *, probability: float = 0.5, keypoint_rot_permutation: Sequence[int] = ()
) -> Example:
    """Turns by 90 degrees, counter-clockwise; keypoints keep their numbers unless a permutation is given."""
    order = checked_permutation("random_rotation90", "keypoint_rot_permutation", keypoint_rot_permutation, example)
    return sometimes(draw.uniform() < probability, lambda before: permuted(_rotate_90(before), order), example)


def _order(example: Example, step: str, permutation: Sequence[int]) -> list[int]:
    if names.GROUNDTRUTH_KEYPOINTS in example and not permutation:
        what = f"{step} has no keypoint_flip_permutation, and the images have keypoints: left would be called right"
        cure = "give for each keypoint the number of the one that it becomes"
        raise ConfigError(what, _WHERE, cure)
    return checked_permutation(step, "keypoint_flip_permutation", permutation, example)


def checked_permutation(step: str, field: str, permutation: Sequence[int], example: Example) -> list[int]:
    """The permutation of keypoints that is a step's `field`; ConfigError where objects have another number of them."""
    count = example[names.GROUNDTRUTH_KEYPOINTS].shape[1] if names.GROUNDTRUTH_KEYPOINTS in example else None
    if permutation and count not in (None, len(permutation)):
        what = f"the {field} of {step} has {len(permutation)} numbers, and objects have {count} keypoints"
        raise ConfigError(what, _WHERE, "give for each keypoint the number of the one that it becomes")
    return list(permutation)


def _flip_left_right(example: Example) -> Example:
    ymin, xmin, ymax, xmax = _edges(example)
    boxes = _boxes(ymin, 1 - xmax, ymax, 1 - xmin)
    return _moved(example, lambda image: tf.reverse(image, [1]), boxes, lambda y, x: (y, 1 - x))


def _flip_up_down(example: Example) -> Example:
    ymin, xmin, ymax, xmax = _edges(example)
    boxes = _boxes(1 - ymax, xmin, 1 - ymin, xmax)
    return _moved(example, lambda image: tf.reverse(image, [0]), boxes, lambda y, x: (1 - y, x))


def _rotate_90(example: Example) -> Example:
    ymin, xmin, ymax, xmax = _edges(example)
    boxes = _boxes(1 - xmax, ymin, 1 - xmin, ymax)
    return _moved(
        example, lambda image: tf.reverse(tf.transpose(image, [1, 0, 2]), [0]), boxes, lambda y, x: (1 - x, y)
    )


def _moved(example: Example, show: Callable[[Any], Any], boxes: Any, move: Callable[[Any, Any], Any]) -> Example:
    moved = {**example, **moved_masks(example, show), names.IMAGE: show(example[names.IMAGE])}
    if (points := example.get(names.GROUNDTRUTH_KEYPOINTS)) is not None:
        moved[names.GROUNDTRUTH_KEYPOINTS] = tf.stack(move(*tf.unstack(points, axis=-1)), axis=-1)
    return {**moved, names.GROUNDTRUTH_BOXES: boxes}


def permuted(example: Example, order: Any) -> Example:
    """Keypoints, and what is known of each, in the order (int32 `[K]`, or nothing) that the mirrored object has."""
    per_keypoint = (names.GROUNDTRUTH_KEYPOINTS, names.GROUNDTRUTH_KEYPOINT_VISIBILITIES) if len(order) else ()
    changed = {name: tf.gather(example[name], order, axis=1) for name in per_keypoint if name in example}
    return {**example, **changed}


def _edges(example: Example) -> list[Any]:
    edges: list[Any] = tf.unstack(example[names.GROUNDTRUTH_BOXES], axis=1)
    return edges


def _boxes(ymin: Any, xmin: Any, ymax: Any, xmax: Any) -> Any:
    return tf.stack([ymin, xmin, ymax, xmax], axis=1)
