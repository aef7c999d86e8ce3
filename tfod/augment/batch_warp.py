"""Flip, rotation, scale, shift and elastic deformation of images and their masks alike, a whole batch at a time.

They are one warp: each pixel of a crop is looked up once in its image, bilinear in the colours, nearest in the mask.

Letters: `B` images of a batch, `P` pixels of all of them, `h w` size of a crop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfod.augment.batch_draws import Draw

__all__ = ["Pixels", "Warp", "cut_crops"]

_ELASTIC_GRID = 5  # points a side between which displacements are interpolated


class Pixels(NamedTuple):
    """Images one after the other: `values` int32 `[P]` holds red, green, blue and class id in its four bytes, row after
    row; image i begins at `starts[i]` (int64) and has height and width `sizes[i]` (int32)."""

    values: Any
    starts: Any
    sizes: Any


@dataclass(frozen=True)
class Warp:
    """How far images are moved. Every image draws its own amounts, evenly from the ranges.

    Attributes:
      flip_horizontal: Whether half of the images are mirrored left to right.
      flip_vertical: Whether half of them are turned upside down.
      rotate: Degrees, at most, either way.
      scale: The most by which images grow, or shrink, as a share: 0.25 is from 1/1.25 to 1.25.
      stretch: The most by which width grows over height, or height over width, in the same way.
      shift: The most that they move, as a share of the crop.
      elastic: Standard deviation of the displacements of a grid of 5 x 5 points, as a share of the crop.
      geometric: The share of images that are rotated, scaled, shifted and deformed; the others keep their pixels.
    """

    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotate: float = 0.0
    scale: float = 0.0
    stretch: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    geometric: float = 0.8

    @property
    def warps(self) -> bool:
        """Whether pixels are looked up between others."""
        return bool(self.geometric and (self.rotate or self.scale or self.stretch or self.shift or self.elastic))


def cut_crops(
    pixels: Pixels, corners: Any, warp: Warp, crop_size: tuple[int, int], draw: Draw, *, void: int
) -> tuple[Any, Any]:
    """Crops of images and masks, warped.

    Args:
      pixels: The images of the batch.
      corners: int32 `[B, 2]`, row and column of each crop's upper left pixel in its image, maybe outside.
      warp: What to do.
      crop_size: `h` and `w`.
      draw: Decides how much of it; the same numbers give the same crops.
      void: What masks are where a crop leaves its image.

    Returns:
      Images float32 `[B, h, w, 3]` in 0..255, mirrored at their edges where a crop leaves them, and masks int32
      `[B, h, w]`.
    """
    rows, columns = _places(warp, corners, crop_size, draw)
    look_up = _between if warp.warps else _exactly
    images, masks, inside = look_up(pixels, rows, columns)
    return images, tf.where(inside, masks, void)


def _places(warp: Warp, corners: Any, crop_size: tuple[int, int], draw: Draw) -> tuple[Any, Any]:
    """Where in its image each pixel of a crop lies: rows and columns float32 `[B, h, w]`.

    Without a warp they are `[B, h, 1]` and `[B, 1, w]`.
    """
    height, width = crop_size
    middle = tf.cast(corners, tf.float32) + tf.constant([(height - 1) / 2, (width - 1) / 2])
    y = tf.range(height, dtype=tf.float32)[None, :, None] - (height - 1) / 2
    x = tf.range(width, dtype=tf.float32)[None, None, :] - (width - 1) / 2
    y = y * _each(draw.sign(warp.flip_vertical))
    x = x * _each(draw.sign(warp.flip_horizontal))
    if not warp.warps:
        return y + _each(middle[:, 0]), x + _each(middle[:, 1])
    changed = tf.cast(draw.uniform(0.0, 1.0) < warp.geometric, tf.float32)
    angle = changed * draw.uniform(-1.0, 1.0) * math.radians(warp.rotate)
    # Evenly in the logarithm, so that images shrink as often as they grow.
    zoom = tf.exp(-changed * draw.uniform(-1.0, 1.0) * math.log1p(warp.scale))
    stretch = tf.exp(changed * draw.uniform(-0.5, 0.5) * math.log1p(warp.stretch))
    shift = changed[:, None] * draw.uniform(-1.0, 1.0, [2]) * warp.shift * [float(height), float(width)]
    y, x = y * _each(stretch), x / _each(stretch)
    sine, cosine = _each(zoom * tf.sin(angle)), _each(zoom * tf.cos(angle))
    rows = cosine * y + sine * x + _each(middle[:, 0] + shift[:, 0])
    columns = cosine * x - sine * y + _each(middle[:, 1] + shift[:, 1])
    if warp.elastic:
        grid = draw.normal([2, _ELASTIC_GRID, _ELASTIC_GRID]) * changed[:, None, None, None] * warp.elastic
        field = tf.matmul(tf.matmul(_spline(height), grid), _spline(width), transpose_b=True)  # [B, 2, h, w]
        rows, columns = rows + field[:, 0] * height, columns + field[:, 1] * width
    return rows, columns


def _spline(size: int) -> Any:
    """float32 `[size, _ELASTIC_GRID]`: what times the values at evenly spaced points gives a smooth curve through them
    (R. Keys, "Cubic Convolution Interpolation", 1981), constant beyond the ends."""
    distance = np.linspace(0, _ELASTIC_GRID - 1, size)[:, None] - np.arange(-1, _ELASTIC_GRID + 1)
    away = np.abs(distance)
    near, far = 1.5 * away**3 - 2.5 * away**2 + 1, -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0.0))
    weights[:, 1] += weights[:, 0]
    weights[:, -2] += weights[:, -1]
    return tf.constant(weights[:, 1:-1], tf.float32)


def _exactly(pixels: Pixels, rows: Any, columns: Any) -> tuple[Any, Any, Any]:
    """Images float32 `[B, h, w, 3]` in 0..255 and masks int32 `[B, h, w]`, of places that are whole numbers; and bool
    `[B, h, w]`: which of these lie in the image."""
    (rows, row_inside), (columns, column_inside) = (
        _inside(rows, pixels.sizes[:, 0]),
        _inside(columns, pixels.sizes[:, 1]),
    )
    index = _each(pixels.starts) + tf.cast(rows, tf.int64) * _each(tf.cast(pixels.sizes[:, 1], tf.int64))
    found = tf.bitcast(tf.gather(pixels.values, index + tf.cast(columns, tf.int64)), tf.uint8)
    return tf.cast(found[..., :3], tf.float32), tf.cast(found[..., 3], tf.int32), row_inside & column_inside


def _between(pixels: Pixels, rows: Any, columns: Any) -> tuple[Any, Any, Any]:
    """The same for any places: bilinear in the image, nearest in the mask."""
    heights, widths = pixels.sizes[:, 0], pixels.sizes[:, 1]
    (rows, row_inside), (columns, column_inside) = _inside(rows, heights), _inside(columns, widths)
    top, below, down = _neighbours(rows, heights)
    left, right, aside = _neighbours(columns, widths)
    first = _each(pixels.starts) + tf.cast(top * _each(widths) + left, tf.int64)
    down, aside = tf.cast(down * widths, tf.int64), tf.cast(aside, tf.int64)
    # The four bytes of a pixel are gathered as one number: a lookup costs as much for one channel as for four.
    corners = [tf.gather(pixels.values, first + _each(offset)) for offset in (0 * aside, aside, down, down + aside)]
    nearest = tf.where(
        below < 0.5, tf.where(right < 0.5, corners[0], corners[1]), tf.where(right < 0.5, corners[2], corners[3])
    )
    masks = tf.bitwise.right_shift(nearest, 24) & 255
    upper, lower = (_mixed(corners[at], corners[at + 1], right) for at in (0, 2))
    return (upper + (lower - upper) * below[..., None])[..., :3], masks, row_inside & column_inside


def _inside(places: Any, sizes: Any) -> tuple[Any, Any]:
    """Places in a row of pixels continued by its mirror image, brought into it, and which of them were in it."""
    last = _each(tf.cast(sizes - 1, tf.float32))
    mirrored = last - tf.abs(last - tf.abs(places))
    return tf.clip_by_value(mirrored, 0.0, last), (places >= -0.5) & (places <= last + 0.5)


def _neighbours(places: Any, sizes: Any) -> tuple[Any, Any, Any]:
    """The whole number before each place, how far the place lies behind it, and the step `[B]` to the next pixel."""
    before = tf.minimum(tf.floor(places), _each(tf.cast(tf.maximum(sizes - 2, 0), tf.float32)))
    return tf.cast(before, tf.int32), places - before, tf.cast(sizes > 1, tf.int32)


def _mixed(one: Any, other: Any, share: Any) -> Any:
    """Pixels between two: float32 `[B, h, w, 4]`."""
    one, other = (tf.cast(tf.bitcast(packed, tf.uint8), tf.float32) for packed in (one, other))
    return one + (other - one) * share[..., None]


def _each(values: Any) -> Any:
    """`[B]` as `[B, 1, 1]`."""
    return tf.reshape(values, [-1, 1, 1])
