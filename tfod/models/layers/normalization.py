"""Batch normalisation, and its settings."""

from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

__all__ = ["BatchNorm", "FreezableBatchNormalization"]


class FreezableBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that, when frozen, uses its stored statistics even while the model trains.

    Gamma and beta are trained all the same, as in the original.
    """

    def __init__(self, *, frozen: bool, **settings: object) -> None:
        super().__init__(**settings)
        self.frozen = frozen

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalises `[B, H, W, D]`, float32 or bfloat16; with `training` by the statistics of the batch."""
        return super().call(inputs, training=training and not self.frozen)


@dataclass(frozen=True)
class BatchNorm:
    """Settings of batch normalisation.

    Attributes:
      decay: The share of the old moving average that a step keeps.
      epsilon: Added to the variance.
      center: Whether there is an offset, beta.
      scale: Whether there is a factor, gamma.
      frozen: Whether the stored statistics are used while the model trains too.
      synchronized: Whether statistics are those of the whole batch where it is divided among several devices.
    """

    decay: float = 0.999
    epsilon: float = 0.001
    center: bool = True
    scale: bool = False
    frozen: bool = False
    synchronized: bool = False

    def layer(self) -> FreezableBatchNormalization:
        """A new layer."""
        return FreezableBatchNormalization(
            frozen=self.frozen,
            momentum=self.decay,
            epsilon=self.epsilon,
            center=self.center,
            scale=self.scale,
            synchronized=self.synchronized,
        )
