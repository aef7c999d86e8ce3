"""Classification losses, one number for each anchor. Letters: `B` images, `A` anchors, `K` class columns."""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

__all__ = [
    "BootstrappedSigmoidLoss",
    "ClassificationLoss",
    "DiceLoss",
    "PenaltyReducedFocalLoss",
    "SigmoidLoss",
    "SoftmaxLoss",
]


class ClassificationLoss(Protocol):
    """The weighted sum of a loss over the classes of each anchor. (`DiceLoss` alone sums over the anchors instead.)"""

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The losses, float32 `[B, A]`, at least 0.

        Args:
          logits: float32 `[B, A, K]`, any numbers.
          targets: float32 `[B, A, K]` in [0, 1].
          weights: float32 `[B, A]`, or `[B, A, K]` with one for each class, at least 0.
        """


# Keeps the logarithm finite where a probability is 0 or 1.
_CLIP = 1e-4


@dataclass(frozen=True)
class SigmoidLoss:
    """Cross-entropy of every class by itself: −t log p − (1 − t) log (1 − p), with p = sigmoid(logit).

    A logit of 0 (p = ½) costs log 2 whatever the target is:

    >>> round(float(SigmoidLoss()(tf.zeros([1, 1, 1]), tf.ones([1, 1, 1]), tf.ones([1, 1]))[0, 0]), 4)
    0.6931
    """

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See ClassificationLoss."""
        return _weighted_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits), weights)


@dataclass(frozen=True)
class SoftmaxLoss:
    """Cross-entropy of the classes as alternatives: −Σ t log softmax(logits / `logit_scale`).

    Where classes have weights of their own an anchor counts with their mean (as in the original).

    Attributes:
      logit_scale: Divides the logits.
      targets_are_logits: Whether the targets, any numbers then, go through the same softmax first.
    """

    logit_scale: float = 1.0
    targets_are_logits: bool = False

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See ClassificationLoss."""
        if self.targets_are_logits:
            targets = tf.nn.softmax(targets / self.logit_scale)
        if weights.shape.rank == logits.shape.rank:
            weights = tf.reduce_mean(weights, axis=-1)
        entropy = tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits / self.logit_scale)
        return entropy * weights


@dataclass(frozen=True)
class BootstrappedSigmoidLoss:
    """Cross-entropy against a mixture of target and prediction (https://arxiv.org/abs/1412.6596).

    The mixture is `alpha` · t + (1 − `alpha`) · p; with `hard`, p is rounded to 0 or 1. Gradients flow through p.
    """

    alpha: float
    hard: bool = False

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See ClassificationLoss."""
        probability = tf.sigmoid(logits)
        if self.hard:
            probability = tf.cast(probability > 0.5, tf.float32)
        mixed = self.alpha * targets + (1.0 - self.alpha) * probability
        return _weighted_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=mixed, logits=logits), weights)


@dataclass(frozen=True)
class PenaltyReducedFocalLoss:
    """CenterNet's loss on heat maps (https://arxiv.org/abs/1904.07850, equation 1).

    −(1 − p)^α log p where the target is 1, elsewhere −(1 − t)^β p^α log (1 − p): near an object's centre, where
    t is nearly 1, a false positive costs little.
    """

    alpha: float
    beta: float

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See ClassificationLoss."""
        probability = tf.clip_by_value(tf.sigmoid(logits), _CLIP, 1.0 - _CLIP)
        positive = tf.pow(1.0 - probability, self.alpha) * tf.math.log(probability)
        negative = tf.pow(1.0 - targets, self.beta) * tf.pow(probability, self.alpha) * tf.math.log(1.0 - probability)
        return _weighted_sum(-tf.where(targets == 1.0, positive, negative), weights)


@dataclass(frozen=True)
class DiceLoss:
    """1 − twice the common area / the sum of both areas, for each class (https://arxiv.org/abs/1606.04797).

    An area is the weighted sum of probabilities over the anchors of an image; the sum of both is at least 1.

    Attributes:
      squared_normalization: Whether probabilities and targets are squared first.
      predictions_are_probabilities: Whether the logits are probabilities already, in [0, 1].
    """

    squared_normalization: bool = False
    predictions_are_probabilities: bool = False

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The loss of each class of each image, float32 `[B, K]`, at most 1. See ClassificationLoss."""
        probability = logits if self.predictions_are_probabilities else tf.sigmoid(logits)
        if self.squared_normalization:
            probability, targets = tf.square(probability), tf.square(targets)
        weights = _per_class(weights, logits)
        probability, targets = probability * weights, targets * weights
        areas = tf.reduce_sum(probability, axis=1) + tf.reduce_sum(targets, axis=1)
        common = tf.reduce_sum(probability * targets, axis=1)
        return 1.0 - 2.0 * common / tf.maximum(areas, 1.0)


def _per_class(weights: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return weights if weights.shape.rank == logits.shape.rank else weights[..., tf.newaxis]


def _weighted_sum(entries: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    if weights.shape.rank == entries.shape.rank:
        return tf.reduce_sum(entries * weights, axis=-1)
    return tf.reduce_sum(entries, axis=-1) * weights
