"""Hard example mining: most anchors are background, of which only those with a high loss count.

(`tfod.boxes.sampling` draws at random instead.) Letters: `B` images, `A` anchors, `S` selected anchors of one image.
"""

from dataclasses import dataclass

import tensorflow as tf

from tfod.boxes.matching import BACKGROUND

__all__ = ["HardExampleMiner"]


@dataclass(frozen=True)
class HardExampleMiner:
    """The anchors with the highest losses (https://arxiv.org/abs/1604.03540, and SSD's 3 : 1 rule, 1512.02325).

    In each image non-max suppression with the loss as score selects anchors whose predicted boxes differ. All
    positive ones of these count, and the negatives with the highest losses: `max_negatives_per_positive` for each
    positive, rounded down, but at least `min_negatives_per_image`.

    Four boxes apart from each other, the second of them positive, and one negative for each positive:

    >>> boxes = tf.constant([[[0., 0., 1., 1.], [2., 2., 3., 3.], [4., 4., 5., 5.], [6., 6., 7., 7.]]])
    >>> losses, matches = tf.constant([[4., 3., 2., 1.]]), tf.constant([[-1, 0, -1, -1]])
    >>> HardExampleMiner(max_negatives_per_positive=1)(losses, 0.0 * losses, boxes, matches).numpy().tolist()
    [[1.0, 1.0, 0.0, 0.0]]

    Attributes:
      num_hard_examples: The most that suppression selects; None for no limit.
      iou_threshold: Boxes that overlap by more count as one.
      class_weight, box_weight: How much each of the two losses counts as score.
      max_negatives_per_positive: None keeps all that suppression selects.
      min_negatives_per_image: The least limit of the negatives.
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
        """Selects the anchors that count.

        Args:
          class_losses, box_losses: float32 `[B, A]`, at least 0.
          boxes: float32 `[B, A, 4]`, yxyx in any unit, as predicted.
          matches: int32 `[B, A]`, see `tfod.boxes.matching`.

        Returns:
          float32 `[B, A]` of 0 and 1, 1 for the anchors that count. No gradient flows through it.
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
        """The selected anchors int32 `[S]`, in descending order of loss, without the negatives beyond the limit."""
        positive = matches >= 0
        allowed = self.max_negatives_per_positive * tf.reduce_sum(tf.cast(positive, tf.int32))
        allowed = tf.maximum(allowed, self.min_negatives_per_image)
        # An ignored anchor stays if its loss is above that of the first negative beyond the limit (as in the original).
        early = tf.cumsum(tf.cast(matches == BACKGROUND, tf.int32)) <= allowed
        return tf.boolean_mask(selected, positive | early)
