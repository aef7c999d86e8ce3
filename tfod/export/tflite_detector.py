"""Detectors as TFLite models, in which one operation decodes and suppresses: TFLite_Detection_PostProcess.

TensorFlow does not have that operation. A function that is marked with its name and settings stands for it, and the
converter puts the operation in its place. Letters: `A` anchors, `C` class columns, `M` pairs of an anchor and a class,
`N` detections.

The operation can suppress class by class, but in T threads it then leaves out class T, counted from 0
(https://github.com/tensorflow/tensorflow/issues/56058). So it is given pairs, one class each, and the classes so far
apart that none touches another; boxes are moved back behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.geometry import yxyx_to_cyxhw
from tfod.errors import ConfigError
from tfod.export.formats import CANDIDATES
from tfod.export.suppression import grid_columns, require_hard
from tfod.export.tflite_file import OPERATION, OUTPUTS
from tfod.models.detection_model import DetectionModel
from tfod.models.ssd.detector import SSD

__all__ = ["OPERATION", "OUTPUTS", "Suppression", "require_fixed_size", "tflite_detector"]

_CODER = FasterRcnnBoxCoder()
_UNIT = 1 << 18
"""Of so many is a side of the image made up where boxes are whole numbers."""

# Sides of the image: boxes as wide as that, of two classes, may touch, and those do not overlap by half.
_APART = 4

Finish = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
"""From codes float32 `[1, A, 4]`, scores `[1, A, C]` and anchors `[A, 4]` to OUTPUTS."""


@dataclass(frozen=True)
class Suppression:
    """How the operation suppresses.

    Attributes:
      max_detections: `N`.
      by_class: Each class for itself, as the model does it; else each box counts for its best class alone, and boxes of
        unlike classes suppress each other, which is faster.
      candidates: Of so many pairs, those with the best scores, the operation gets to choose from; None for all anchors
        as they are, which can take longer than the network.
    """

    max_detections: int
    by_class: bool
    candidates: int | None


def tflite_detector(
    model: DetectionModel, suppression: Suppression | None = None, *, takes_pixels: bool = False
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """A `tf.function` of one input, float32 `[1, h, w, 3]`, to OUTPUTS.

    Args:
      suppression: None for the model's own.
      takes_pixels: Whether the input is pixels 0..255; else it is normalised, as `model.preprocess` gives it.

    Raises:
      ConfigError: A model of this kind cannot be written so.
    """
    if not isinstance(model, SSD):
        what = f"a {type(model).__name__} cannot be written with {OPERATION}"
        cure = "use the format saved_model; of two stages `tfod export --formats tflite_float32` makes a file"
        raise ConfigError(what, "--formats tflite", cure)
    height, width = require_fixed_size(model)
    if suppression is None:
        suppression = _suppression_of(model)
    finish = _operation(model, suppression)

    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec([1, height, width, model.preprocess.resizer.channels], tf.float32, "input")],
    )
    def detect(images: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = model.preprocess.pixels.normalize(images) if takes_pixels else images
        shapes = tf.constant([inputs.shape[1:].as_list()])
        codes, logits, anchors = _heads(model, inputs, shapes)
        if suppression.candidates is None:
            found = finish(codes, model.postprocessor.convert_scores(logits), anchors)
        else:
            found = _of_the_best(model, suppression, finish, codes, logits, anchors)
        return dict(zip(OUTPUTS, found, strict=True))

    return detect


def require_fixed_size(model: DetectionModel) -> tuple[int, int]:
    """Height and width of the network's input; ConfigError where they depend on the image."""
    height, width = model.preprocess.resizer.output_shape
    if height is None or width is None:
        cure = f"fix it: --set 'model.{model.name}.image_resizer={{fixed_shape_resizer {{height: 320 width: 320}}}}'"
        raise ConfigError("TFLite models have a fixed size, and this model's depends on the image", "--formats", cure)
    return height, width


def _suppression_of(model: SSD) -> Suppression:
    nms = model.postprocessor.nms
    require_hard(nms, OPERATION)
    return Suppression(nms.max_total, by_class=not nms.class_agnostic, candidates=CANDIDATES)


