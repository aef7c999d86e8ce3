"""How backbones want pixel values."""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

__all__ = ["ChannelMeans", "MinusOneToOne", "PixelNormalization"]


class PixelNormalization(Protocol):
    """Brings pixel values 0..255 of `[..., 3]` to what a backbone was trained with, and back."""

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """Pixel values 0..255, float32, as the backbone wants them."""

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """The inverse of `normalize`."""


@dataclass(frozen=True)
class MinusOneToOne:
    """0..255 becomes -1..1."""

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return (2.0 / 255.0) * images - 1.0

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return (inputs + 1.0) * (255.0 / 2.0)


@dataclass(frozen=True)
class ChannelMeans:
    """The means of red, green and blue are subtracted; by default those of the pictures of ImageNet."""

    means: tuple[float, float, float] = (123.68, 116.779, 103.939)

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return images - self.means

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return inputs + self.means
