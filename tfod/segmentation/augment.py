"""Augmentation of pictures and their masks alike, a whole batch at a time: the settings, and their presets.

Letters: `B` pictures of a batch, `h w` size of a crop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from tfod.augment.batch_color import Recolouring, recolour
from tfod.augment.batch_draws import Draw
from tfod.augment.batch_warp import Pixels, Warp, cut_crops
from tfod.errors import ConfigError
from tfod.segmentation.classes import VOID

__all__ = ["PRESETS", "Augmentation", "augment_batch", "read_augmentation"]


@dataclass(frozen=True)
class Augmentation(Recolouring, Warp):
    """How far pictures are changed: the settings of both."""


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
    """Crops of pictures and masks, augmented: as `cut_crops` gives them, but the pictures in [0, 1], recoloured.

    Args:
      pixels: The pairs of the batch.
      corners: int32 `[B, 2]`, row and column of each crop's upper left pixel in its picture, maybe outside.
      augmentation: What to do.
      crop_size: `h` and `w`.
      draw: Decides how much of it; the same numbers give the same crops.

    Returns:
      Pictures float32 `[B, h, w, 3]` and masks int32 `[B, h, w]`, `VOID` where a crop leaves its picture.
    """
    pictures, masks = cut_crops(pixels, corners, augmentation, crop_size, draw, void=VOID)
    return recolour(pictures * (1 / 255), augmentation, draw), masks


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