def _heads(model: SSD, inputs: tf.Tensor, shapes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Codes float32 `[1, A, 4]`, logits `[1, A, C]` and anchors `[A, 4]`, centres and sizes."""
    prediction = model.predict(inputs, shapes, training=False)
    codes, anchors, coder = prediction[names.BOX_ENCODINGS], prediction[names.ANCHORS], model.postprocessor.box_coder
    if not isinstance(coder, FasterRcnnBoxCoder):
        codes = _CODER.encode(coder.decode(codes, anchors), anchors)
    return codes, prediction[names.CLASS_PREDICTIONS], tf.stack(yxyx_to_cyxhw(anchors), axis=-1)


def _of_the_best(
    model: SSD, suppression: Suppression, finish: Finish, codes: tf.Tensor, logits: tf.Tensor, anchors: tf.Tensor
) -> tuple[tf.Tensor, ...]:
    """What `finish` selects of the candidates.

    Anchors, and what becomes of boxes, are whole numbers: int8 would round floats to a hundredth of the image.
    """
    processor, classes = model.postprocessor, model.num_classes
    convert = processor.convert_scores
    # Where the best logits have the best scores, none but the candidates' have to become scores.
    if convert not in (tf.sigmoid, tf.identity):
        logits, convert = convert(logits), tf.identity
    values = logits[:, :, processor.first_class :]
    # The batch axis stays: LiteRT takes out a plane, `values[0]`, number by number, for longer than the rest takes.
    count = min(suppression.candidates or 0, values.shape[1])
    rows = tf.math.top_k(tf.reshape(tf.reduce_max(values, axis=-1), [-1]), count).indices
    values = tf.gather(values, rows, axis=1)
    anchors = tf.cast(tf.round(anchors * _UNIT), tf.int32)
    if not suppression.by_class or classes == 1:
        found = finish(tf.gather(codes, rows, axis=1), convert(values), tf.cast(tf.gather(anchors, rows), tf.float32))
        return _as_shares(tf.cast(found[0], tf.int32), found[3]), *found[1:]
    pairs = tf.math.top_k(tf.reshape(values, [-1]), count)
    rows, numbers = tf.gather(rows, pairs.indices // classes), pairs.indices % classes
    moved = tf.gather(anchors, rows) + tf.pad(_place(numbers, classes), [[0, 0], [0, 2]])
    scores = tf.reshape(convert(pairs.values), [1, count, 1])
    boxes, _, best, number = finish(tf.gather(codes, rows, axis=1), scores, tf.cast(moved, tf.float32))
    boxes = tf.cast(boxes, tf.int32)
    numbers = _number(boxes, classes)
    place = _place(numbers, classes)
    boxes -= tf.concat([place, place], axis=-1)
    return _as_shares(boxes, number), tf.cast(numbers, tf.float32), best, number


def _place(numbers: tf.Tensor, classes: int) -> tf.Tensor:
    """How far the boxes of classes, int32 `[..., N]`, from 0, are moved: int32 `[..., N, 2]`, yx."""
    columns = grid_columns(classes)
    return _APART * _UNIT * tf.stack([numbers // columns, numbers % columns], axis=-1)


def _number(boxes: tf.Tensor, classes: int) -> tf.Tensor:
    """The classes, int32 `[1, N]`, from 0, of boxes int32 `[1, N, 4]` that were moved: by where their centres lie."""
    columns, apart = grid_columns(classes), _APART * _UNIT
    ymin, xmin, ymax, xmax = tf.split(boxes, 4, axis=-1)
    # Half of a side to the right and down from the middle of the image, of which the centre may be so far away.
    middle = (apart - _UNIT) // 2
    row, column = ((low // 2 + high // 2 + middle) // apart for low, high in ((ymin, ymax), (xmin, xmax)))
    number = tf.maximum(tf.reshape(row * columns + column, boxes.shape[:2]), 0)
    # Not by `tf.minimum`: of the whole numbers between 0 and 6 the converter makes a Relu6, which TFLite has not.
    return tf.where(number < classes, number, classes - 1)


def _as_shares(boxes: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Boxes int32 `[1, N, 4]` as float32 parts of the image's sides; `count` is a number below _UNIT."""
    # By a constant it would be a multiplication, which int8 rounds; what is divided stays float32.
    unit = tf.maximum(tf.cast(count, tf.int32), _UNIT)
    return tf.cast(boxes, tf.float32) / tf.cast(unit, tf.float32)


def _operation(model: SSD, suppression: Suppression) -> Finish:
    nms, coder = model.postprocessor.nms, model.postprocessor.box_coder
    scales = coder if isinstance(coder, FasterRcnnBoxCoder) else _CODER
    settings = {
        "max_detections": f"i: {suppression.max_detections}",
        "max_classes_per_detection": "i: 1",
        "detections_per_class": f"i: {nms.max_per_class}",
        "use_regular_nms": f"b: {str(suppression.by_class and suppression.candidates is None).lower()}",
        "nms_score_threshold": f"f: {nms.score_threshold!r}",
        "nms_iou_threshold": f"f: {nms.iou_threshold!r}",
        "y_scale": f"f: {scales.y_scale!r}",
        "x_scale": f"f: {scales.x_scale!r}",
        "h_scale": f"f: {scales.height_scale!r}",
        "w_scale": f"f: {scales.width_scale!r}",
        "num_classes": f"i: {1 if suppression.candidates is not None and suppression.by_class else model.num_classes}",
    }
    attributes = (f'attr {{ key: "{name}" value {{ {value} }} }}' for name, value in settings.items())
    mark = " ".join([f'name: "{OPERATION}"', *attributes])

    count = suppression.max_detections
    # As in the original's graph, whose outputs are numbers, where nothing comes behind it.
    shapes = [[]] * 4 if suppression.candidates is None else [[1, count, 4], [1, count], [1, count], [1]]

    @tf.function(autograph=False, experimental_implements=mark)
    def finish(codes: tf.Tensor, scores: tf.Tensor, anchors: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(tf.zeros(shape, name=name) for shape, name in zip(shapes, OUTPUTS, strict=True))

    return finish
