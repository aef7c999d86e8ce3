"""The focal loss, the classification loss of most detectors of the zoo, and the most expensive of their losses.

Letters: `B` images, `A` anchors, `K` class columns, `P` positive anchors of the batch, `R` anchors of the batch.
"""

from dataclasses import dataclass

import tensorflow as tf

from tfod.losses.compiler import wake_compiler

__all__ = ["SigmoidFocalLoss"]

_ValueAndGradient = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class SigmoidFocalLoss:
    """Focal loss (https://arxiv.org/abs/1708.02002): cross-entropy in which easy examples count less.

    With p_t the probability given to the truth: FL = −α_t (1 − p_t)^γ log p_t, where α_t is `alpha` for
    positive and 1 − `alpha` for negative targets; `alpha` None leaves that factor out.

    A logit of 0 against the target 1, with γ = 2 and α = 0.25, costs 0.25 · 0.5² · log 2:

    >>> round(float(SigmoidFocalLoss(2.0, 0.25)(tf.zeros([1, 1, 1]), tf.ones([1, 1, 1]), tf.ones([1, 1]))[0, 0]), 4)
    0.0433

    Gradients are written out: automatic differentiation would pass over memory three times as often.
    """

    gamma: float = 2.0
    alpha: float | None = None

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The weighted sum over the classes of each anchor, float32 `[B, A]`; see `tfod.losses.classification`."""
        weights = weights if weights.shape.rank == logits.shape.rank else weights[..., tf.newaxis]

        @tf.custom_gradient
        def loss(logits: tf.Tensor) -> tuple[tf.Tensor, object]:
            value, gradient = self._value_and_gradient(logits, targets)
            return tf.reduce_sum(value * weights, axis=-1), lambda up: up[..., tf.newaxis] * gradient * weights

        return loss(logits)

    def sparse(self, logits: tf.Tensor, rows: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The sum over all anchors of a batch, for targets that are zero except in a few rows.

        One anchor in a thousand has an object. The targets of the others, ten million numbers for the 90 classes of
        COCO at 320 x 320 pixels, are never made.

        Args:
          logits: float32 `[B, A, K]`.
          rows: int64 `[P]`, places in `[B · A]`, each at most once.
          targets: float32 `[P, K]` in [0, 1], those of the rows.
          weights: float32 `[B, A]`, at least 0.

        Returns:
          float32 scalar.
        """
        rows = rows[:, tf.newaxis]

        @tf.custom_gradient
        def loss(logits: tf.Tensor) -> tuple[tf.Tensor, object]:
            flat = tf.reshape(logits, [-1, logits.shape[-1]])
            flat_weights = tf.reshape(weights, [-1])
            row_weights = tf.gather_nd(flat_weights, rows)
            rest = tf.tensor_scatter_nd_update(flat_weights, rows, tf.zeros_like(row_weights))
            row_value, row_gradient = _weighted(
                *self._value_and_gradient(tf.gather_nd(flat, rows), targets), row_weights
            )
            value, gradient = self._of_zeros(flat, rest)
            gradient = tf.reshape(tf.tensor_scatter_nd_update(gradient, rows, row_gradient), tf.shape(logits))
            return value + row_value, lambda up: up * gradient

        return loss(logits)

    def _of_zeros(self, logits: tf.Tensor, weights: tf.Tensor) -> _ValueAndGradient:
        """The sum and its gradient `[R, K]` where all targets are zero, for logits `[R, K]` and weights `[R]`."""

        def compute(logits: tf.Tensor, weights: tf.Tensor) -> _ValueAndGradient:
            probability, entropy = tf.sigmoid(logits), tf.nn.softplus(logits)
            power = self._power(probability)
            value = power * entropy
            # d/dx p^γ·softplus(x) = p^γ (γ (1 − p) softplus(x) + p)
            gradient = self.gamma * (1.0 - probability) * value + power * probability
            return _weighted(value, gradient, weights if self.alpha is None else (1.0 - self.alpha) * weights)

        # Fused, this is one pass over memory instead of ten. Each shape is compiled, so they must not vary.
        fuse = logits.shape.is_fully_defined()
        if fuse:
            wake_compiler()
        return tf.function(compute, autograph=False, jit_compile=fuse)(logits, weights)

    def _power(self, miss: tf.Tensor) -> tf.Tensor:
        if self.gamma == 2.0:
            return miss * miss
        return tf.ones_like(miss) if self.gamma == 0.0 else tf.pow(miss, self.gamma)

    def _value_and_gradient(self, logits: tf.Tensor, targets: tf.Tensor) -> _ValueAndGradient:
        probability = tf.sigmoid(logits)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
        sign = 1.0 - 2.0 * targets
        miss = targets + sign * probability  # 1 − p_t
        miss_gradient = sign * probability * (1.0 - probability)
        power = self._power(miss)
        power_gradient = tf.math.divide_no_nan(self.gamma * power, miss) * miss_gradient
        value, gradient = power * entropy, power_gradient * entropy + power * (probability - targets)
        if self.alpha is None:
            return value, gradient
        balance = targets * self.alpha + (1.0 - targets) * (1.0 - self.alpha)
        return balance * value, balance * gradient


def _weighted(value: tf.Tensor, gradient: tf.Tensor, weights: tf.Tensor) -> _ValueAndGradient:
    """The weighted sum of values `[R, K]`, and their gradients `[R, K]` weighted, for weights `[R]`."""
    return tf.reduce_sum(tf.reduce_sum(value, axis=-1) * weights), gradient * weights[:, tf.newaxis]
