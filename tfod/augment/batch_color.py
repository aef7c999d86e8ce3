"""Brightness, contrast, saturation and hue of a whole batch of images: one matrix and one sum an image.

The steps of a pipeline.config (`tfod.augment.color`) go one by one, as the original's do; this is what training on
masks can afford for every batch.

Letters: `B` images of a batch, `h w` their size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod.augment.batch_draws import Draw

__all__ = ["Recolouring", "recolour"]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Recolouring:
    """How far colours are changed. Every image draws its own amounts, evenly from the ranges.

    Attributes:
      brightness: Added to all values, at most, as a share of the range.
      contrast: The most that differences from the image's mean grow or shrink, as a share.
      saturation: The same for differences from grey.
      hue: The most that colours turn, as a share of the colour circle.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    @property
    def colours(self) -> bool:
        """Whether colours change."""
        return bool(self.brightness or self.contrast or self.saturation or self.hue)


def recolour(images: Any, amounts: Recolouring, draw: Draw) -> Any:
    """Images float32 `[B, h, w, 3]` in [0, 1] with other colours, in [0, 1] too; `draw` decides which."""
    if not amounts.colours:
        return images

    def factor(most: float) -> Any:
        return tf.exp(draw.uniform(-1.0, 1.0) * math.log1p(most))[:, None, None]

    luma = tf.constant(_LUMA)[:, None]
    grey = tf.tile(luma, [1, 3])[None]  # a row of colours times it gives their luma three times
    colour = tf.eye(3)[None] - grey
    contrast, saturation = factor(amounts.contrast), factor(amounts.saturation)
    matrix = contrast * (grey + saturation * tf.matmul(colour, _turned_hue(draw, amounts.hue)))
    mean = tf.reduce_mean(images, [1, 2])[:, None, :]  # [B, 1, 3]
    grey_mean = tf.matmul(mean, grey)
    added = (1 - contrast) * grey_mean + draw.uniform(-1.0, 1.0)[:, None, None] * amounts.brightness
    shape = images.shape
    changed = tf.matmul(tf.reshape(images, [shape[0], -1, 3]), matrix) + added
    return tf.reshape(tf.clip_by_value(changed, 0.0, 1.0), shape)


def _turned_hue(draw: Draw, most: float) -> Any:
    """Rotations float32 `[B, 3, 3]` about the grey axis (Rodrigues' formula): grey stays."""
    angle = (draw.uniform(-1.0, 1.0) * most * 2 * math.pi)[:, None, None]
    third, root = 1 / 3, math.sqrt(1 / 3)
    across = tf.constant([[0, root, -root], [-root, 0, root], [root, -root, 0]])[None]
    return tf.cos(angle) * tf.eye(3)[None] + tf.sin(angle) * across + (1 - tf.cos(angle)) * third
