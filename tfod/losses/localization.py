"""Localization losses on box codes. Letters: `B` images, `A` anchors."""

from dataclasses import dataclass

import tensorflow as tf

__all__ = ["SmoothL1Loss"]


@dataclass(frozen=True)
class SmoothL1Loss:
    """Huber's loss: ½ e² for errors up to `delta`, beyond it δ |e| − ½ δ².

    With δ = 1 the errors 0.5 and 3 cost 0.125 and 2.5.
    """

    delta: float = 1.0

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The sum over all codes, a scalar, of codes and targets float32 `[B, A, 4]`, weights `[B, A]`."""
        error = tf.abs(codes - targets)
        linear = tf.minimum(error, self.delta)
        value = linear * (error - 0.5 * linear)
        return tf.reduce_sum(value * weights[..., tf.newaxis])
