"""Changes of an image's colours as AutoAugment's policies name them: uint8 `[H, W, 3]` to the same.

They are those of the Python Imaging Library, on which the policies were learnt, with the rounding that the
original's operations have.

Letters: `H W` pixels.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = [
    "autocontrast",
    "brightness",
    "color",
    "contrast",
    "equalize",
    "posterize",
    "sharpness",
    "solarize",
    "solarize_add",
]

_VALUES = 256
_MIDDLE = 128
_SMOOTH = ((1.0, 1.0, 1.0), (1.0, 5.0, 1.0), (1.0, 1.0, 1.0))


def color(image: Any, factor: float) -> Any:
    """More colour than there is, with `factor` above 1; less, down to grey at 0."""
    return _away_from(tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(image)), image, factor)


def contrast(image: Any, factor: float) -> Any:
    """Values further from a grey, with `factor` above 1, or nearer to it.

    That grey is not the image's mean, which was meant, but a 256th of its number of pixels, and so white for nearly
    all images. The policies were learnt with it.
    """
    pixels = tf.cast(tf.size(image[..., 0]), tf.float32)
    grey = tf.cast(tf.minimum(pixels / _VALUES, _VALUES - 1.0), tf.uint8)
    return _away_from(tf.fill(tf.shape(image), grey), image, factor)


def brightness(image: Any, factor: float) -> Any:
    """Values times `factor`."""
    return _away_from(tf.zeros_like(image), image, factor)


def sharpness(image: Any, factor: float) -> Any:
    """Values further from those around them, with `factor` above 1; the outermost pixels stay."""
    kernel = tf.constant(_SMOOTH) / sum(map(sum, _SMOOTH))
    kernel = tf.tile(kernel[..., tf.newaxis, tf.newaxis], [1, 1, 3, 1])
    smooth = tf.nn.depthwise_conv2d(tf.cast(image, tf.float32)[tf.newaxis], kernel, [1, 1, 1, 1], "SAME")[0]
    smooth = tf.cast(tf.clip_by_value(smooth, 0.0, 255.0), tf.uint8)
    rows, columns = (_between_ends(side) for side in tf.unstack(tf.shape(image)[:2]))
    inside = (rows[:, tf.newaxis] & columns)[..., tf.newaxis]
    return _away_from(tf.where(inside, smooth, image), image, factor)


def autocontrast(image: Any) -> Any:
    """Stretches each channel from 0 to 255."""
    values = tf.cast(image, tf.float32)
    low, high = tf.reduce_min(values, [0, 1]), tf.reduce_max(values, [0, 1])
    scale = 255.0 / tf.maximum(high - low, 1.0)
    stretched = tf.cast(tf.clip_by_value(values * scale - low * scale, 0.0, 255.0), tf.uint8)
    return tf.where(high > low, stretched, image)


def equalize(image: Any) -> Any:
    """Gives each channel about as many pixels of every value."""
    channels = [_equalized(channel) for channel in tf.unstack(tf.cast(image, tf.int32), axis=2)]
    return tf.cast(tf.stack(channels, axis=2), tf.uint8)


def posterize(image: Any, bits: int) -> Any:
    """Keeps the first `bits` of each value, one at least."""
    lost = tf.constant(8 - max(bits, 1), tf.uint8)
    return tf.bitwise.left_shift(tf.bitwise.right_shift(image, lost), lost)


def solarize(image: Any, threshold: int) -> Any:
    """Turns values from `threshold` on, in 0 to 256, into their negative."""
    return tf.where(tf.cast(image, tf.int32) < threshold, image, 255 - image)


def solarize_add(image: Any, addition: int) -> Any:
    """Adds to the values of the darker half."""
    values = tf.cast(image, tf.int32)
    added = tf.cast(tf.clip_by_value(values + addition, 0, 255), tf.uint8)
    return tf.where(values < _MIDDLE, added, image)


def _away_from(other: Any, image: Any, factor: float) -> Any:
    """The image at `factor` = 1, the other one at 0, and beyond them: fractions are cut off."""
    if factor == 1.0:
        return image
    start = tf.cast(other, tf.float32)
    mixed = start + factor * (tf.cast(image, tf.float32) - start)
    return tf.cast(tf.clip_by_value(mixed, 0.0, 255.0), tf.uint8)


def _between_ends(length: Any) -> Any:
    places = tf.range(length)
    return (places > 0) & (places < length - 1)


def _equalized(channel: Any) -> Any:
    counts = tf.math.bincount(tf.reshape(channel, [-1]), minlength=_VALUES, maxlength=_VALUES)
    brightest = counts[tf.reduce_max(channel)]
    step = (tf.reduce_sum(counts) - brightest) // (_VALUES - 1)
    below = tf.cumsum(counts, exclusive=True)  # how many pixels are darker than each value
    table = tf.clip_by_value((below + step // 2) // tf.maximum(step, 1), 0, _VALUES - 1)
    return tf.where(step == 0, channel, tf.gather(table, channel))
