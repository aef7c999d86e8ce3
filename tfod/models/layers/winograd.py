"""Convolutions of 3x3 with a quarter of the multiplications (https://arxiv.org/abs/1509.09308), for inference on CPUs.

Letters: `B` images, `H W` pixels, `C` and `D` channels of inputs and outputs, `T` tiles of 4x4 outputs.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

__all__ = ["suits_winograd", "winograd_conv"]

_TILE, _SEEN = 4, 6  # outputs along a side of a tile, and the inputs that they see

# F(4, 3) of section 4: four outputs of a filter g over six inputs d are Aᵀ[(G g) ∘ (Bᵀ d)].
_INPUTS = np.array(
    [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
     [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]], np.float32,
)  # fmt: skip
_FILTER = np.array(
    [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
     [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]], np.float32,
)  # fmt: skip
_OUTPUTS = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32)

# With fewer, the passes over memory take longer than the multiplications that are saved; measured with oneDNN.
_FEWEST_CHANNELS = 512


def suits_winograd(layer: keras.layers.Conv2D) -> bool:
    """Whether `winograd_conv` computes what a layer does, and faster."""
    return (
        layer.kernel_size == (3, 3)
        and layer.strides == layer.dilation_rate == (1, 1)
        and layer.padding == "same"
        and layer.groups == 1
        and min(layer.kernel.shape[2:]) >= _FEWEST_CHANNELS
    )


def winograd_conv(features: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """A convolution of stride 1 with 'same' padding, to a few millionths of the largest output.

    Filter and inputs are transformed so that a tile's outputs come of 36 products a pair of channels instead of 144;
    with all tiles and channels together these are 36 multiplications of matrices.

    >>> features = tf.reshape(tf.range(25.0), [1, 5, 5, 1])
    >>> winograd_conv(features, tf.ones([3, 3, 1, 1]))[0, :2, :, 0].numpy().round(3).tolist()
    [[12.0, 21.0, 27.0, 33.0, 24.0], [33.0, 54.0, 63.0, 72.0, 51.0]]

    Args:
      features: float32 `[B, H, W, C]`.
      kernel: float32 `[3, 3, C, D]`.

    Returns:
      float32 `[B, H, W, D]`.
    """
    channels, outputs = kernel.shape[2:]
    batch, height, width = (features.shape[axis] or tf.shape(features)[axis] for axis in range(3))
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    if features.shape[1:3] == (_TILE, _TILE):  # regions, often: around the one tile there is nothing but zeros
        seen, inputs = features[:, :, tf.newaxis, :, tf.newaxis], _INPUTS[:, 1:-1]
    else:
        below, right = rows * _TILE + 1 - height, columns * _TILE + 1 - width
        seen, inputs = tf.pad(features, [[0, 0], [1, below], [1, right], [0, 0]]), _INPUTS
        for axis, count in ((1, rows), (3, columns)):  # [B, 6, rows, 6, columns, C]
            seen = tf.gather(seen, tf.range(_SEEN)[:, tf.newaxis] + _TILE * tf.range(count), axis=axis)
    tiles = _transformed(inputs, tf.transpose(seen, [1, 3, 0, 2, 4, 5]), [_SEEN**2, -1, channels])
    filters = _transformed(_FILTER, tf.convert_to_tensor(kernel), [_SEEN**2, channels, outputs])
    by_place = _transformed(_OUTPUTS, tf.matmul(tiles, filters), [_TILE, _TILE, batch, rows, columns, outputs])
    whole = tf.reshape(tf.transpose(by_place, [2, 3, 0, 4, 1, 5]), [batch, rows * _TILE, columns * _TILE, outputs])
    return tf.ensure_shape(whole[:, :height, :width], [*features.shape[:3], outputs])


def _transformed(matrix: NDArray[np.float32], values: tf.Tensor, shape: Sequence[int | tf.Tensor]) -> tf.Tensor:
    """Squares, row by row the first axes of `values`, with the matrix applied to rows and columns; of a new shape."""
    both = np.kron(matrix, matrix)
    return tf.reshape(tf.matmul(both, tf.reshape(values, [both.shape[1], -1])), shape)
