"""From the pixels of images to a network's input.

Letters: `B` images, `N` objects, `H W` their size, `h w` the size of the network's input.
"""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from tfod.models.resizer import ImageResizer

__all__ = ["ChannelMeans", "ChannelStatistics", "MinusOneToOne", "PixelNormalization", "Preprocess"]


class PixelNormalization(Protocol):
    """Brings pixel values to what a backbone was trained with, and back."""

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """Pixel values 0..255, float32 `[..., 3]`, as the backbone wants them."""

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """The inverse of `normalize`, float32 `[..., 3]`."""


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
    """The means of red, green and blue are subtracted; by default those of ImageNet's images."""

    means: tuple[float, float, float] = (123.68, 116.779, 103.939)

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return images - self.means

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return inputs + self.means


@dataclass(frozen=True)
class ChannelStatistics:
    """0..255 becomes 0..1, of which each channel's mean is subtracted; then divided by its deviation: ImageNet's."""

    means: tuple[float, float, float] = (0.485, 0.456, 0.406)
    deviations: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return (images / 255.0 - self.means) / self.deviations

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """See PixelNormalization."""
        return (inputs * self.deviations + self.means) * 255.0


@dataclass(frozen=True)
class Preprocess:
    """Resizes images, and normalises their pixels, in the order of the architecture.

    The order shows where images are padded: what is normalised first has zeros there, what is resized first has the
    normalised value of black.
    """

    resizer: ImageResizer
    pixels: PixelNormalization
    normalize_first: bool

    def __call__(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of images of one size, `[B, H, W, 3]`, uint8 or float32 in 0..255.

        Returns:
          The network's inputs, float32 `[B, h, w, 3]`, and their sizes without padding, int32 `[B, 3]`.
        """
        images = tf.cast(images, tf.float32)
        if self.normalize_first:
            return self.resizer.resize_batch(self.pixels.normalize(images))
        inputs, true_shapes = self.resizer.resize_batch(images)
        return self.pixels.normalize(inputs), true_shapes

    def image(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of one image `[H, W, 3]`, uint8 or float32 in 0..255: float32 `[h, w, 3]`, and int32 `[3]`."""
        inputs, true_shapes = self(image[tf.newaxis])
        return inputs[0], true_shapes[0]

    def masks(self, masks: tf.Tensor) -> tf.Tensor:
        """Of the masks of one image's objects, `[N, H, W]`: `[N, h, w]` of any one dtype; padding is 0."""
        return self.resizer.resize_masks(masks)

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """What the network sees, float32 `[..., 3]`, or `[..., 1]` of grey, as pixel values 0..255, to be shown.

        Returns:
          float32 `[..., 3]`.
        """
        shown = self.pixels.denormalize(inputs)
        return tf.repeat(shown, 3, axis=-1) if shown.shape[-1] == 1 else shown
