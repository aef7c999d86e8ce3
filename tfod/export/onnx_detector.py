"""Detectors as ONNX models: from images of any number and size to what a SavedModel gives, suppression inside.

ONNX has one operation that suppresses, for boxes of one class on one image. It is called once, for all images and
classes together, which are moved so far apart that none touches another.

Letters: `B` images, `A` anchors, `C` classes, `M` candidates of one image, `N` detections at most.
"""

from collections.abc import Callable

import tensorflow as tf

from tfod import names
from tfod.boxes.geometry import area, change_frame, clip_to_window
from tfod.boxes.nms import MulticlassNMS
from tfod.errors import ConfigError
from tfod.export.formats import CANDIDATES
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.ssd.detector import SSD
from tfod.models.suppression import true_windows

__all__ = ["onnx_detector", "suppressed"]


def onnx_detector(model: DetectionModel) -> tuple[Callable[[tf.Tensor], Tensors], tf.TensorSpec]:
    """A `tf.function` of images, uint8 `[B, H, W, 3]`, to detections, of operations that ONNX has; and its input.

    Detections are float32: boxes `[B, N, 4]`, yxyx in [0, 1], scores and classes, from 1, `[B, N]`, their number `[B]`.

    Raises:
      ConfigError: A model of this kind cannot be written so.
    """
    if not isinstance(model, SSD):
        what = f"a {type(model).__name__} cannot be written as ONNX"
        raise ConfigError(what, "--formats onnx", "use the format saved_model")
    processor = model.postprocessor
    if processor.nms.soft_nms_sigma > 0:
        cure = "leave soft_nms_sigma out of the config, or use the format saved_model"
        raise ConfigError("ONNX has no soft suppression", "--formats onnx", cure)
    spec = tf.TensorSpec([None, None, None, 3], tf.uint8, names.INPUT_TENSOR)

    @tf.function(autograph=False, input_signature=[spec])
    def detect(input_tensor: tf.Tensor) -> Tensors:
        inputs, true_shapes = model.preprocess(input_tensor)
        boxes, scores = processor.decode(model.predict(inputs, true_shapes, training=False))
        sides = tf.shape(inputs)
        windows = true_windows(true_shapes, sides[1], sides[2])
        found = suppressed(processor.nms, boxes, scores[..., processor.first_class :], windows)
        found[names.DETECTION_CLASSES] += float(model.label_id_offset)
        return {name: tf.identity(value, name) for name, value in found.items()}

    return detect, spec


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
    apart = float(scores.shape[2]) ** 0.5
    kept = _survivors(nms, boxes, values, classes, columns=int(-(-apart // 1)))
    counted = tf.zeros_like(classes) if nms.class_agnostic else classes
    kept &= _rank(kept, counted, scores.shape[2]) < nms.max_per_class
    boxes = clip_to_window(boxes, windows)
    kept &= area(boxes) > 0.0
    if nms.change_coordinate_frame:
        boxes = change_frame(boxes, windows)
    return _best(nms.max_total, boxes, values, classes, kept)


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
    # In rows and columns, not all in one: the nearer to zero, the finer are the numbers.
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


def _best(count: int, boxes: tf.Tensor, values: tf.Tensor, classes: tf.Tensor, kept: tf.Tensor) -> Tensors:
    """The first `N` of what is kept, padded with zeros."""
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
