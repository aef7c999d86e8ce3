"""What both MobileNets share."""

from collections.abc import Callable
from typing import Literal

import tensorflow as tf
import tf_keras as keras

from tfod.models.hyperparameters import BatchNorm, ConvHyperparameters, L2Regularizer

__all__ = ["Padding", "divisible", "mobilenet_defaults", "padded"]

Padding = Literal["same", "explicit"]
"""How a convolution comes to the zeros beyond the border: as TensorFlow's 'same', whose zeros at an even side with
stride 2 are all below and to the right, or an equal number on all sides (`use_explicit_padding`)."""


def padded(
    padding: Padding, kernel_size: int, make: Callable[[str], keras.layers.Layer]
) -> tuple[keras.layers.Layer, ...]:
    """A convolution, made by `make` from Keras' name of a padding, with the zeros before it that it needs."""
    if padding == "same":
        return (make("same"),)
    before = (kernel_size - 1) // 2
    sides = (before, kernel_size - 1 - before)
    return keras.layers.ZeroPadding2D((sides, sides)), make("valid")


def divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, but never less than 90 % of `channels`."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def mobilenet_defaults(*, freeze_batch_norm: bool) -> ConvHyperparameters:
    """The networks' own hyperparameters, used where a config does not override them."""
    return ConvHyperparameters(
        make_initializer=lambda: keras.initializers.TruncatedNormal(stddev=0.09),
        regularizer=L2Regularizer(4e-5),
        batch_norm=BatchNorm(decay=0.9997, epsilon=1e-3, scale=True, frozen=freeze_batch_norm),
        activation=tf.nn.relu6,
    )
