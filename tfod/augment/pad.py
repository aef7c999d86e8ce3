"""Padding: steps that set the image into a larger one, so that objects become small."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.crop import DEFAULT_CROP, SSD_CROPS, Crop, random_crop_image, ssd_random_crop
from tfod.augment.example import (
    PER_OBJECT,
    Draw,
    Example,
    image_size,
    relative_window,
    replace_image,
    sometimes,
)

__all__ = [
    "SSD_CROP_PADS",
    "CropPad",
    "random_absolute_pad_image",
    "random_crop_pad_image",
    "random_pad_image",
    "random_self_concat_image",
    "ssd_random_crop_pad",
    "ssd_random_crop_pad_fixed_aspect_ratio",
]

Color = Sequence[float] | None
"""What is padded: R, G and B, or None for the image's mean."""


@dataclass(frozen=True)
class CropPad:
    """How `random_crop_pad_image` crops, and to what it pads.

    Attributes:
        crop: the crop.
        min_ratio: the least height and width after padding, relative to those before cropping.
        max_ratio: the greatest.
        pad_color: see `Color`.
    """

    crop: Crop = DEFAULT_CROP
    min_ratio: tuple[float, float] = (1.0, 1.0)
    max_ratio: tuple[float, float] = (2.0, 2.0)
    pad_color: Color = None


DEFAULT_CROP_PAD = CropPad()

SSD_CROP_PADS = tuple(CropPad(crop) for crop in SSD_CROPS[1:])
"""The crops of the SSD paper but the loosest, each followed by padding."""


def random_pad_image(
    example: Example,
    draw: Draw,
    *,
    min_image_size: Sequence[int] | None = None,
    max_image_size: Sequence[int] | None = None,
    pad_color: Color = None,
) -> Example:
    """Puts the image somewhere in one of a size from `min_image_size` up to below `max_image_size`.

    Sizes are height and width; the defaults are the image's own and twice it.
    """
    size = tf.stack(image_size(example))
    low = size if min_image_size is None else tf.maximum(min_image_size, size)
    high = size * 2 if max_image_size is None else tf.maximum(max_image_size, size)
    return _pad_randomly(_with_dtype_for([pad_color], example), draw, low, high, pad_color)


def random_absolute_pad_image(
    example: Example,
    draw: Draw,
    *,
    max_height_padding: int = 1,
    max_width_padding: int = 1,
    pad_color: Color = None,
) -> Example:
    """Pads by up to so many pixels less one in each direction."""
    size = tf.stack(image_size(example))
    high = size + tf.stack([max_height_padding, max_width_padding])
    return _pad_randomly(_with_dtype_for([pad_color], example), draw, size, high, pad_color)


def random_crop_pad_image(example: Example, draw: Draw, *, settings: CropPad = DEFAULT_CROP_PAD) -> Example:
    """Crops, then pads to a size relative to that before the crop."""
    example = _with_dtype_for([settings.pad_color], example)
    before = tf.stack(image_size(example))
    example = random_crop_image(example, draw, settings=settings.crop)
    after = tf.stack(image_size(example))
    low, high = (
        tf.maximum(tf.cast(tf.cast(before, tf.float32) * ratio, tf.int32), after)
        for ratio in (settings.min_ratio, settings.max_ratio)
    )
    return _pad_randomly(example, draw, low, high, settings.pad_color)


def ssd_random_crop_pad(example: Example, draw: Draw, *, crops: Sequence[CropPad] = SSD_CROP_PADS) -> Example:
    """Does one of the `crops` and its padding, chosen with equal probability."""
    example = _with_dtype_for([settings.pad_color for settings in crops], example)

    def branch(settings: CropPad) -> Any:
        inner = draw.split()
        return lambda: random_crop_pad_image(dict(example), inner, settings=settings)

    padded: Example = tf.switch_case(draw.integer(0, len(crops)), [branch(settings) for settings in crops])
    return padded


