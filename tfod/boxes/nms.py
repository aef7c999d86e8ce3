"""Non-max suppression over many classes: of boxes that overlap, the one with the best score stays.

Letters: `A` boxes (anchors), `C` classes, `M` candidates (a box and a class), `S` candidates that are kept, `N`
detections at most.
"""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from tfod.boxes.geometry import area, change_frame, clip_to_window

__all__ = ["MulticlassNMS", "Selection"]


class Selection(NamedTuple):
    """Detections of one image, in descending order of score, padded with zeros."""

    boxes: tf.Tensor  # float32 [N, 4], yxyx, clipped; relative to the window or in the unit of the boxes given
    scores: tf.Tensor  # float32 [N], in the range of the scores given
    classes: tf.Tensor  # int32 [N], from 0
    indices: tf.Tensor  # int32 [N], rows in [0, A) of the boxes given
    count: tf.Tensor  # int32 scalar, detections that are no padding


class _Survivors(NamedTuple):
    """The candidates of one image that suppression kept, each `[S]`, in descending order of score."""

    indices: tf.Tensor
    classes: tf.Tensor
    scores: tf.Tensor


@dataclass(frozen=True)
class MulticlassNMS:
    """Greedy suppression in each class by itself, then the best of all classes together.

    Greedy suppression takes candidates in descending order of score, and a candidate is never affected by one
    that comes after it. So what is kept of the best M candidates of all classes is kept of all A · C candidates, and
    where that fills the output the others need not be examined. This is nearly always so; where it is not, all
    candidates are examined.

    Equal scores are ordered by class, then by row, as the original orders them.

    Three boxes and one class; the second overlaps the first by 0.9:

    >>> boxes = tf.constant([[0., 0., 1., 1.], [0., 0., 1., .9], [0., 0., .5, .5]])
    >>> scores, window = tf.constant([[0.8], [0.7], [0.6]]), tf.constant([0., 0., 1., 1.])
    >>> selection = MulticlassNMS(iou_threshold=0.6, max_total=3)(boxes, scores, window)
    >>> selection.indices.numpy().tolist(), int(selection.count)
    ([0, 2, 0], 2)

    Attributes:
      score_threshold: Candidates must have a higher score.
      iou_threshold: A candidate that overlaps one with a better score by more is suppressed.
      max_per_class: The most detections of one class.
      max_total: `N`, the most detections of one image.
      soft_nms_sigma: Above 0, overlap lowers scores instead (https://arxiv.org/abs/1704.04503), by exp(−IoU² / 2σ).
      class_agnostic: Whether each box counts for its best class only, and boxes of unlike classes suppress each other.
      change_coordinate_frame: Whether detections are relative to the window.
      candidates: How many of the best candidates are examined first, and next if these do not give enough detections.
        This decides only how long it takes, and, if more boxes than that have exactly the same best score, which of
        them come first.
    """

    score_threshold: float = 0.0
    iou_threshold: float = 0.6
    max_per_class: int = 100
    max_total: int = 100
    soft_nms_sigma: float = 0.0
    class_agnostic: bool = False
    change_coordinate_frame: bool = True
    candidates: tuple[int, ...] = (400, 1200)

    def __call__(self, boxes: tf.Tensor, scores: tf.Tensor, window: tf.Tensor) -> Selection:
        """Selects among the boxes of one image.

        Args:
          boxes: float32 `[A, 4]`, or `[A, C, 4]` with a box for each class; yxyx in any unit, not clipped.
          scores: float32 `[A, C]`, at least 0.
          window: float32 `[4]`, yxyx in the unit of the boxes. Detections are clipped to it, dropped if nothing is
            left of them, and (with `change_coordinate_frame`) given in coordinates relative to it.

        Raises:
          ValueError: The boxes are for another number of classes than the scores.
        """
        if boxes.shape.rank == 3 and not boxes.shape[1:2].is_compatible_with(scores.shape[1:2]):
            raise ValueError(f"there are boxes of {boxes.shape[1]} classes, but scores of {scores.shape[1]}")
        if not self.class_agnostic:
            return self._select(boxes, scores, window)
        best_class = tf.argmax(scores, axis=1, output_type=tf.int32)
        if boxes.shape.rank == 3:
            boxes = tf.gather(boxes, best_class, batch_dims=1)
        selection = self._select(boxes, tf.reduce_max(scores, axis=1, keepdims=True), window)
        valid = tf.range(self.max_total) < selection.count
        return selection._replace(classes=tf.where(valid, tf.gather(best_class, selection.indices), 0))

    def _select(self, boxes: tf.Tensor, scores: tf.Tensor, window: tf.Tensor) -> Selection:
        def fill(sizes: tuple[int, ...]) -> Selection:
            if not sizes or self.soft_nms_sigma > 0:
                return self._finish(boxes, self._suppress_all(boxes, scores), window)
            survivors = self._suppress_best(boxes, scores, sizes[0])
            selection = self._finish(boxes, survivors, window)
            return tf.cond(selection.count >= self.max_total, lambda: selection, lambda: fill(sizes[1:]))

        return fill(self.candidates)

    def _suppress_best(self, boxes: tf.Tensor, scores: tf.Tensor, size: int) -> _Survivors:
        """What is kept of the `size` best candidates of all classes."""
        classes = scores.shape[1]
        # The best candidates belong to the anchors whose best class is best: two small searches for a large one.
        anchors = tf.math.top_k(
            tf.reduce_max(scores, axis=1), tf.minimum(size, tf.shape(scores)[0]), sorted=False
        ).indices
        anchors = tf.sort(anchors)
        by_class = tf.reshape(tf.transpose(tf.gather(scores, anchors)), [-1])  # [C · anchors]
        best = tf.math.top_k(by_class, tf.minimum(size, tf.size(by_class)))
        candidate_class = best.indices // tf.size(anchors)
        candidate_anchor = tf.gather(anchors, best.indices % tf.size(anchors))
        overlaps = _pairwise_iou(_boxes_of(boxes, candidate_anchor, candidate_class))
        if classes != 1:
            same_class = candidate_class[:, tf.newaxis] == candidate_class
            overlaps = tf.where(same_class, overlaps, 0.0)
        kept = tf.image.non_max_suppression_overlaps(
            overlaps, best.values, tf.size(best.values), self.iou_threshold, self.score_threshold
        )
        survivors = _Survivors(
            tf.gather(candidate_anchor, kept), tf.gather(candidate_class, kept), tf.gather(best.values, kept)
        )
        return survivors if self.max_per_class >= size else self._limit_per_class(survivors, classes)

    def _limit_per_class(self, survivors: _Survivors, classes: int) -> _Survivors:
        members = tf.one_hot(survivors.classes, classes, dtype=tf.int32)  # [S, C]
        rank = tf.reduce_sum(tf.cumsum(members, exclusive=True) * members, axis=1)
        keep = rank < self.max_per_class
        return _Survivors(*(tf.boolean_mask(field, keep) for field in survivors))

    def _suppress_all(self, boxes: tf.Tensor, scores: tf.Tensor) -> _Survivors:
        """What is kept of all candidates, class by class."""
        limit = tf.minimum(self.max_per_class, tf.shape(boxes)[0])

        by_class: tuple[tf.Tensor, ...] = (tf.transpose(scores),)
        if boxes.shape.rank == 3:
            by_class = (*by_class, tf.transpose(boxes, [1, 0, 2]))

        def one_class(elements: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
            class_scores, class_boxes = elements[0], elements[1] if len(elements) == 2 else boxes
            indices, kept_scores = tf.image.non_max_suppression_with_scores(
                class_boxes, class_scores, limit, self.iou_threshold, self.score_threshold, self.soft_nms_sigma
            )
            missing = [[0, limit - tf.size(indices)]]
            return tf.pad(indices, missing), tf.pad(kept_scores, missing, constant_values=-1.0)

        indices, kept_scores = tf.map_fn(
            one_class, by_class, fn_output_signature=(tf.int32, tf.float32)
        )  # each [C, limit]
        order = tf.math.top_k(tf.reshape(kept_scores, [-1]), tf.size(kept_scores))
        chosen = tf.boolean_mask(order.indices, order.values >= 0)
        return _Survivors(
            tf.gather(tf.reshape(indices, [-1]), chosen),
            chosen // tf.maximum(limit, 1),
            tf.boolean_mask(order.values, order.values >= 0),
        )

    def _finish(self, boxes: tf.Tensor, survivors: _Survivors, window: tf.Tensor) -> Selection:
        clipped = clip_to_window(_boxes_of(boxes, survivors.indices, survivors.classes), window)
        kept = tf.where(area(clipped) > 0)[: self.max_total, 0]
        clipped = tf.gather(clipped, kept)
        if self.change_coordinate_frame:
            clipped = change_frame(clipped, window)
        count = tf.size(kept, out_type=tf.int32)
        missing = self.max_total - count

        def padded(field: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(tf.pad(tf.gather(field, kept), [[0, missing]]), [self.max_total])

        return Selection(
            boxes=tf.ensure_shape(tf.pad(clipped, [[0, missing], [0, 0]]), [self.max_total, 4]),
            scores=padded(survivors.scores),
            classes=padded(survivors.classes),
            indices=padded(survivors.indices),
            count=count,
        )


def _boxes_of(boxes: tf.Tensor, indices: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """The boxes `[M, 4]` of candidates int32 `[M]`, of boxes `[A, 4]` or `[A, C, 4]`."""
    if boxes.shape.rank == 3:
        return tf.gather_nd(boxes, tf.stack([indices, classes], axis=-1))
    return tf.gather(boxes, indices)


def _pairwise_iou(boxes: tf.Tensor) -> tf.Tensor:
    """IoU `[M, M]` of boxes `[M, 4]`; empty and inverted boxes have 0 with all, as TensorFlow's kernel has it."""
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=-1)
    height = tf.minimum(ymax[:, tf.newaxis], ymax) - tf.maximum(ymin[:, tf.newaxis], ymin)
    width = tf.minimum(xmax[:, tf.newaxis], xmax) - tf.maximum(xmin[:, tf.newaxis], xmin)
    common = tf.nn.relu(height) * tf.nn.relu(width)
    areas = area(boxes)
    return common / (areas[:, tf.newaxis] + areas - common + tf.where(areas > 0, 0.0, 1.0))
