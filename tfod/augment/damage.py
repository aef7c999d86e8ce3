"""Steps that take information away: black squares, noise, compression."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, image_size

__all__ = ["random_black_patches", "random_jpeg_quality", "random_patch_gaussian"]


def random_black_patches(
    example: Example,
    draw: Draw,
    *,
    max_black_patches: int = 10,
    probability: float = 0.5,
    size_to_image_ratio: float = 0.1,
) -> Example:
    """Blackens up to so many squares, each with `probability`; their side is relative to the shorter one."""
    image = example[names.IMAGE]
    height, width = image_size(example)
    shorter = tf.cast(tf.minimum(height, width), tf.float32)
    side = tf.cast(shorter * size_to_image_ratio, tf.int32)
    drawn = draw.uniform(shape=[max_black_patches]) <= probability

    def covers(length: Any) -> Any:
        """Float32 `[patches, length]`: 1 where a patch covers a row (or column)."""
        start = draw.uniform(0.0, 1.0 - size_to_image_ratio, [max_black_patches]) * tf.cast(length, tf.float32)
        distance = tf.range(length) - tf.cast(start, tf.int32)[:, tf.newaxis]
        return tf.cast((distance >= 0) & (distance < side) & drawn[:, tf.newaxis], tf.float32)

    black = tf.matmul(covers(height), covers(width), transpose_a=True)[..., tf.newaxis] > 0
    return {**example, names.IMAGE: tf.where(black, tf.zeros([], image.dtype), image)}


def random_jpeg_quality(
    example: Example,
    draw: Draw,
    *,
    random_coef: float = 0.0,
    min_jpeg_quality: int = 0,
    max_jpeg_quality: int = 100,
) -> Example:
    """Encodes the image as JPEG of a random quality; left alone with probability `random_coef`."""
    image = example[names.IMAGE]
    chosen = draw.uniform() >= random_coef
    quality = draw.integer(min_jpeg_quality, max_jpeg_quality)

    def encode() -> Any:
        return tf.cast(tf.image.adjust_jpeg_quality(tf.cast(image, tf.uint8), quality), image.dtype)

    return {**example, names.IMAGE: tf.cond(chosen, encode, lambda: image)}


def random_patch_gaussian(
    example: Example,
    draw: Draw,
    *,
    random_coef: float = 0.0,
    min_patch_size: int = 1,
    max_patch_size: int = 250,
    min_gaussian_stddev: float = 0.0,
    max_gaussian_stddev: float = 1.0,
) -> Example:
    """Adds noise within a square (Lopes et al. 2019); left alone with probability `random_coef`.

    The standard deviation is relative to the range of values, the square's side is in pixels, and its centre
    may be any pixel. The image becomes float32.
    """
    image = tf.cast(example[names.IMAGE], tf.float32)
    height, width = image_size(example)
    chosen = draw.uniform() >= random_coef
    side = draw.integer(min_patch_size, max_patch_size)
    stddev = draw.uniform(min_gaussian_stddev, max_gaussian_stddev)
    top, bottom = _interval(draw.integer(0, height), side, height)
    left, right = _interval(draw.integer(0, width), side, width)

    inner = draw.split()

    def add_noise() -> Any:
        patch = [bottom - top, right - left, tf.shape(image)[2]]
        padding = [[top, height - bottom], [left, width - right], [0, 0]]
        noise = tf.pad(255.0 * inner.normal(stddev, patch), padding)
        return tf.clip_by_value(image + noise, 0.0, 255.0)

    return {**example, names.IMAGE: tf.cond(chosen, add_noise, lambda: image)}


def _interval(centre: Any, side: Any, length: Any) -> tuple[Any, Any]:
    """First pixel of the patch, and first behind it."""
    return tf.maximum(centre - side // 2, 0), tf.minimum(centre + (side + 1) // 2, length)