def ssd_random_crop_pad_fixed_aspect_ratio(
    example: Example,
    draw: Draw,
    *,
    crops: Sequence[Crop] = SSD_CROPS,
    aspect_ratio: float = 1.0,
    min_ratio: Sequence[float] = (1.0, 1.0),
    max_ratio: Sequence[float] = (2.0, 2.0),
) -> Example:
    """`ssd_random_crop`, then black at the bottom and on the right up to width / height = `aspect_ratio`.

    The new size is a random multiple of the least one that fits, between `min_ratio` and `max_ratio` times
    the size after the crop, as far as the aspect ratio allows.
    """
    example = ssd_random_crop(example, draw, crops=crops)
    size = tf.cast(tf.stack(image_size(example)), tf.float32)
    now = size[1] / size[0]
    least_height = tf.where(now <= aspect_ratio, size[0], size[1] / aspect_ratio)
    least_width = tf.where(now >= aspect_ratio, size[1], size[0] * aspect_ratio)
    least = tf.stack([least_height, least_width])
    greatest_scale = tf.reduce_min(tf.maximum(max_ratio * size, least) / least)
    least_scale = tf.minimum(greatest_scale, tf.reduce_max(tf.maximum(min_ratio * size, least) / least))
    height, width = tf.unstack(tf.cast(tf.round(draw.uniform(least_scale, greatest_scale) * least), tf.int32))
    return _place(example, 0, 0, height, width, (0.0, 0.0, 0.0))


def random_self_concat_image(
    example: Example,
    draw: Draw,
    *,
    concat_vertical_probability: float = 0.1,
    concat_horizontal_probability: float = 0.1,
) -> Example:
    """Sets the image below itself, and then beside itself, with all its objects."""
    vertically = draw.uniform() < concat_vertical_probability
    horizontally = draw.uniform() < concat_horizontal_probability
    example = sometimes(vertically, lambda single: _twice(single, 0), example)
    return sometimes(horizontally, lambda single: _twice(single, 1), example)


def _twice(example: Example, axis: int) -> Example:
    across = [1.0, 1.0, 1.0, 1.0]
    across[axis] = across[axis + 2] = 0.5
    first = example[names.GROUNDTRUTH_BOXES] * across
    second = first + [0.5 if value == 0.5 else 0.0 for value in across]
    twice = {name: tf.concat([example[name]] * 2, 0) for name in PER_OBJECT if name in example}
    twice |= {names.IMAGE: tf.concat([example[names.IMAGE]] * 2, axis)}
    twice |= {names.GROUNDTRUTH_BOXES: tf.concat([first, second], 0)}
    if (points := example.get(names.GROUNDTRUTH_KEYPOINTS)) is not None:
        points *= across[:2]
        offset = [0.5 if value == 0.5 else 0.0 for value in across[:2]]
        twice[names.GROUNDTRUTH_KEYPOINTS] = tf.concat([points, points + offset], 0)
    if (masks := example.get(names.GROUNDTRUTH_INSTANCE_MASKS)) is not None:
        pair = [tf.concat(both, axis + 1) for both in ([masks, tf.zeros_like(masks)], [tf.zeros_like(masks), masks])]
        twice[names.GROUNDTRUTH_INSTANCE_MASKS] = tf.concat(pair, 0)
    return {**example, **twice}


def _pad_randomly(example: Example, draw: Draw, low: Any, high: Any, color: Color) -> Example:
    """Pads to a size from `low` up to below `high` (both int32 `[2]`, not less than the image's)."""
    height, width = image_size(example)
    new_height = tf.where(high[0] > low[0], draw.integer(low[0], high[0]), high[0])
    new_width = tf.where(high[1] > low[1], draw.integer(low[1], high[1]), high[1])
    top = draw.integer(0, new_height - height)
    left = draw.integer(0, new_width - width)
    return _place(example, top, left, new_height, new_width, color)


def _place(example: Example, top: Any, left: Any, new_height: Any, new_width: Any, color: Color) -> Example:
    """Puts the image with its corner at (top, left) into one of the new size."""
    image = example[names.IMAGE]
    height, width = image_size(example)
    padding = [[top, new_height - height - top], [left, new_width - width - left], [0, 0]]

    def show(image: Any) -> Any:
        padded = tf.pad(image, padding)
        padded.set_shape([None, None, image.shape[2]])
        return padded

    window = relative_window(-top, -left, new_height, new_width, example)
    placed = replace_image(example, show, window)
    if color is None or any(color):
        inside = tf.pad(tf.ones([height, width, 1], tf.bool), padding)
        background = tf.reduce_mean(image, [0, 1]) if color is None else tf.cast(tf.constant(color), image.dtype)
        placed[names.IMAGE] = tf.where(inside, placed[names.IMAGE], background)
    return placed


def _with_dtype_for(colors: Iterable[Color], example: Example) -> Example:
    """An image of whole numbers can only hold colours that are whole numbers; for others it becomes float32."""
    if all(color is not None and all(value in range(256) for value in color) for color in colors):
        return example
    return {**example, names.IMAGE: tf.cast(example[names.IMAGE], tf.float32)}
