"""Augmentation of pictures and their masks alike, a whole batch at a time.

Flip, rotation, scale, shift and elastic deformation are one warp: each pixel of the crop is looked up once in its
window, bilinear in the picture, nearest in the mask. Colour is one matrix a picture.

Letters: `B` pictures of a batch, `h w` size of a crop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tfod.errors import ConfigError
from tfod.segmentation.classes import VOID
from tfod.segmentation.draws import Draw
from tfod.segmentation.pixels import Pixels

__all__ = ["PRESETS", "Augmentation", "augment_batch", "read_augmentation"]

_ELASTIC_GRID = 5  # points a side between which displacements are interpolated
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed. Every picture draws its own amounts, evenly from the ranges.

    Attributes:
      flip_horizontal: Whether half of the pictures are mirrored left to right.
      flip_vertical: Whether half of them are turned upside down.
      rotate: Degrees, at most, either way.
      scale: The most by which pictures grow, or shrink, as a share: 0.25 is from 1/1.25 to 1.25.
      stretch: The most by which width grows over height, or height over width, in the same way.
      shift: The most that they move, as a share of the crop.
      elastic: Standard deviation of the displacements of a grid of 5 x 5 points, as a share of the crop.
      geometric: The share of pictures that are rotated, scaled, shifted and deformed; the others keep their pixels.
      brightness: Added to all values, at most, as a share of the range.
      contrast: The most that differences from the picture's mean grow or shrink, as a share.
      saturation: The same for differences from grey.
      hue: The most that colours turn, as a share of the colour circle.
    """

    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotate: float = 0.0
    scale: float = 0.0
    stretch: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    geometric: float = 0.8
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    @property
    def warps(self) -> bool:
        """Whether pixels are looked up between others."""
        return bool(self.geometric and (self.rotate or self.scale or self.stretch or self.shift or self.elastic))

    @property
    def colours(self) -> bool:
        """Whether colours change."""
        return bool(self.brightness or self.contrast or self.saturation or self.hue)


PRESETS = {
    "off": Augmentation(),
    "light": Augmentation(
        flip_horizontal=True, rotate=10.0, scale=0.2, shift=0.05, brightness=0.1, contrast=0.2, saturation=0.2, hue=0.01
    ),
    "strong": Augmentation(
        flip_horizontal=True, rotate=25.0, scale=0.4, stretch=0.1, shift=0.1, elastic=0.02, brightness=0.2,
        contrast=0.4, saturation=0.4, hue=0.03,
    ),
}  # fmt: skip


