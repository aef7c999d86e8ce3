"""Which anchors count: of the background there is far more than a detector needs to learn it.

Letters: `B` images, `A` anchors, `S` selected anchors of one image.
"""

from dataclasses import dataclass

import tensorflow as tf

from tfod.boxes.matching import BACKGROUND

__all__ = ["HardExampleMiner", "RandomExampleSampler"]


@dataclass(frozen=True)
class HardExampleMiner:
    """The anchors that are most wrong (https://arxiv.org/abs/1604.03540, and SSD's 3 : 1 rule, 1512.02325).

    In each picture non-max suppression with the loss as score selects anchors whose predicted boxes differ. Of
    these all positive ones stay, and for each the `max_negatives_per_positive` worst others, rounded down, but
    never fewer than `min_negatives_per_image`.

    Attributes:
      num_hard_examples: the most that suppression selects; None for no limit.
      iou_threshold: boxes that overlap more count as one.
      class_weight, box_weight: how much each of the two losses counts as score.
      max_negatives_per_positive: None keeps whatever suppression selects.
    """

    num_hard_examples: int | None = 64
    iou_threshold: float = 0.7
    class_weight: float = 1.0
    box_weight: float = 1.0
    max_negatives_per_positive: int | None = None
    min_negatives_per_image: int = 0

    def __call__(
        self, class_losses: tf.Tensor, box_losses: tf.Tensor, boxes: tf.Tensor, matches: tf.Tensor
    ) -> tf.Tensor:
        """Which anchors count, float32 `[B, A]` of 0 and 1.

        Args:
          class_losses, box_losses: float32 `[B, A]`.
          boxes: float32 `[B, A, 4]`, as predicted.
          matches: int32 `[B, A]`, see `tfod.boxes.matching`.
        """
        scores = self.class_weight * class_losses + self.box_weight * box_losses

        def one_image(image: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
            scores, boxes, matches = image
            anchors = tf.size(scores)
            limit = anchors if self.num_hard_examples is None else self.num_hard_examples
            selected = tf.image.non_max_suppression(boxes, scores, limit, self.iou_threshold)
            if self.max_negatives_per_positive is not None:
                selected = self._limit_negatives(selected, tf.gather(matches, selected))
            return tf.scatter_nd(selected[:, tf.newaxis], tf.ones_like(selected, tf.float32), [anchors])

        inputs = map(tf.stop_gradient, (scores, boxes, matches))
        return tf.map_fn(one_image, tuple(inputs), fn_output_signature=tf.float32)

    def _limit_negatives(self, selected: tf.Tensor, matches: tf.Tensor) -> tf.Tensor:
        """The selected anchors int32 `[S]`, worst first, without the negatives that are too many.

        With matches [-1, 2, -1, -1] and one negative for each positive the first two stay.
        """
        positive = matches >= 0
        allowed = self.max_negatives_per_positive * tf.reduce_sum(tf.cast(positive, tf.int32))
        allowed = tf.maximum(allowed, self.min_negatives_per_image)
        # An ignored anchor stays if it is worse than the first negative too many (as in the original).
        early = tf.cumsum(tf.cast(matches == BACKGROUND, tf.int32)) <= allowed
        return tf.boolean_mask(selected, positive | early)


@dataclass(frozen=True)
class RandomExampleSampler:
    """All positive anchors, and as many others, drawn at random, as make them the share `positive_fraction`."""

    positive_fraction: float

    def __call__(self, positive: tf.Tensor, eligible: tf.Tensor) -> tf.Tensor:
        """Which anchors count, float32 `[B, A]` of 0 and 1.

        Args:
          positive: bool `[B, A]`, anchors that have to find an object.
          eligible: bool `[B, A]`, anchors that may count at all.
        """
        positive, negative = positive & eligible, ~positive & eligible
        found = tf.reduce_sum(tf.cast(positive, tf.float32), axis=1, keepdims=True)
        wanted = tf.floor((1.0 - self.positive_fraction) / self.positive_fraction * found)
        lot = tf.where(negative, tf.random.uniform(tf.shape(negative)), 1.0)
        order = tf.argsort(tf.argsort(lot, axis=1), axis=1)  # each anchor's place among the lots
        drawn = negative & (tf.cast(order, tf.float32) < wanted)
        return tf.cast(positive | drawn, tf.float32)
