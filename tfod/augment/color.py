"""Steps that change colours and leave everything where it is. Images become float32 in 0..255."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example
from tfod.augment.resize import rgb_to_gray as gray_of

__all__ = [
    "adjust_gamma",
    "normalize_image",
    "random_adjust_brightness",
    "random_adjust_contrast",
    "random_adjust_hue",
    "random_adjust_saturation",
    "random_distort_color",
    "random_pixel_value_scale",
    "random_rgb_to_gray",
    "rgb_to_gray",
    "subtract_channel_mean",
]


def random_adjust_brightness(example: Example, draw: Draw, *, max_delta: float = 0.2) -> Example:
    """Adds up to `max_delta` of the range, to all pixels the same."""
    delta = 255.0 * draw.uniform(-max_delta, max_delta)
    return _recolor(example, lambda image: _clip(image + delta))


def random_adjust_contrast(example: Example, draw: Draw, *, min_delta: float = 0.8, max_delta: float = 1.25) -> Example:
    """Multiplies the distance of each pixel from its channel's mean."""
    factor = draw.uniform(min_delta, max_delta)
    return _recolor(example, lambda image: _clip(tf.image.adjust_contrast(image, factor)))


def random_adjust_hue(example: Example, draw: Draw, *, max_delta: float = 0.02) -> Example:
    """Turns the hue by up to `max_delta` of the colour circle, either way."""
    delta = draw.uniform(-max_delta, max_delta)
    return _recolor(example, lambda image: _clip(tf.image.adjust_hue(image, delta)))


def random_adjust_saturation(
    example: Example, draw: Draw, *, min_delta: float = 0.8, max_delta: float = 1.25
) -> Example:
    """Multiplies the saturation."""
    factor = draw.uniform(min_delta, max_delta)
    return _recolor(example, lambda image: _clip(tf.image.adjust_saturation(image, factor)))


def random_distort_color(example: Example, draw: Draw, *, color_ordering: int = 0) -> Example:
    """All four in the strength of Inception's training: contrast last (0), or before saturation (1)."""
    example = random_adjust_brightness(example, draw, max_delta=32.0 / 255.0)
    if color_ordering == 1:
        example = random_adjust_contrast(example, draw, min_delta=0.5, max_delta=1.5)
    example = random_adjust_saturation(example, draw, min_delta=0.5, max_delta=1.5)
    example = random_adjust_hue(example, draw, max_delta=0.2)
    if color_ordering == 0:
        example = random_adjust_contrast(example, draw, min_delta=0.5, max_delta=1.5)
    return example


def random_pixel_value_scale(example: Example, draw: Draw, *, minval: float = 0.9, maxval: float = 1.1) -> Example:
    """Multiplies every value by a number of its own."""
    factors = draw.uniform(minval, maxval, tf.shape(example[names.IMAGE]))
    return _recolor(example, lambda image: _clip(image * factors))


def random_rgb_to_gray(example: Example, draw: Draw, *, probability: float = 0.1) -> Example:
    """Takes the colour away; three equal channels stay."""
    chosen = draw.uniform() <= probability
    return _recolor(example, lambda image: tf.cond(chosen, lambda: tf.repeat(gray_of(image), 3, axis=2), lambda: image))


def rgb_to_gray(example: Example, draw: Draw) -> Example:
    """Takes the colour away; one channel stays, which the model has to expect."""
    return _recolor(example, gray_of)


def adjust_gamma(example: Example, draw: Draw, *, gamma: float = 1.0, gain: float = 1.0) -> Example:
    """Raises values, as shares of the range, to the power `gamma` and multiplies them by `gain`."""
    return _recolor(example, lambda image: _clip(gain * tf.pow(image / 255.0, gamma) * 255.0))


def normalize_image(
    example: Example,
    draw: Draw,
    *,
    original_minval: float = 0.0,
    original_maxval: float,
    target_minval: float = 0.0,
    target_maxval: float = 1.0,
) -> Example:
    """Maps one range of values to another. The model normalises again, for values in 0..255."""
    factor = (target_maxval - target_minval) / (original_maxval - original_minval)
    return _recolor(example, lambda image: (image - original_minval) * factor + target_minval)


def subtract_channel_mean(example: Example, draw: Draw, *, means: Sequence[float]) -> Example:
    """Subtracts a number from each channel."""
    return _recolor(example, lambda image: image - tf.constant(list(means)))


def _recolor(example: Example, change: Callable[[Any], Any]) -> Example:
    return {**example, names.IMAGE: change(tf.cast(example[names.IMAGE], tf.float32))}


def _clip(image: Any) -> Any:
    return tf.clip_by_value(image, 0.0, 255.0)
