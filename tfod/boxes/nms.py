"""Non-max suppression over many classes: of boxes that overlap, the one with the best score stays.

Letters: `A` boxes (anchors), `C` classes, `M` candidates (a box and a class), `N` detections at most.
"""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from tfod.boxes.geometry import area, change_frame, clip_to_window
from tfod.errors import ConfigError
from tfod.protos import post_processing_pb2

__all__ = ["MulticlassNMS", "Selection", "nms_from_config"]

# How many of the best candidates are looked at first, and if these do not yield enough detections, next.
# Each is exact when it yields enough (see MulticlassNMS); what changes is only how long it takes.
_PREFIXES = (400, 1200)


class Selection(NamedTuple):
    """Detections of one image, best first, padded with zeros."""

    boxes: tf.Tensor  # float32 [N, 4]
    scores: tf.Tensor  # float32 [N]
    classes: tf.Tensor  # int32 [N], from 0
    indices: tf.Tensor  # int32 [N], rows of the boxes that were given
    count: tf.Tensor  # int32 scalar


class _Survivors(NamedTuple):
    """What suppression left of one image: indices, classes and scores `[S]`, best first."""

    indices: tf.Tensor
    classes: tf.Tensor
    scores: tf.Tensor


@dataclass(frozen=True)
class MulticlassNMS:
    """Greedy suppression in each class by itself, then the best of all classes together.

    Greedy suppression looks at candidates from the best score down, and a candidate is never affected by one
    that comes after it. So what survives among the best M candidates of all classes survives among all of them,
    and where that fills the output the other A·C candidates need not be looked at. This is what happens nearly
    always; where it does not, the whole work is done.

    Equal scores are ordered by class, then by row, as the original orders them.
    """

    score_threshold: float = 0.0
    iou_threshold: float = 0.6
    max_per_class: int = 100
    max_total: int = 100
    soft_nms_sigma: float = 0.0
    class_agnostic: bool = False
    change_coordinate_frame: bool = True

    def __call__(self, boxes: tf.Tensor, scores: tf.Tensor, window: tf.Tensor) -> Selection:
        """Selects among the boxes of one image.

        Args:
          boxes: float32 `[A, 4]`, not clipped.
          scores: float32 `[A, C]`.
          window: float32 `[4]`; what is kept is clipped to it, dropped if nothing is left of it, and (with
            `change_coordinate_frame`) given in coordinates relative to it.
        """
        if not self.class_agnostic:
            return self._select(boxes, scores, window)
        selection = self._select(boxes, tf.reduce_max(scores, axis=1, keepdims=True), window)
        best_class = tf.argmax(scores, axis=1, output_type=tf.int32)
        valid = tf.range(self.max_total) < selection.count
        return selection._replace(classes=tf.where(valid, tf.gather(best_class, selection.indices), 0))

    def _select(self, boxes: tf.Tensor, scores: tf.Tensor, window: tf.Tensor) -> Selection:
        def fill(sizes: tuple[int, ...]) -> Selection:
            if not sizes or self.soft_nms_sigma > 0:
                return self._finish(boxes, self._suppress_all(boxes, scores), window)
            survivors = self._suppress_best(boxes, scores, sizes[0])
            selection = self._finish(boxes, survivors, window)
            return tf.cond(selection.count >= self.max_total, lambda: selection, lambda: fill(sizes[1:]))

        return fill(_PREFIXES)

    def _suppress_best(self, boxes: tf.Tensor, scores: tf.Tensor, size: int) -> _Survivors:
        """Survivors among the `size` best candidates of all classes."""
        classes = scores.shape[1]
        # The best candidates lie on the anchors whose best class is best: two small searches for a large one.
        anchors = tf.math.top_k(
            tf.reduce_max(scores, axis=1), tf.minimum(size, tf.shape(scores)[0]), sorted=False
        ).indices
        anchors = tf.sort(anchors)
        by_class = tf.reshape(tf.transpose(tf.gather(scores, anchors)), [-1])  # [C · anchors]
        best = tf.math.top_k(by_class, tf.minimum(size, tf.size(by_class)))
        candidate_class = best.indices // tf.size(anchors)
        candidate_anchor = tf.gather(anchors, best.indices % tf.size(anchors))
        overlaps = _pairwise_iou(tf.gather(boxes, candidate_anchor))
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
        """Survivors among all candidates, class by class."""
        limit = tf.minimum(self.max_per_class, tf.shape(boxes)[0])

        def one_class(class_scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            indices, kept_scores = tf.image.non_max_suppression_with_scores(
                boxes, class_scores, limit, self.iou_threshold, self.score_threshold, self.soft_nms_sigma
            )
            missing = [[0, limit - tf.size(indices)]]
            return tf.pad(indices, missing), tf.pad(kept_scores, missing, constant_values=-1.0)

        indices, kept_scores = tf.map_fn(
            one_class, tf.transpose(scores), fn_output_signature=(tf.int32, tf.float32)
        )  # each [C, limit]
        order = tf.math.top_k(tf.reshape(kept_scores, [-1]), tf.size(kept_scores))
        chosen = tf.boolean_mask(order.indices, order.values >= 0)
        return _Survivors(
            tf.gather(tf.reshape(indices, [-1]), chosen),
            chosen // tf.maximum(limit, 1),
            tf.boolean_mask(order.values, order.values >= 0),
        )

    def _finish(self, boxes: tf.Tensor, survivors: _Survivors, window: tf.Tensor) -> Selection:
        clipped = clip_to_window(tf.gather(boxes, survivors.indices), window)
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


def _pairwise_iou(boxes: tf.Tensor) -> tf.Tensor:
    """IoU `[M, M]` of boxes `[M, 4]`; empty and inverted boxes have 0 with all, as TensorFlow's kernel has it."""
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=-1)
    height = tf.minimum(ymax[:, tf.newaxis], ymax) - tf.maximum(ymin[:, tf.newaxis], ymin)
    width = tf.minimum(xmax[:, tf.newaxis], xmax) - tf.maximum(xmin[:, tf.newaxis], xmin)
    common = tf.nn.relu(height) * tf.nn.relu(width)
    areas = area(boxes)
    return common / (areas[:, tf.newaxis] + areas - common + tf.where(areas > 0, 0.0, 1.0))


def nms_from_config(config: post_processing_pb2.BatchNonMaxSuppression) -> MulticlassNMS:
    """The suppression that `batch_non_max_suppression` describes.

    `use_static_shapes`, `use_partitioned_nms`, `use_combined_nms`, `use_hard_nms` and `use_cpu_nms` choose
    between implementations in the original; here there is one.
    """
    if config.max_detections_per_class > config.max_total_detections:
        raise ConfigError(
            f"max_detections_per_class {config.max_detections_per_class} is above max_total_detections "
            f"{config.max_total_detections}",
            "post_processing.batch_non_max_suppression",
            "raise max_total_detections",
        )
    agnostic = config.use_class_agnostic_nms
    return MulticlassNMS(
        score_threshold=config.score_threshold,
        iou_threshold=config.iou_threshold,
        # One suppression for all classes together is limited as all classes together.
        max_per_class=config.max_total_detections if agnostic else config.max_detections_per_class,
        max_total=config.max_total_detections,
        soft_nms_sigma=0.0 if config.use_hard_nms else config.soft_nms_sigma,
        class_agnostic=agnostic,
        change_coordinate_frame=config.change_coordinate_frame,
    )
