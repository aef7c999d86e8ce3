"""Resizing with the kernels that the zoo's models were trained with, and pipeline.config's image resizers.

Those kernels are TensorFlow 1's: a target pixel at `y` samples the source at `y * H / h`, with neither
half-pixel centres nor antialiasing. `tf.image.resize` samples elsewhere and would move every detection a bit.

Letters: `B` images, `H W` size before, `h w` size after, `D` channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.protos import image_resizer_pb2

__all__ = ["METHODS", "ImageResizer", "resize", "rgb_to_gray"]

METHODS = ("bilinear", "nearest", "bicubic", "area")
"""The ways to resize, in the order of the enum `ResizeType` of image_resizer.proto."""

_KERNELS = {
    "bilinear": tf.raw_ops.ResizeBilinear,
    "nearest": tf.raw_ops.ResizeNearestNeighbor,
    "bicubic": tf.raw_ops.ResizeBicubic,
    "area": tf.raw_ops.ResizeArea,
}

Size = tuple[Any, Any]
"""Height and width: numbers, or scalar int32 tensors."""


def resize(images: Any, size: Any, method: str = "bilinear", *, align_corners: bool = False) -> Any:
    """Resizes one image or a batch as TensorFlow 1 did.

    >>> resize([[[0.0], [1.0], [2.0], [3.0]]], (1, 8))[0, :, 0].numpy().tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]

    Args:
        images: `[H, W, D]` or `[B, H, W, D]`, any numeric dtype.
        size: `(h, w)`, numbers or a tensor int32 `[2]`.
        method: one of `METHODS`.
        align_corners: whether the corners of source and target are the same points.

    Returns:
        `[h, w, D]` or `[B, h, w, D]`: float32, but "nearest" keeps the dtype.
    """
    images = tf.convert_to_tensor(images)
    batch = images if images.shape.rank == 4 else images[tf.newaxis]
    resized = _KERNELS[method](images=batch, size=size, align_corners=align_corners)
    return resized if images.shape.rank == 4 else resized[0]


def rgb_to_gray(images: Any) -> Any:
    """Brightness as the eye weighs colours (ITU-R 601): float32 `[..., 3]` to float32 `[..., 1]`."""
    return tf.reduce_sum(images * tf.constant([0.2989, 0.5870, 0.1140]), axis=-1, keepdims=True)


@dataclass(frozen=True)
class ImageResizer:
    """Brings images to the size that a model wants: a resize, then padding at the bottom and on the right.

    Made by `fixed_shape`, `keep_aspect_ratio`, `at_most`, `at_least`, `pad_to_multiple`, `identity`, or by
    `from_config`.

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

    def __call__(self, image: Any) -> tuple[Any, Any]:
        """Resizes one image `[H, W, 3]`.

        Returns:
            `[h, w, 3]` (`[h, w, 1]` if grayscale), and its size without padding, int32 `[3]`.
        """
        images, shapes = self.resize_batch(image[tf.newaxis])
        return images[0], shapes[0]

    def resize_batch(self, images: Any) -> tuple[Any, Any]:
        """Resizes images of one size, `[B, H, W, 3]`.

        Returns:
            `[B, h, w, 3]` (`[B, h, w, 1]` if grayscale), and their sizes without padding, int32 `[B, 3]`.
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

    def _pad(self, images: Any, size: Size) -> Any:
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

    @classmethod
    def from_config(cls, config: image_resizer_pb2.ImageResizer) -> ImageResizer:
        """Makes what the message `ImageResizer` of a pipeline.config asks for.

        Raises:
            ConfigError: no resizer is chosen, or its numbers contradict each other.
        """
        kind = config.WhichOneof("image_resizer_oneof")
        if kind not in _FROM_CONFIG:
            raise ConfigError("no image resizer is chosen", "image_resizer", f"set one of {', '.join(_FROM_CONFIG)}")
        return _FROM_CONFIG[kind](getattr(config, kind))


def _size(images: Any) -> Size:
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


def _scale(size: Size, target: Any, side: Any) -> Size:
    """`size` times `target / side` in float32, fractions cut off."""
    ratio = tf.cast(target, tf.float32) / tf.cast(side, tf.float32)
    height, width = (tf.cast(tf.cast(value, tf.float32) * ratio, tf.int32) for value in size)
    return height, width


def _keep_aspect_ratio_from_config(config: image_resizer_pb2.KeepAspectRatioResizer) -> ImageResizer:
    where = "keep_aspect_ratio_resizer"
    if config.min_dimension > config.max_dimension:
        raise ConfigError(
            f"min_dimension {config.min_dimension} exceeds max_dimension {config.max_dimension}",
            where,
            "min_dimension is for the shorter side: make it the smaller number",
        )
    pad_value = tuple(config.per_channel_pad_value) or (0.0, 0.0, 0.0)
    if len(pad_value) != 3:
        what = f"per_channel_pad_value has {len(pad_value)} values"
        raise ConfigError(what, where, "give three, for R, G and B")
    return ImageResizer.keep_aspect_ratio(
        config.min_dimension,
        config.max_dimension,
        METHODS[config.resize_method],
        pad_to_max=config.pad_to_max_dimension,
        pad_value=pad_value,
        grayscale=config.convert_to_grayscale,
    )


def _fixed_shape_from_config(config: image_resizer_pb2.FixedShapeResizer) -> ImageResizer:
    if config.height < 1 or config.width < 1:
        what = f"height {config.height} and width {config.width} are no size"
        raise ConfigError(what, "fixed_shape_resizer", "set both to at least 1")
    method = METHODS[config.resize_method]
    return ImageResizer.fixed_shape(config.height, config.width, method, config.convert_to_grayscale)


def _conditional_shape_from_config(config: image_resizer_pb2.ConditionalShapeResizer) -> ImageResizer:
    makers = {config.GREATER: ImageResizer.at_most, config.SMALLER: ImageResizer.at_least}
    if config.condition not in makers:
        raise ConfigError("condition INVALID", "conditional_shape_resizer", "set GREATER or SMALLER")
    make = makers[config.condition]
    return make(config.size_threshold, METHODS[config.resize_method], config.convert_to_grayscale)


def _pad_to_multiple_from_config(config: image_resizer_pb2.PadToMultipleResizer) -> ImageResizer:
    if config.multiple < 1:
        raise ConfigError(f"multiple {config.multiple}", "pad_to_multiple_resizer", "set it to at least 1")
    return ImageResizer.pad_to_multiple(config.multiple, config.convert_to_grayscale)


_FROM_CONFIG: dict[str, Callable[[Any], ImageResizer]] = {
    "fixed_shape_resizer": _fixed_shape_from_config,
    "keep_aspect_ratio_resizer": _keep_aspect_ratio_from_config,
    "conditional_shape_resizer": _conditional_shape_from_config,
    "pad_to_multiple_resizer": _pad_to_multiple_from_config,
    "identity_resizer": lambda _: ImageResizer.identity(),
}
