"""Resizing with the kernels that the zoo's models were trained with.

Those kernels are TensorFlow 1's: a target pixel at `y` samples the source at `y * H / h`, with neither
half-pixel centres nor antialiasing. `tf.image.resize` samples elsewhere and would move every detection a bit.

Letters: `B` images, `H W` size before, `h w` size after, `D` channels.
"""

from typing import Any

import tensorflow as tf

__all__ = ["METHODS", "resize", "rgb_to_gray"]

METHODS = ("bilinear", "nearest", "bicubic", "area")
"""The ways to resize, in the order of the enum `ResizeType` of image_resizer.proto."""

_KERNELS = {
    "bilinear": tf.raw_ops.ResizeBilinear,
    "nearest": tf.raw_ops.ResizeNearestNeighbor,
    "bicubic": tf.raw_ops.ResizeBicubic,
    "area": tf.raw_ops.ResizeArea,
}


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
