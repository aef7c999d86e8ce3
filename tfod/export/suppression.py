"""Suppression in operations that ONNX and TFLite have, for one class of one image.

Of an SSD's anchors the best pairs of an anchor and a class are suppressed in one call, for all images and classes
together, which are moved so far apart that none touches another. Regions are so few that each class has its own call.

Letters: `B` images, `A` anchors or regions, `C` classes, `M` candidates of one image, `S` those of one class that are
kept at most, `N` detections at most.
"""

import math

import tensorflow as tf

from tfod import names
from tfod.boxes.geometry import area, change_frame, clip_to_window
from tfod.boxes.nms import MulticlassNMS
from tfod.errors import ConfigError
from tfod.export.formats import CANDIDATES
from tfod.models.detection_model import Tensors
from tfod.models.suppression import candidate_scores

__all__ = ["grid_columns", "require_hard", "suppressed", "suppressed_by_class"]


def require_hard(nms: MulticlassNMS, what: str) -> None:
    """Raises ConfigError where a format, or an operation of it, would have to suppress softly."""
    if nms.soft_nms_sigma > 0:
        cure = "leave soft_nms_sigma out of the config, or use the format saved_model"
        raise ConfigError(f"{what} has no soft suppression", "--formats", cure)


def suppressed(nms: MulticlassNMS, boxes: tf.Tensor, scores: tf.Tensor, windows: tf.Tensor) -> Tensors:
    """What `nms` selects of the CANDIDATES of each image, for all images at once.

    Args:
      boxes: float32 `[B, A, 4]`, yxyx.
      scores: float32 `[B, A, C]`.
      windows: float32 `[B, 4]`, of what is no padding.

    Returns:
      float32: boxes `[B, N, 4]`, scores and classes, from 0, `[B, N]`, their number `[B]`.
    """
    boxes, values, classes = _candidates(nms, boxes, scores)
    kept = _survivors(nms, boxes, values, classes, columns=grid_columns(scores.shape[2]))
    counted = tf.zeros_like(classes) if nms.class_agnostic else classes
    kept &= _rank(kept, counted, scores.shape[2]) < nms.max_per_class
    return _best(nms, boxes, values, classes, kept, windows)


def suppressed_by_class(
    nms: MulticlassNMS,
    boxes: tf.Tensor,
    scores: tf.Tensor,
    windows: tf.Tensor,
    *,
    first_class: int,
    counts: tf.Tensor | None = None,
) -> Tensors:
    """What `tfod.models.suppression.suppress` gives: each class of each image by itself, among all its boxes.

    For one class of anchors, or all classes of some hundred regions: all of an SSD's would be too many.

    Args:
      boxes: float32 `[B, A, 4]`, or `[B, A, C, 4]` with a box for each class; yxyx, in the unit of the windows.
      scores: float32 `[B, A, K]`, of which C are no background, from `first_class` on.
      windows: float32 `[B, 4]`, of what is no padding.
      counts: int32 `[B]`, how many boxes of an image are no padding; None for all.

    Returns:
      float32: boxes `[B, N, 4]`, scores and classes, from 0, `[B, N]`, their number `[B]`.
    """
    scores = candidate_scores(scores, first_class, counts)
    best_class = tf.argmax(scores, axis=2, output_type=tf.int32)
    if nms.class_agnostic:
        boxes = boxes if boxes.shape.rank == 3 else tf.gather(boxes, best_class, batch_dims=2)
        scores = tf.reduce_max(scores, axis=2, keepdims=True)
    scores = tf.transpose(scores, [0, 2, 1])  # [B, C, A]
    if boxes.shape.rank == 3:
        boxes = tf.tile(boxes[:, tf.newaxis], [1, scores.shape[1], 1, 1])
    else:
        boxes = tf.transpose(boxes, [0, 2, 1, 3])
    rows, kept = _rows_of_survivors(nms, boxes, scores)
    if nms.class_agnostic:
        classes = tf.gather(best_class, rows[:, 0], batch_dims=1)[:, tf.newaxis]
    else:
        classes = tf.zeros_like(rows) + tf.range(scores.shape[1])[:, tf.newaxis]
    boxes, scores = (tf.gather(values, rows, batch_dims=2) for values in (boxes, scores))
    return _best(nms, _joined(boxes), _joined(scores), _joined(classes), _joined(kept), windows)


def grid_columns(classes: int) -> int:
    """How many of the classes are moved apart side by side: in rows and columns, since the nearer to zero, the finer
    are the numbers."""
    return math.ceil(math.sqrt(classes))


