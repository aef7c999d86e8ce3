"""The zeros beyond the border of features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf
import tf_keras as keras

from tfod.errors import ConfigError

__all__ = ["Fit", "Padding", "padded"]

Padding = Literal["same", "explicit"]
"""Where a convolution's zeros lie: as TensorFlow's 'same', which puts those of an even side with stride 2 below and to
the right, or an equal number on all sides (`use_explicit_padding`)."""


def padded(
    padding: Padding, kernel_size: int, make: Callable[[str], keras.layers.Layer]
) -> tuple[keras.layers.Layer, ...]:
    """A convolution, made by `make` from Keras' name of a padding, with the layer of zeros before it that it needs."""
    if padding == "same":
        return (make("same"),)
    before = (kernel_size - 1) // 2
    sides = (before, kernel_size - 1 - before)
    return keras.layers.ZeroPadding2D((sides, sides)), make("valid")


@dataclass(frozen=True)
class Fit:
    """Makes the sides of a network's inputs ones that it can halve.

    Args:
      minimum_side: Images of fewer pixels along a side are refused: nothing would be left of them at the end.
      multiple: To a multiple of how many pixels sides are padded.
    """

    minimum_side: int = 33
    multiple: int = 1

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Inputs float32 `[B, h, w, 3]` with zeros below and to the right. Raises ConfigError for small ones."""
        sides = inputs.shape[1:3]
        if any(side is not None and side < self.minimum_side for side in sides):
            raise ConfigError(
                f"images of {' x '.join(map(str, sides))} pixels are too small for this network",
                "the model's image_resizer",
                f"let both sides be {self.minimum_side} or more",
            )
        if self.multiple <= 1:
            return inputs
        missing = -tf.shape(inputs)[1:3] % self.multiple
        padded = tf.pad(inputs, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])
        full = [None if side is None else side + -side % self.multiple for side in sides]
        return tf.ensure_shape(padded, [inputs.shape[0], *full, inputs.shape[3]])
