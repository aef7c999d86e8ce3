"""Which ground-truth box each anchor has to find."""

from dataclasses import dataclass

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.protos import matcher_pb2

__all__ = ["BACKGROUND", "IGNORED", "ArgMaxMatcher", "matcher_from_config"]

BACKGROUND = -1
IGNORED = -2


@dataclass(frozen=True)
class ArgMaxMatcher:
    """Each anchor takes the ground-truth box that it resembles most, if it resembles it enough.

    With the thresholds 0.5 and 0.4, an anchor whose best similarity is 0.7 is matched, 0.45 is ignored
    (it counts neither for nor against) and 0.2 is background. With `force_match_for_each_row` the best anchor
    of every box is matched to it however little they resemble, so that no object goes unlearnt.

    For the similarities of two boxes (rows) and three anchors

        [[0.6, 0.2, 0.1],
         [0.7, 0.3, 0.0]]

    the threshold 0.5 gives [1, -1, -1]; with forced matches [0, -1, -1]: both boxes like anchor 0 best, and
    where several claim one anchor the first box wins.
    """

    matched_threshold: float = 0.5
    unmatched_threshold: float = 0.5
    negatives_lower_than_unmatched: bool = True
    force_match_for_each_row: bool = False

    def __call__(self, similarity: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
        """Matches int32 `[B, A]`: the row of the box, BACKGROUND or IGNORED.

        Args:
          similarity: float32 `[B, N, A]` of boxes and anchors; N must not be 0.
          valid: bool `[B, N]`, false for padding, which is never forced onto an anchor.
        """
        best_box = tf.argmax(similarity, axis=1, output_type=tf.int32)  # [B, A]
        best = tf.reduce_max(similarity, axis=1)
        below, between = BACKGROUND, IGNORED
        if not self.negatives_lower_than_unmatched:
            below, between = between, below
        matches = tf.where(best < self.matched_threshold, between, best_box)
        matches = tf.where(best < self.unmatched_threshold, below, matches)
        matches = tf.where(tf.reduce_any(valid, axis=1, keepdims=True), matches, BACKGROUND)
        if not self.force_match_for_each_row:
            return matches
        return _force_matches(similarity, valid, matches)


def _force_matches(similarity: tf.Tensor, valid: tf.Tensor, matches: tf.Tensor) -> tf.Tensor:
    batch, boxes, anchors = tf.unstack(tf.shape(similarity))
    favourite = tf.argmax(similarity, axis=2, output_type=tf.int32)  # [B, N]
    positions = favourite + tf.range(batch)[:, tf.newaxis] * anchors
    rows = tf.broadcast_to(tf.range(boxes), [batch, boxes])
    # The smallest row wins: a box that is padding claims with a row beyond all others.
    claims = tf.where(valid, rows, boxes)
    forced = tf.tensor_scatter_nd_min(
        tf.fill([batch * anchors], boxes), tf.reshape(positions, [-1, 1]), tf.reshape(claims, [-1])
    )
    forced = tf.reshape(forced, [batch, anchors])
    return tf.where(forced < boxes, forced, matches)


def matcher_from_config(config: matcher_pb2.Matcher) -> ArgMaxMatcher:
    """The matcher that `matcher` describes. Raises ConfigError for the bipartite one, which TF2 never had."""
    if config.WhichOneof("matcher_oneof") != "argmax_matcher":
        raise ConfigError(
            "only argmax_matcher is available (the original supports no other under TensorFlow 2)",
            "model.ssd.matcher",
            "use argmax_matcher",
        )
    message = config.argmax_matcher
    if not message.ignore_thresholds and message.unmatched_threshold > message.matched_threshold:
        raise ConfigError(
            f"unmatched_threshold {message.unmatched_threshold:g} is above matched_threshold "
            f"{message.matched_threshold:g}",
            "model.ssd.matcher.argmax_matcher",
            "lower unmatched_threshold",
        )
    everything = message.ignore_thresholds
    return ArgMaxMatcher(
        matched_threshold=0.0 if everything else message.matched_threshold,
        unmatched_threshold=0.0 if everything else message.unmatched_threshold,
        negatives_lower_than_unmatched=message.negatives_lower_than_unmatched,
        force_match_for_each_row=message.force_match_for_each_row,
    )
