"""Bringing images to the size that a network wants.

Letters: `B` images, `N` objects, `H W` size before, `h w` size after, `D` channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import tensorflow as tf

from tfod.augment.resize import resize, rgb_to_gray

__all__ = ["ImageResizer", "Size"]

Size = tuple[int | tf.Tensor, int | tf.Tensor]
"""Height and width: numbers, or scalar int32 tensors."""


@dataclass(frozen=True)
class ImageResizer:
    """Brings images to the size that a model wants: a resize, then padding at the bottom and on the right.

    Made by `fixed_shape`, `keep_aspect_ratio`, `at_most`, `at_least`, `pad_to_multiple` or `identity`.

    Attributes:
        new_size: size before -> size after resizing; None: no resizing.
        padded_size: size after resizing -> size after padding; None: no padding.
        output_shape: height and width that come out, None where they depend on the image.
        method: one of `METHODS`.
        align_corners: see `resize`.
        pad_value: what is padded, a number a channel.
        grayscale: whether one channel comes out instead of three.
    """

    new_size: Callable[[Size], Size] | None = None
    padded_size: Callable[[Size], Size] | None = None
    output_shape: tuple[int | None, int | None] = (None, None)
    method: str = "bilinear"
    align_corners: bool = False
    pad_value: tuple[float, ...] = (0.0, 0.0, 0.0)
    grayscale: bool = False

    @property
    def channels(self) -> int:
        """How many channels come out."""
        return 1 if self.grayscale else 3

    def __call__(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Resizes one image `[H, W, 3]`, of any numeric dtype.

        Returns:
            float32 `[h, w, 3]` (`[h, w, 1]` if grayscale), and its size without padding, int32 `[3]`.
        """
        images, shapes = self.resize_batch(image[tf.newaxis])
        return images[0], shapes[0]

    def resize_batch(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Resizes images of one size, `[B, H, W, 3]`, of any numeric dtype.

        Returns:
            float32 `[B, h, w, 3]` (`[B, h, w, 1]` if grayscale), and their sizes without padding, int32 `[B, 3]`.
        """
        if self.new_size is not None:
            size = self.new_size(_size(images))
            images = resize(images, size, self.method, align_corners=self.align_corners)
        height, width = _size(images)
        if self.padded_size is not None:
            images = self._pad(images, self.padded_size((height, width)))
        if self.grayscale:
            images = rgb_to_gray(tf.cast(images, tf.float32))
        channels = images.shape[-1]
        images.set_shape([None, *self.output_shape, channels])
        shape = tf.stack([height, width, channels])
        return images, tf.tile(shape[tf.newaxis], [tf.shape(images)[0], 1])

    def resize_masks(self, masks: tf.Tensor) -> tf.Tensor:
        """Resizes the masks of an image's objects, `[N, H, W]`, of any numeric dtype, as the image is resized.

        Each pixel has the value of the nearest one, and padding is 0.

        Returns:
            `[N, h, w]` of the same dtype.
        """
        nearest = replace(self, method="nearest", pad_value=(0.0,), grayscale=False)
        return nearest.resize_batch(masks[..., tf.newaxis])[0][..., 0]

    def _pad(self, images: tf.Tensor, size: Size) -> tf.Tensor:
        height, width = _size(images)
        padding = [[0, 0], [0, size[0] - height], [0, size[1] - width]]
        if len(set(self.pad_value)) == 1:
            value = tf.cast(self.pad_value[0], images.dtype)
            return tf.pad(images, [*padding, [0, 0]], constant_values=value)
        values = (tf.cast(value, images.dtype) for value in self.pad_value)
        channels = zip(tf.unstack(images, axis=-1), values, strict=True)
        return tf.stack([tf.pad(channel, padding, constant_values=value) for channel, value in channels], -1)

    @classmethod
    def fixed_shape(cls, height: int, width: int, method: str = "bilinear", grayscale: bool = False) -> ImageResizer:
        """Always `height` x `width`; the aspect ratio changes."""
        return cls(lambda _: (height, width), None, (height, width), method, grayscale=grayscale)

    @classmethod
    def keep_aspect_ratio(
        cls,
        min_dimension: int,
        max_dimension: int,
        method: str = "bilinear",
        *,
        pad_to_max: bool = False,
        pad_value: Sequence[float] = (0.0, 0.0, 0.0),
        grayscale: bool = False,
    ) -> ImageResizer:
        """The shorter side becomes `min_dimension`, unless the longer would then exceed `max_dimension`.

        `pad_to_max` pads to a square of `max_dimension`.
        """
        square = (max_dimension, max_dimension)
        return cls(
            new_size=lambda size: _fit(size, min_dimension, max_dimension),
            padded_size=(lambda _: square) if pad_to_max else None,
            output_shape=square if pad_to_max else (None, None),
            method=method,
            pad_value=tuple(pad_value),
            grayscale=grayscale,
        )

    @classmethod
    def at_most(cls, size: int, method: str = "bilinear", grayscale: bool = False) -> ImageResizer:
        """Images whose longer side exceeds `size` are shrunk to it, in proportion."""

        def target(before: Size) -> Size:
            longer = tf.maximum(before[0], before[1])
            return _scale(before, tf.minimum(longer, size), longer)

        return cls(target, method=method, align_corners=True, grayscale=grayscale)

    @classmethod
    def at_least(cls, size: int, method: str = "bilinear", grayscale: bool = False) -> ImageResizer:
        """Images whose shorter side falls short of `size` are enlarged to it, in proportion."""

        def target(before: Size) -> Size:
            shorter = tf.minimum(before[0], before[1])
            return _scale(before, tf.maximum(shorter, size), shorter)

        return cls(target, method=method, align_corners=True, grayscale=grayscale)

    @classmethod
    def pad_to_multiple(cls, multiple: int, grayscale: bool = False) -> ImageResizer:
        """No resizing; zeros at the bottom and on the right until both sides are multiples of `multiple`."""

        def padded(size: Size) -> Size:
            return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple

        return cls(padded_size=padded, grayscale=grayscale)

    @classmethod
    def identity(cls) -> ImageResizer:
        """Images stay as they are."""
        return cls()


def _size(images: tf.Tensor) -> Size:
    static, dynamic = images.shape, tf.shape(images)
    height, width = (dynamic[axis] if static[axis] is None else static[axis] for axis in (1, 2))
    return height, width


def _fit(size: Size, min_dimension: int, max_dimension: int) -> Size:
    """The largest size of the same aspect ratio in a `min_dimension` x `max_dimension` box turned like it."""
    height, width = (tf.cast(side, tf.float32) for side in size)
    landscape = height < width
    box_height = tf.where(landscape, float(min_dimension), float(max_dimension))
    box_width = tf.where(landscape, float(max_dimension), float(min_dimension))
    scale = tf.minimum(box_height / height, box_width / width)
    return tf.cast(tf.round(scale * height), tf.int32), tf.cast(tf.round(scale * width), tf.int32)


def _scale(size: Size, target: tf.Tensor, side: tf.Tensor) -> Size:
    """`size` times `target / side` in float32, fractions cut off, at least 1."""
    ratio = tf.cast(target, tf.float32) / tf.cast(side, tf.float32)
    height, width = (tf.maximum(tf.cast(tf.cast(value, tf.float32) * ratio, tf.int32), 1) for value in size)
    return height, width
