"""Detectors as ONNX models: from images of any number and size to what a SavedModel gives, suppression inside.

Letters: `B` images, `N` detections at most, `h w` the size of a box's own mask.
"""

from collections.abc import Callable

import tensorflow as tf

from tfod import names
from tfod.errors import ConfigError
from tfod.export.suppression import require_hard, suppressed, suppressed_by_class
from tfod.inference.detections import WITH_SHAPES
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.faster_rcnn.detector import FasterRCNN
from tfod.models.ssd.detector import SSD
from tfod.models.suppression import true_windows

__all__ = ["onnx_detector"]

Detect = Callable[[tf.Tensor], Tensors]


def onnx_detector(model: DetectionModel) -> tuple[Detect, tf.TensorSpec]:
    """A `tf.function` of images, uint8 `[B, H, W, 3]`, to detections, of operations that ONNX has; and its input.

    Detections are float32: boxes `[B, N, 4]`, yxyx in [0, 1], scores and classes, from 1, `[B, N]`, their number `[B]`;
    of a Mask R-CNN also masks over the boxes, `[B, N, h, w]` in [0, 1].

    Raises:
      ConfigError: A model of this kind cannot be written so.
    """
    if isinstance(model, SSD):
        find = _of_ssd(model)
    elif isinstance(model, FasterRCNN):
        find = _of_two_stages(model)
    else:
        what = f"a {type(model).__name__} cannot be written as ONNX"
        raise ConfigError(what, "--formats onnx", "use the format saved_model")
    spec = tf.TensorSpec([None, None, None, 3], tf.uint8, names.INPUT_TENSOR)

    @tf.function(autograph=False, input_signature=[spec])
    def detect(input_tensor: tf.Tensor) -> Tensors:
        return {name: tf.identity(value, name) for name, value in find(input_tensor).items()}

    return detect, spec


def _of_ssd(model: SSD) -> Detect:
    processor = model.postprocessor
    require_hard(processor.nms, "ONNX")

    def find(images: tf.Tensor) -> Tensors:
        inputs, true_shapes = model.preprocess(images)
        boxes, scores = processor.decode(model.predict(inputs, true_shapes, training=False))
        sides = tf.shape(inputs)
        windows = true_windows(true_shapes, sides[1], sides[2])
        found = suppressed(processor.nms, boxes, scores[..., processor.first_class :], windows)
        found[names.DETECTION_CLASSES] += float(model.label_id_offset)
        return found

    return find


def _of_two_stages(model: FasterRCNN) -> Detect:
    for nms in model.suppressions:
        require_hard(nms, "ONNX")
    exported = model.computed_by(suppressed_by_class)

    def find(images: tf.Tensor) -> Tensors:
        found = exported.detect(images)
        return {name: found[name] for name in WITH_SHAPES if name in found}

    return find
