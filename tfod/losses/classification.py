"""Classification losses, per anchor and class. Letters: `B` images, `A` anchors, `K` class columns."""

from dataclasses import dataclass

import tensorflow as tf

__all__ = ["SigmoidFocalLoss"]


@dataclass(frozen=True)
class SigmoidFocalLoss:
    """Focal loss (https://arxiv.org/abs/1708.02002): cross-entropy in which easy examples count less.

    With p_t the probability given to the truth: FL = −α_t (1 − p_t)^γ log p_t, where α_t is `alpha` for
    positive and 1 − `alpha` for negative targets; `alpha` None leaves that factor out.

    A logit of 0 against the target 1, with γ = 2 and α = 0.25: 0.25 · 0.5² · 0.6931 = 0.0433.
    """

    gamma: float = 2.0
    alpha: float | None = None

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The sum over all entries, a scalar.

        Args:
          logits: float32 `[B, A, K]`.
          targets: float32 `[B, A, K]` in [0, 1].
          weights: float32 `[B, A]`.
        """

        @tf.custom_gradient
        def loss(logits: tf.Tensor) -> tuple[tf.Tensor, object]:
            # The derivative written out takes a third of the passes over memory of automatic differentiation,
            # and this loss touches B·A·K values in every step.
            value, slope = self._value_and_slope(logits, targets)
            expanded = weights[..., tf.newaxis]
            return tf.reduce_sum(value * expanded), lambda upstream: upstream * expanded * slope

        return loss(logits)

    def _value_and_slope(self, logits: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        probability = tf.sigmoid(logits)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
        sign = 1.0 - 2.0 * targets
        miss = targets + sign * probability  # 1 − p_t
        miss_slope = sign * probability * (1.0 - probability)
        entropy_slope = probability - targets
        if self.gamma == 2.0:
            power, power_slope = miss * miss, 2.0 * miss * miss_slope
        elif self.gamma == 0.0:
            power, power_slope = tf.ones_like(miss), tf.zeros_like(miss)
        else:
            power = tf.pow(miss, self.gamma)
            power_slope = self.gamma * tf.pow(miss, self.gamma - 1.0) * miss_slope
        value, slope = power * entropy, power_slope * entropy + power * entropy_slope
        if self.alpha is None:
            return value, slope
        balance = targets * self.alpha + (1.0 - targets) * (1.0 - self.alpha)
        return balance * value, balance * slope
