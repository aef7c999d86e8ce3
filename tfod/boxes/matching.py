"""Which ground-truth box each anchor has to find.

Letters: `N` boxes and `A` anchors of an image; `...` are any leading dimensions, usually `B` images.
"""

from dataclasses import dataclass

import tensorflow as tf

__all__ = ["BACKGROUND", "IGNORED", "ArgMaxMatcher"]

BACKGROUND = -1
IGNORED = -2


@dataclass(frozen=True)
class ArgMaxMatcher:
    """Each anchor takes the ground-truth box that it is most similar to, if it is similar enough.

    With the thresholds 0.5 and 0.4, an anchor whose best similarity is 0.7 is matched, 0.45 is ignored
    (it counts neither for nor against) and 0.2 is background. With `force_match_for_each_row` the best anchor
    of every box is matched to it however low their similarity is, so that every object has an anchor.

    The similarities of two boxes (rows) and three anchors; both boxes have anchor 0 as their best, and where several
    claim one anchor the first box wins:

    >>> similarity, valid = tf.constant([[0.6, 0.2, 0.1], [0.7, 0.3, 0.0]]), tf.constant([True, True])
    >>> ArgMaxMatcher(0.5, 0.5)(similarity, valid).numpy().tolist()
    [1, -1, -1]
    >>> ArgMaxMatcher(0.5, 0.5, force_match_for_each_row=True)(similarity, valid).numpy().tolist()
    [0, -1, -1]

    Attributes:
      matched_threshold: The least similarity of a match.
      unmatched_threshold: An anchor whose best similarity is below is background; between the two it is ignored.
      negatives_lower_than_unmatched: If false, these two change places: below is ignored, between is background.
      force_match_for_each_row: Whether every box gets its best anchor.
    """

    matched_threshold: float = 0.5
    unmatched_threshold: float = 0.5
    negatives_lower_than_unmatched: bool = True
    force_match_for_each_row: bool = False

    def __call__(self, similarity: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
        """Matches the anchors of each image with its boxes.

        Args:
          similarity: float32 `[..., N, A]`; N must not be 0.
          valid: bool `[..., N]`, false for padding, which is never forced onto an anchor.

        Returns:
          int32 `[..., A]`, for each anchor the row of its box in [0, N), BACKGROUND or IGNORED.
        """
        best_box = tf.argmax(similarity, axis=-2, output_type=tf.int32)  # [..., A]
        best = tf.reduce_max(similarity, axis=-2)
        below, between = BACKGROUND, IGNORED
        if not self.negatives_lower_than_unmatched:
            below, between = between, below
        matches = tf.where(best < self.matched_threshold, between, best_box)
        matches = tf.where(best < self.unmatched_threshold, below, matches)
        matches = tf.where(tf.reduce_any(valid, axis=-1, keepdims=True), matches, BACKGROUND)
        if not self.force_match_for_each_row:
            return matches
        return _force_matches(similarity, valid, matches)


def _force_matches(similarity: tf.Tensor, valid: tf.Tensor, matches: tf.Tensor) -> tf.Tensor:
    boxes, anchors = tf.unstack(tf.shape(similarity)[-2:])
    best_anchor = tf.reshape(tf.argmax(similarity, axis=-1, output_type=tf.int32), [-1, boxes])  # [images, N]
    images = tf.shape(best_anchor)[0]
    positions = best_anchor + tf.range(images)[:, tf.newaxis] * anchors
    # The smallest row wins: a box that is padding claims with a row beyond all others.
    claims = tf.where(valid, tf.range(boxes), boxes)
    forced = tf.tensor_scatter_nd_min(
        tf.fill([images * anchors], boxes), tf.reshape(positions, [-1, 1]), tf.reshape(claims, [-1])
    )
    forced = tf.reshape(forced, tf.shape(matches))
    return tf.where(forced < boxes, forced, matches)
