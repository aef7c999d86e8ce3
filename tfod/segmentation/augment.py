"""Augmentation of pictures and their masks alike, a whole batch at a time.

Flip, rotation, scale, shift and elastic deformation are one warp: each pixel of the crop is looked up once in its
window, bilinear in the picture, nearest in the mask. Colour is one matrix a picture.

Letters: `B` pictures of a batch, `h w` size of a crop, `H W` of its window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.segmentation.classes import VOID

__all__ = ["PRESETS", "Augmentation", "augment_batch", "margin_of", "read_augmentation"]

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


def margin_of(augmentation: Augmentation, crop_size: tuple[int, int]) -> int:
    """Pixels around a crop that the warp may draw from, for the greatest rotation and the smallest scale."""
    if not augmentation.warps:
        return 0
    angle = math.radians(min(augmentation.rotate, 45.0))
    reach = (math.cos(angle) + math.sin(angle)) * (1 + augmentation.scale) * math.sqrt(1 + augmentation.stretch)
    reach += 2 * augmentation.shift + 4 * augmentation.elastic
    return max(math.ceil((reach - 1) / 2 * max(crop_size)), 1)


def augment_batch(windows: Any, augmentation: Augmentation, crop_size: tuple[int, int], seed: Any) -> tuple[Any, Any]:
    """Crops from windows.

    Args:
      windows: uint8 `[B, H, W, 4]`, red, green, blue and class id; the crop with `margin_of` around it.
      augmentation: What to do.
      crop_size: `h` and `w`.
      seed: int64 `[2]`; the same seed gives the same crops.

    Returns:
      Pictures float32 `[B, h, w, 3]` in [0, 1] and masks int32 `[B, h, w]`, `VOID` where a crop leaves its picture.
    """
    draw = _Draw(seed, windows.shape[0])
    if augmentation.warps:
        rows, columns = _places(augmentation, crop_size, windows.shape[1:3], draw)
        pictures, masks = _look_up(windows, rows, columns)
    else:
        flipped = _flip(windows, augmentation, draw)
        pictures, masks = tf.cast(flipped[..., :3], tf.float32), tf.cast(flipped[..., 3], tf.int32)
    return _recolour(pictures * (1 / 255), augmentation, draw), masks


class _Draw:
    """Random numbers, a new set of them with each call."""

    def __init__(self, seed: Any, count: int) -> None:
        self._seed = tf.cast(seed, tf.int64)
        self._count = count
        self._calls = 0

    def uniform(self, low: float, high: float) -> Any:
        """float32 `[B]`."""
        return tf.random.stateless_uniform([self._count], self._next(), low, high)

    def normal(self, shape: list[int]) -> Any:
        """float32 `[B, *shape]`, standard normal."""
        return tf.random.stateless_normal([self._count, *shape], self._next())

    def sign(self, wanted: bool) -> Any:
        """float32 `[B]`, 1 or, if wanted, as often -1."""
        return tf.sign(self.uniform(-1.0, 1.0) + 1e-9) if wanted else tf.ones([self._count])

    def _next(self) -> Any:
        self._calls += 1
        return self._seed + tf.constant([0, self._calls << 32], tf.int64)


def _flip(windows: Any, augmentation: Augmentation, draw: _Draw) -> Any:
    for axis, wanted in ((2, augmentation.flip_horizontal), (1, augmentation.flip_vertical)):
        if wanted:
            mirrored = (draw.sign(wanted) < 0)[:, None, None, None]
            windows = tf.where(mirrored, tf.reverse(windows, [axis]), windows)
    return windows


def _places(
    augmentation: Augmentation, crop_size: tuple[int, int], window_size: tuple[int, int], draw: _Draw
) -> tuple[Any, Any]:
    """Where in its window each pixel of a crop lies: rows and columns float32 `[B, h, w]`."""
    height, width = crop_size
    changed = tf.cast(draw.uniform(0.0, 1.0) < augmentation.geometric, tf.float32)
    angle = changed * draw.uniform(-1.0, 1.0) * math.radians(augmentation.rotate)
    # Evenly in the logarithm, so that pictures shrink as often as they grow.
    zoom = tf.exp(-changed * draw.uniform(-1.0, 1.0) * math.log1p(augmentation.scale))
    stretch = tf.exp(changed * draw.uniform(-0.5, 0.5) * math.log1p(augmentation.stretch))[:, None, None]
    down = changed * draw.uniform(-1.0, 1.0) * augmentation.shift * height
    right = changed * draw.uniform(-1.0, 1.0) * augmentation.shift * width
    mirror, turn = draw.sign(augmentation.flip_horizontal), draw.sign(augmentation.flip_vertical)
    y = tf.range(height, dtype=tf.float32)[None, :, None] - (height - 1) / 2
    x = tf.range(width, dtype=tf.float32)[None, None, :] - (width - 1) / 2
    y, x = y * turn[:, None, None] * stretch, x * mirror[:, None, None] / stretch
    sine, cosine = (zoom * tf.sin(angle))[:, None, None], (zoom * tf.cos(angle))[:, None, None]
    rows = cosine * y + sine * x + (down[:, None, None] + (window_size[0] - 1) / 2)
    columns = cosine * x - sine * y + (right[:, None, None] + (window_size[1] - 1) / 2)
    if augmentation.elastic:
        grid = draw.normal([_ELASTIC_GRID, _ELASTIC_GRID, 2]) * changed[:, None, None, None]
        field = tf.image.resize(grid * augmentation.elastic * [height, width], crop_size, "bicubic")
        rows, columns = rows + field[..., 0], columns + field[..., 1]
    return rows, columns


def _look_up(windows: Any, rows: Any, columns: Any) -> tuple[Any, Any]:
    """Pictures float32 `[B, h, w, 3]` in 0..255, bilinear, and masks int32 `[B, h, w]`, nearest."""
    count, height, width, _ = windows.shape
    # The four bytes of a pixel are gathered as one number: a lookup costs as much for one channel as for four.
    pixels = tf.reshape(tf.bitcast(windows, tf.int32), [-1])
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    rows = tf.clip_by_value(rows, 0.0, height - 1.001)
    columns = tf.clip_by_value(columns, 0.0, width - 1.001)
    top, left = tf.floor(rows), tf.floor(columns)
    below, right = (rows - top)[..., None], (columns - left)[..., None]
    first = tf.range(count)[:, None, None] * (height * width) + tf.cast(top, tf.int32) * width + tf.cast(left, tf.int32)

    def at(offset: Any) -> Any:
        return tf.bitcast(tf.gather(pixels, first + offset), tf.uint8)

    corners = [tf.cast(at(offset), tf.float32) for offset in (0, 1, width, width + 1)]
    upper = corners[0] + (corners[1] - corners[0]) * right
    lower = corners[2] + (corners[3] - corners[2]) * right
    pictures = (upper + (lower - upper) * below)[..., :3]
    nearest = tf.cast(below[..., 0] >= 0.5, tf.int32) * width + tf.cast(right[..., 0] >= 0.5, tf.int32)
    return pictures, tf.where(inside, tf.cast(at(nearest)[..., 3], tf.int32), VOID)


def _recolour(pictures: Any, augmentation: Augmentation, draw: _Draw) -> Any:
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


def _turned_hue(draw: _Draw, most: float) -> Any:
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
