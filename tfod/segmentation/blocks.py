"""The blocks that a U-Net is built of."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.sequential import Sequential

__all__ = ["AttentionGate", "ConvSettings", "Norm", "Up", "UpSampling"]

Norm = Literal["batch", "group", "none"]
Up = Literal["transpose", "resize"]

# Statistics of the last few dozen batches: a run may have only some hundred.
_BATCH_NORM_MOMENTUM = 0.95
_CHANNELS_A_GROUP = 8


@dataclass(frozen=True)
class ConvSettings:
    """What all 3x3 convolutions of a U-Net have in common.

    Attributes:
      norm: Normalisation after each: over the batch, over groups of 8 channels of each picture (Wu and He, "Group
        Normalization", 2018; the same whatever the batch is), or none.
      dropout: The share of channels' values that training drops after a block, in [0, 1).
    """

    norm: Norm = "batch"
    dropout: float = 0.0

    def block(self, filters: int, *, convolutions: int = 2) -> Sequential:
        """Convolution, normalisation and ReLU, twice; keeps height and width."""
        layers: list[keras.layers.Layer] = []
        for _ in range(convolutions):
            layers += [self.conv(filters, 3), *self._norm(filters), keras.layers.Activation("relu")]
        if self.dropout:
            layers.append(keras.layers.Dropout(self.dropout))
        return Sequential(layers)

    def conv(self, filters: int, kernel_size: int) -> keras.layers.Conv2D:
        """One convolution; without a bias where the normalisation has one."""
        return keras.layers.Conv2D(
            filters, kernel_size, padding="same", use_bias=self.norm == "none", kernel_initializer="he_normal"
        )

    def _norm(self, filters: int) -> list[keras.layers.Layer]:
        if self.norm == "batch":
            return [keras.layers.BatchNormalization(momentum=_BATCH_NORM_MOMENTUM)]
        if self.norm == "group":
            groups = next(g for g in range(max(1, filters // _CHANNELS_A_GROUP), 0, -1) if filters % g == 0)
            return [keras.layers.GroupNormalization(groups)]
        return []


class UpSampling(tf.Module):
    """Doubles height and width and changes the channels to `filters`.

    `transpose` is the paper's 2x2 up-convolution; `resize` a 1x1 convolution and bilinear interpolation, which
    leaves no checkerboard.
    """

    def __init__(self, filters: int, kind: Up) -> None:
        super().__init__()
        self._kind = kind
        if kind == "transpose":
            self._layer = keras.layers.Conv2DTranspose(filters, 2, strides=2, kernel_initializer="he_normal")
        else:
            self._layer = keras.layers.Conv2D(filters, 1, kernel_initializer="he_normal")

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        """`[B, h, w, C]` to `[B, 2h, 2w, filters]`."""
        changed = self._layer(features)
        if self._kind == "transpose":
            return changed
        doubled = tf.image.resize(changed, 2 * tf.shape(changed)[1:3], "bilinear")
        return tf.cast(doubled, changed.dtype)


class AttentionGate(tf.Module):
    """Weighs a skip connection, pixel by pixel, by what the deeper features say of it.

    The additive gate of Oktay et al., "Attention U-Net", 2018: sigmoid(ψ(ReLU(W_x x + W_g g))) · x.
    """

    def __init__(self, filters: int) -> None:
        super().__init__()
        self._of_skip = keras.layers.Conv2D(filters, 1, use_bias=False)
        self._of_signal = keras.layers.Conv2D(filters, 1)
        self._weight = keras.layers.Conv2D(1, 1, activation="sigmoid")

    def __call__(self, skip: tf.Tensor, signal: tf.Tensor) -> tf.Tensor:
        """Both `[B, h, w, ...]`; returns the skip weighed, in its shape."""
        return skip * self._weight(tf.nn.relu(self._of_skip(skip) + self._of_signal(signal)))
