"""Random minibatches of anchors: most anchors are background, of which a detector needs only some to learn it.

Letters: `B` images, `A` anchors (or the proposals of a second stage).
"""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

__all__ = ["BalancedSampler", "FullSampler", "Sampler"]


class Sampler(Protocol):
    """Draws anchors of each image, other ones at each call."""

    def __call__(self, positive: tf.Tensor, eligible: tf.Tensor) -> tf.Tensor:
        """Float32 `[B, A]` of 0 and 1, 1 for the anchors that are drawn.

        Args:
          positive: bool `[B, A]`, anchors that have an object to find.
          eligible: bool `[B, A]`, anchors that may be drawn at all.
        """


@dataclass(frozen=True)
class BalancedSampler:
    """Draws positive and negative anchors at random (https://arxiv.org/abs/1506.01497, section 3.1.3).

    With a `batch_size`, each image gives that many anchors: at most `positive_fraction` of them positive (rounded
    down), the rest negative; fewer where it does not have enough negatives. Without one, each image gives all its
    positive anchors, and as many negatives as make these the share `positive_fraction` (the negatives rounded down).

    Three positives and five negatives, of which four are drawn, at most a half of them positive:

    >>> positive, eligible = tf.constant([[True] * 3 + [False] * 5]), tf.fill([1, 8], True)
    >>> counts = BalancedSampler(4, 0.5)(positive, eligible)
    >>> [float(tf.reduce_sum(part)) for part in (counts[:, :3], counts[:, 3:])]
    [2.0, 2.0]

    Attributes:
      batch_size: Anchors of each image; None for no limit.
      positive_fraction: The share of positive anchors, above 0 and at most 1.
    """

    batch_size: int | None
    positive_fraction: float

    def __call__(self, positive: tf.Tensor, eligible: tf.Tensor) -> tf.Tensor:
        """See Sampler."""
        positive, negative = positive & eligible, ~positive & eligible
        if self.batch_size is None:
            most_negatives = tf.floor((1.0 - self.positive_fraction) / self.positive_fraction * _count(positive))
        else:
            positive = _draw(positive, int(self.positive_fraction * self.batch_size))
            most_negatives = self.batch_size - _count(positive)
        return tf.cast(positive | _draw(negative, most_negatives), tf.float32)


@dataclass(frozen=True)
class FullSampler:
    """Draws `batch_size` anchors of each image, whatever there is (`use_static_balanced_label_sampler`).

    Anchors that are not eligible fill up, the first ones first, where fewer than `batch_size` are. As in the original
    negatives are taken from the end of a list [positives, rest, negatives], so that where negatives are too few it
    reaches into the rest, of which all stand for one anchor, any one of all.

    Attributes:
      batch_size: Anchors of each image.
      positive_fraction: The greatest share of positive anchors, from 0 to 1.
    """

    batch_size: int
    positive_fraction: float

    def __call__(self, positive: tf.Tensor, eligible: tf.Tensor) -> tf.Tensor:
        """See Sampler."""
        missing = self.batch_size - _count(eligible)
        eligible |= tf.cumsum(tf.cast(~eligible, tf.float32), axis=1) <= missing
        positive, negative = positive & eligible, ~positive & eligible
        part = tf.where(positive, 0.0, tf.where(negative, 2.0, 1.0))
        place = _places(part + tf.random.uniform(tf.shape(positive)))
        anchors = tf.cast(tf.shape(positive)[1], tf.float32)
        positives = tf.minimum(_count(positive), float(int(self.positive_fraction * self.batch_size)))
        drawn = (place < positives) | (place >= anchors - (self.batch_size - positives))
        anyone = _draw(tf.ones_like(positive), 1) & tf.reduce_any(drawn & ~eligible, axis=1, keepdims=True)
        return tf.cast(drawn & eligible | anyone, tf.float32)


def _count(members: tf.Tensor) -> tf.Tensor:
    """How many members bool `[B, A]` each image has, float32 `[B, 1]`."""
    return tf.reduce_sum(tf.cast(members, tf.float32), axis=1, keepdims=True)


def _draw(members: tf.Tensor, most: int | tf.Tensor) -> tf.Tensor:
    """At most so many of the members bool `[B, A]` of each image, an integer or float32 `[B, 1]`, at random."""
    lot = tf.where(members, tf.random.uniform(tf.shape(members)), 1.0)
    return members & (_places(lot) < most)


def _places(lots: tf.Tensor) -> tf.Tensor:
    """Each one's place, float32 `[B, A]` from 0, among the lots float32 `[B, A]` of its image."""
    return tf.cast(tf.argsort(tf.argsort(lots, axis=1), axis=1), tf.float32)