def read_augmentation(text: str) -> Augmentation:
    """A preset, explicit settings, or both: `light`, `strong,flip_vertical=true`, `off,rotate=30`.

    >>> read_augmentation("off, rotate=30").rotate
    30.0

    Raises:
      ConfigError: a preset or a setting has another name, or a value is out of range.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    base = PRESETS["off"]
    if words and "=" not in words[0]:
        name = words.pop(0)
        if name not in PRESETS:
            raise ConfigError(f"there is no augmentation {name!r}", "--augment", f"choose {', '.join(PRESETS)}")
        base = PRESETS[name]
    known = {field.name for field in fields(Augmentation)}
    values: dict[str, Any] = {}
    for word in words:
        name, _, value = (part.strip() for part in word.partition("="))
        if name not in known:
            raise ConfigError(f"there is no setting {name!r}", "--augment", f"choose from {', '.join(sorted(known))}")
        values[name] = _value(name, value)
    return replace(base, **values)


def augment_batch(
    pixels: Pixels, corners: Any, augmentation: Augmentation, crop_size: tuple[int, int], draw: Draw
) -> tuple[Any, Any]:
    """Crops of pictures and masks, augmented.

    Args:
      pixels: The pairs of the batch.
      corners: int32 `[B, 2]`, row and column of each crop's upper left pixel in its picture, maybe outside.
      augmentation: What to do.
      crop_size: `h` and `w`.
      draw: Decides how much of it; the same numbers give the same crops.

    Returns:
      Pictures float32 `[B, h, w, 3]` in [0, 1], mirrored at their edges where a crop leaves them, and masks int32
      `[B, h, w]`, `VOID` there.
    """
    rows, columns = _places(augmentation, corners, crop_size, draw)
    look_up = _between if augmentation.warps else _exactly
    pictures, masks = look_up(pixels, rows, columns)
    return _recolour(pictures * (1 / 255), augmentation, draw), masks


def _places(augmentation: Augmentation, corners: Any, crop_size: tuple[int, int], draw: Draw) -> tuple[Any, Any]:
    """Where in its picture each pixel of a crop lies: rows and columns float32 `[B, h, w]`.

    Without a warp they are `[B, h, 1]` and `[B, 1, w]`.
    """
    height, width = crop_size
    middle = tf.cast(corners, tf.float32) + tf.constant([(height - 1) / 2, (width - 1) / 2])
    y = tf.range(height, dtype=tf.float32)[None, :, None] - (height - 1) / 2
    x = tf.range(width, dtype=tf.float32)[None, None, :] - (width - 1) / 2
    y = y * _each(draw.sign(augmentation.flip_vertical))
    x = x * _each(draw.sign(augmentation.flip_horizontal))
    if not augmentation.warps:
        return y + _each(middle[:, 0]), x + _each(middle[:, 1])
    changed = tf.cast(draw.uniform(0.0, 1.0) < augmentation.geometric, tf.float32)
    angle = changed * draw.uniform(-1.0, 1.0) * math.radians(augmentation.rotate)
    # Evenly in the logarithm, so that pictures shrink as often as they grow.
    zoom = tf.exp(-changed * draw.uniform(-1.0, 1.0) * math.log1p(augmentation.scale))
    stretch = tf.exp(changed * draw.uniform(-0.5, 0.5) * math.log1p(augmentation.stretch))
    shift = changed[:, None] * draw.uniform(-1.0, 1.0, [2]) * augmentation.shift * [float(height), float(width)]
    y, x = y * _each(stretch), x / _each(stretch)
    sine, cosine = _each(zoom * tf.sin(angle)), _each(zoom * tf.cos(angle))
    rows = cosine * y + sine * x + _each(middle[:, 0] + shift[:, 0])
    columns = cosine * x - sine * y + _each(middle[:, 1] + shift[:, 1])
    if augmentation.elastic:
        grid = draw.normal([2, _ELASTIC_GRID, _ELASTIC_GRID]) * changed[:, None, None, None] * augmentation.elastic
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


def _exactly(pixels: Pixels, rows: Any, columns: Any) -> tuple[Any, Any]:
    """Pictures float32 `[B, h, w, 3]` in 0..255 and masks int32 `[B, h, w]`, of places that are whole numbers."""
    (rows, row_inside), (columns, column_inside) = (
        _inside(rows, pixels.sizes[:, 0]),
        _inside(columns, pixels.sizes[:, 1]),
    )
    index = _each(pixels.starts) + tf.cast(rows, tf.int64) * _each(tf.cast(pixels.sizes[:, 1], tf.int64))
    found = tf.bitcast(tf.gather(pixels.values, index + tf.cast(columns, tf.int64)), tf.uint8)
    masks = tf.where(row_inside & column_inside, tf.cast(found[..., 3], tf.int32), VOID)
    return tf.cast(found[..., :3], tf.float32), masks


def _between(pixels: Pixels, rows: Any, columns: Any) -> tuple[Any, Any]:
    """The same for any places: bilinear in the picture, nearest in the mask."""
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
    masks = tf.where(row_inside & column_inside, tf.bitwise.right_shift(nearest, 24) & 255, VOID)
    upper, lower = (_mixed(corners[at], corners[at + 1], right) for at in (0, 2))
    return (upper + (lower - upper) * below[..., None])[..., :3], masks


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


def _recolour(pictures: Any, augmentation: Augmentation, draw: Draw) -> Any:
    """Brightness, contrast, saturation and hue of pictures in [0, 1], as one matrix and one sum a picture."""
    if not augmentation.colours:
        return pictures

    def factor(most: float) -> Any:
        return tf.exp(draw.uniform(-1.0, 1.0) * math.log1p(most))[:, None, None]

    luma = tf.constant(_LUMA)[:, None]
    grey = tf.tile(luma, [1, 3])[None]  # a row of colours times it gives their luma three times
    colour = tf.eye(3)[None] - grey
    contrast, saturation = factor(augmentation.contrast), factor(augmentation.saturation)
    matrix = contrast * (grey + saturation * tf.matmul(colour, _turned_hue(draw, augmentation.hue)))
    mean = tf.reduce_mean(pictures, [1, 2])[:, None, :]  # [B, 1, 3]
    grey_mean = tf.matmul(mean, grey)
    added = (1 - contrast) * grey_mean + draw.uniform(-1.0, 1.0)[:, None, None] * augmentation.brightness
    shape = pictures.shape
    changed = tf.matmul(tf.reshape(pictures, [shape[0], -1, 3]), matrix) + added
    return tf.reshape(tf.clip_by_value(changed, 0.0, 1.0), shape)


def _turned_hue(draw: Draw, most: float) -> Any:
    """Rotations float32 `[B, 3, 3]` about the grey axis (Rodrigues' formula): grey stays."""
    angle = (draw.uniform(-1.0, 1.0) * most * 2 * math.pi)[:, None, None]
    third, root = 1 / 3, math.sqrt(1 / 3)
    across = tf.constant([[0, root, -root], [-root, 0, root], [root, -root, 0]])[None]
    return tf.cos(angle) * tf.eye(3)[None] + tf.sin(angle) * across + (1 - tf.cos(angle)) * third


def _value(name: str, text: str) -> bool | float:
    if name.startswith("flip"):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"{name} is {text!r}", "--augment", f"write {name}=true or {name}=false")
        return text.lower() == "true"
    most = {"rotate": 180.0, "scale": 3.0, "stretch": 3.0, "geometric": 1.0, "hue": 0.5, "elastic": 0.2}.get(name, 1.0)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise ConfigError(f"{name} is {text!r}", "--augment", f"write a number from 0 to {most:g}")
    return value
