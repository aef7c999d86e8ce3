"""Random minibatches of anchors: most anchors are background, of which a detector needs only some to learn it.

Letters: `B` images, `A` anchors (or the proposals of a second stage).
"""

from dataclasses import dataclass

import tensorflow as tf

__all__ = ["BalancedSampler"]


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
        """Draws anchors, other ones at each call.

        Args:
          positive: bool `[B, A]`, anchors that have an object to find.
          eligible: bool `[B, A]`, anchors that may be drawn at all.

        Returns:
          float32 `[B, A]` of 0 and 1, 1 for the anchors that are drawn.
        """
        positive, negative = positive & eligible, ~positive & eligible
        if self.batch_size is None:
            most_negatives = tf.floor((1.0 - self.positive_fraction) / self.positive_fraction * _count(positive))
        else:
            positive = _draw(positive, int(self.positive_fraction * self.batch_size))
            most_negatives = self.batch_size - _count(positive)
        return tf.cast(positive | _draw(negative, most_negatives), tf.float32)


def _count(members: tf.Tensor) -> tf.Tensor:
    """How many members bool `[B, A]` each image has, float32 `[B, 1]`."""
    return tf.reduce_sum(tf.cast(members, tf.float32), axis=1, keepdims=True)


def _draw(members: tf.Tensor, most: int | tf.Tensor) -> tf.Tensor:
    """At most so many of the members bool `[B, A]` of each image, an integer or float32 `[B, 1]`, at random."""
    lot = tf.where(members, tf.random.uniform(tf.shape(members)), 1.0)
    order = tf.argsort(tf.argsort(lot, axis=1), axis=1)  # each anchor's place among the lots
    return members & (tf.cast(order, tf.float32) < most)
