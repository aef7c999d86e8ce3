"""Training targets: what the network should predict at each anchor, and how much each anchor counts.

Letters: `B` images, `A` anchors, `N` ground-truth boxes of an image with padding, `C` classes without background,
`K` class columns (C, or C + 1 with a background column first), `P` positive anchors of the batch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from tfod.boxes.coders import BoxCoder
from tfod.boxes.matching import BACKGROUND, ArgMaxMatcher
from tfod.boxes.similarity import Similarity, negative_squared_distance

__all__ = ["TargetAssigner", "Targets"]


class Targets(NamedTuple):
    """Targets of a batch. Few anchors have an object to find: the targets of these are listed for them alone."""

    positives: tf.Tensor  # int64 [P], image · A + anchor, ascending
    positive_classes: tf.Tensor  # float32 [P, K]
    positive_boxes: tf.Tensor  # float32 [P, code_size], coded
    positive_weights: tf.Tensor  # float32 [P]
    background: tf.Tensor  # float32 [K], the class target of all other anchors
    class_weights: tf.Tensor  # float32 [B, A], 0 where an anchor counts neither for nor against
    matches: tf.Tensor  # int32 [B, A], the row of the box, BACKGROUND or IGNORED

    def classes(self) -> tf.Tensor:
        """The class targets of all anchors, float32 `[B, A, K]` in [0, 1]."""
        batch, anchors = tf.unstack(tf.shape(self.matches))
        every = tf.tile(self.background[tf.newaxis], [batch * anchors, 1])
        every = tf.tensor_scatter_nd_update(every, self.positives[:, tf.newaxis], self.positive_classes)
        return tf.reshape(every, [batch, anchors, self.background.shape[0]])

    def spread(self, values: tf.Tensor) -> tf.Tensor:
        """One value for each positive anchor, float32 `[P]`, at its place among zeros, float32 `[B, A]`."""
        flat = tf.scatter_nd(self.positives[:, tf.newaxis], values, [tf.size(self.matches, tf.int64)])
        return tf.reshape(flat, tf.shape(self.matches))


@dataclass(frozen=True)
class TargetAssigner:
    """Assigns ground truth to anchors by their similarity.

    Attributes:
      similarity: The measure of similarity.
      matcher: Which anchor takes which box, given their similarities.
      box_coder: Turns the box of an anchor into its regression target.
      background_column: Whether class targets have a column for the background, before the classes.
      background_as_zeros: Whether the class target of the background is all zeros; else its first column is 1.
      negative_class_weight: The weight of background anchors in the classification loss.
    """

    similarity: Similarity
    matcher: ArgMaxMatcher
    box_coder: BoxCoder
    background_column: bool = True
    background_as_zeros: bool = False
    negative_class_weight: float = 1.0

    def __call__(self, anchors: tf.Tensor, boxes: tf.Tensor, classes: tf.Tensor, weights: tf.Tensor) -> Targets:
        """Targets of a batch.

        Args:
          anchors: float32 `[A, 4]`, yxyx, the same for all images, or `[B, A, 4]`, each image's own (a second
            stage's proposals).
          boxes: float32 `[B, N, 4]`, yxyx, in the unit of the anchors; padding is zero. N must not be 0.
          classes: float32 `[B, N, C]`, one-hot.
          weights: float32 `[B, N]` in [0, 1], 0 for padding.
        """
        matches = self.matcher(self._similarity(boxes, anchors, weights > 0), valid=weights > 0)
        positives = tf.where(tf.reshape(matches, [-1]) >= 0)[:, 0]
        image, anchor = _divided(positives, tf.shape(anchors)[-2])
        box = tf.stack([image, tf.gather(tf.reshape(matches, [-1]), positives)], axis=-1)  # [P, 2]
        if anchors.shape.rank == 2:
            positive_anchors = tf.gather(anchors, anchor)
        else:
            positive_anchors = tf.gather(tf.reshape(anchors, [-1, 4]), positives)
        positive_weights = tf.gather_nd(weights, box)
        negative_weights = tf.where(matches == BACKGROUND, self.negative_class_weight, 0.0)
        return Targets(
            positives=positives,
            positive_classes=self._with_background_column(tf.gather_nd(classes, box)),
            positive_boxes=self.box_coder.encode(tf.gather_nd(boxes, box), positive_anchors),
            positive_weights=positive_weights,
            background=self._background(classes.shape[-1]),
            class_weights=_scattered(negative_weights, positives, positive_weights),
            matches=matches,
        )

    def _similarity(self, boxes: tf.Tensor, anchors: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
        similarity = self.similarity(boxes, anchors)
        # Padding overlaps no anchor, but it is near the small anchors in the corner.
        if self.similarity is negative_squared_distance:
            similarity = tf.where(valid[..., tf.newaxis], similarity, similarity.dtype.min)
        return similarity

    def _with_background_column(self, classes: tf.Tensor) -> tf.Tensor:
        return tf.pad(classes, [[0, 0], [1, 0]]) if self.background_column else classes

    def _background(self, num_classes: int) -> tf.Tensor:
        # The first column stands for the background even where it is a class of its own (as in the original).
        columns = num_classes + 1 if self.background_column else num_classes
        return tf.one_hot(-1 if self.background_as_zeros else 0, columns)


def _divided(positives: tf.Tensor, anchors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    positives = tf.cast(positives, tf.int32)
    return positives // anchors, positives % anchors


def _scattered(values: tf.Tensor, positives: tf.Tensor, positive_values: tf.Tensor) -> tf.Tensor:
    flat = tf.tensor_scatter_nd_update(tf.reshape(values, [-1]), positives[:, tf.newaxis], positive_values)
    return tf.reshape(flat, tf.shape(values))