def _rows_of_survivors(nms: MulticlassNMS, boxes: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Of boxes `[B, C, A, 4]` and scores `[B, C, A]` the rows that are not suppressed, int32 `[B, C, S]` in [0, A),
    best first, and which of them are no padding, bool `[B, C, S]`."""
    size = nms.max_per_class

    def one_class(elements: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        # Not `tf.image.non_max_suppression_padded`, which is a loop of many operations.
        rows, count = tf.raw_ops.NonMaxSuppressionV4(
            boxes=elements[0],
            scores=elements[1],
            max_output_size=size,
            iou_threshold=nms.iou_threshold,
            score_threshold=nms.score_threshold,
            pad_to_max_output_size=True,
        )
        return rows, tf.range(size) < count

    lists = tf.reshape(boxes, [-1, tf.shape(boxes)[2], 4]), tf.reshape(scores, [-1, tf.shape(scores)[2]])
    signature = tf.TensorSpec([size], tf.int32), tf.TensorSpec([size], tf.bool)
    rows, kept = tf.map_fn(one_class, lists, fn_output_signature=signature)
    shape = [-1, scores.shape[1], size]
    return tf.reshape(rows, shape), tf.reshape(kept, shape)


def _joined(values: tf.Tensor) -> tf.Tensor:
    """Values `[B, C, S, ...]` of all classes as `[B, C · S, ...]`."""
    return tf.reshape(values, [-1, values.shape[1] * values.shape[2], *values.shape[3:]])


def _candidates(nms: MulticlassNMS, boxes: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Boxes `[B, M, 4]`, scores and classes `[B, M]` of the best pairs of an anchor and a class, best first."""
    best_class = tf.argmax(scores, axis=2, output_type=tf.int32)
    if nms.class_agnostic:
        scores = tf.reduce_max(scores, axis=2, keepdims=True)
    size = tf.minimum(CANDIDATES, tf.shape(scores)[1])
    # The best candidates belong to the anchors whose best class is best: two small searches for a large one.
    anchors = tf.math.top_k(tf.reduce_max(scores, axis=2), size).indices
    # Those of equal scores come in the order of their rows, as everywhere.
    anchors = -tf.math.top_k(-anchors, size).values
    near = tf.gather(scores, anchors, batch_dims=1)
    by_class = tf.reshape(tf.transpose(near, [0, 2, 1]), [-1, scores.shape[2] * size])
    best = tf.math.top_k(by_class, tf.minimum(CANDIDATES, scores.shape[2] * size))
    rows = tf.gather(anchors, best.indices % size, batch_dims=1)
    classes = tf.gather(best_class, rows, batch_dims=1) if nms.class_agnostic else best.indices // size
    return tf.gather(boxes, rows, batch_dims=1), best.values, classes


def _survivors(
    nms: MulticlassNMS, boxes: tf.Tensor, values: tf.Tensor, classes: tf.Tensor, *, columns: int
) -> tf.Tensor:
    """Which candidates are not suppressed: bool `[B, M]`."""
    span = tf.reduce_max(boxes) - tf.reduce_min(boxes) + 1.0
    if nms.class_agnostic:
        classes = tf.zeros_like(classes)
    row = classes // columns
    column = classes % columns + columns * tf.range(tf.shape(boxes)[0])[:, tf.newaxis]
    shift = tf.cast(tf.stack([row, column, row, column], axis=-1), tf.float32) * span
    kept = tf.image.non_max_suppression(
        tf.reshape(boxes + shift, [-1, 4]),
        tf.reshape(values, [-1]),
        tf.size(values),
        nms.iou_threshold,
        nms.score_threshold,
    )
    marks = tf.scatter_nd(kept[:, tf.newaxis], tf.ones_like(kept, tf.float32), [tf.size(values)])
    return tf.reshape(marks, tf.shape(values)) > 0.5


def _rank(kept: tf.Tensor, classes: tf.Tensor, count: int) -> tf.Tensor:
    """How many of its class are kept before each candidate: int32 `[B, M]`."""
    # Not -1 for what is not kept: TensorFlow has no column for it, and ONNX takes the last.
    members = tf.one_hot(classes, count) * tf.cast(kept, tf.float32)[..., tf.newaxis]
    return tf.cast(tf.reduce_sum(tf.cumsum(members, axis=1, exclusive=True) * members, axis=2), tf.int32)


def _best(
    nms: MulticlassNMS, boxes: tf.Tensor, values: tf.Tensor, classes: tf.Tensor, kept: tf.Tensor, windows: tf.Tensor
) -> Tensors:
    """The first `N` of what is kept and of which something lies in the window, padded with zeros."""
    boxes = clip_to_window(boxes, windows)
    kept &= area(boxes) > 0.0
    if nms.change_coordinate_frame:
        boxes = change_frame(boxes, windows)
    count = nms.max_total
    missing = tf.maximum(count - tf.shape(values)[1], 0)
    order = tf.math.top_k(tf.pad(tf.where(kept, values, -1.0), [[0, 0], [0, missing]], constant_values=-1.0), count)
    valid = order.values >= 0.0
    places = tf.minimum(order.indices, tf.shape(values)[1] - 1)
    return {
        names.DETECTION_BOXES: tf.where(valid[..., tf.newaxis], tf.gather(boxes, places, batch_dims=1), 0.0),
        names.DETECTION_SCORES: tf.where(valid, order.values, 0.0),
        names.DETECTION_CLASSES: tf.where(valid, tf.cast(tf.gather(classes, places, batch_dims=1), tf.float32), 0.0),
        names.NUM_DETECTIONS: tf.reduce_sum(tf.cast(valid, tf.float32), axis=1),
    }
