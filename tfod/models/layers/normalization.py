"""Batch normalisation, and its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

__all__ = ["BatchNorm", "FreezableBatchNormalization", "averages_are_kept", "keeping_averages"]

_keeping = ContextVar("keeping", default=False)
_LEAST_EPSILON = 1.001e-5  # TensorFlow's own, for the sake of cuDNN


@contextmanager
def keeping_averages() -> Iterator[None]:
    """Within it what trains is normalised by the statistics of the batch, but the moving averages stay as they are."""
    token = _keeping.set(True)
    try:
        yield
    finally:
        _keeping.reset(token)


def averages_are_kept() -> bool:
    """Whether this is within `keeping_averages`."""
    return _keeping.get()


class FreezableBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that, when frozen, uses its stored statistics even while the model trains.

    Gamma and beta are trained all the same, as in the original.
    """

    def __init__(self, *, frozen: bool, **settings: object) -> None:
        super().__init__(**settings)
        self.frozen = frozen

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalises `[B, H, W, D]` or `[B, D]`, float32 or bfloat16; with `training` by statistics of the batch."""
        by_batch = training and not self.frozen
        if by_batch and averages_are_kept():
            if inputs.shape.rank == 2:
                return self._by_batch(inputs[:, tf.newaxis, tf.newaxis])[:, 0, 0]
            return self._by_batch(inputs)
        return super().call(inputs, training=by_batch)

    def _by_batch(self, inputs: tf.Tensor) -> tf.Tensor:
        channels = self.moving_mean.shape
        normalized, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.identity(self.gamma) if self.scale else tf.ones(channels),
            offset=tf.identity(self.beta) if self.center else tf.zeros(channels),
            mean=[],
            variance=[],
            epsilon=max(self.epsilon, _LEAST_EPSILON),
            is_training=True,
        )
        return normalized


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
