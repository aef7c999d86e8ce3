"""Classification losses, one number an anchor. Letters: `B` images, `A` anchors, `K` class columns.

Each takes logits and targets float32 `[B, A, K]` and weights, `[B, A]` or one a class, `[B, A, K]`; it gives the
weighted sum over the classes of each anchor, `[B, A]`. (`DiceLoss` alone sums over anchors instead.)
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

__all__ = [
    "BootstrappedSigmoidLoss",
    "ClassificationLoss",
    "DiceLoss",
    "PenaltyReducedFocalLoss",
    "SigmoidLoss",
    "SoftmaxLoss",
]

ClassificationLoss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]

# Keeps the logarithm of a sure probability finite.
_CLIP = 1e-4


@dataclass(frozen=True)
class SigmoidLoss:
    """Cross-entropy of every class by itself: −t log p − (1 − t) log (1 − p)."""

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See the module."""
        return _weighted_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits), weights)


@dataclass(frozen=True)
class SoftmaxLoss:
    """Cross-entropy of the classes as alternatives: −Σ t log softmax(logits / `logit_scale`).

    Where classes have weights of their own an anchor counts with their mean (as in the original). With
    `targets_are_logits` the targets go through the same softmax first.
    """

    logit_scale: float = 1.0
    targets_are_logits: bool = False

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See the module."""
        if self.targets_are_logits:
            targets = tf.nn.softmax(targets / self.logit_scale)
        if weights.shape.rank == logits.shape.rank:
            weights = tf.reduce_mean(weights, axis=-1)
        entropy = tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits / self.logit_scale)
        return entropy * weights


@dataclass(frozen=True)
class BootstrappedSigmoidLoss:
    """Cross-entropy against what the network itself believes, in part (https://arxiv.org/abs/1412.6596).

    The target is `alpha` · t + (1 − `alpha`) · p; with `hard`, p is rounded to 0 or 1. Gradients flow through p.
    """

    alpha: float
    hard: bool = False

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See the module."""
        belief = tf.sigmoid(logits)
        if self.hard:
            belief = tf.cast(belief > 0.5, tf.float32)
        mixed = self.alpha * targets + (1.0 - self.alpha) * belief
        return _weighted_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=mixed, logits=logits), weights)


@dataclass(frozen=True)
class PenaltyReducedFocalLoss:
    """CenterNet's loss on heat maps (https://arxiv.org/abs/1904.07850, equation 1).

    −(1 − p)^α log p where the target is 1, elsewhere −(1 − t)^β p^α log (1 − p): near an object's centre, where
    t is nearly 1, a wrong answer costs little.
    """

    alpha: float
    beta: float

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See the module."""
        probability = tf.clip_by_value(tf.sigmoid(logits), _CLIP, 1.0 - _CLIP)
        positive = tf.pow(1.0 - probability, self.alpha) * tf.math.log(probability)
        negative = tf.pow(1.0 - targets, self.beta) * tf.pow(probability, self.alpha) * tf.math.log(1.0 - probability)
        return _weighted_sum(-tf.where(targets == 1.0, positive, negative), weights)


@dataclass(frozen=True)
class DiceLoss:
    """1 − twice the common area / the sum of both areas, a class (https://arxiv.org/abs/1606.04797).

    An area is the weighted sum of probabilities (or with `squared_normalization` of their squares) over the anchors
    of a picture, and counts as 1 at least.
    """

    squared_normalization: bool = False
    predictions_are_probabilities: bool = False

    def __call__(self, logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The loss of each class of each picture, `[B, K]`."""
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
