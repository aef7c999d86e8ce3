"""Detectors as TFLite models, whose last operation decodes and suppresses: TFLite_Detection_PostProcess.

TensorFlow does not have that operation. A function that is marked with its name and settings stands for it, and the
converter puts the operation in its place. Letters: `A` anchors, `C` class columns, `N` detections.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.geometry import yxyx_to_cyxhw
from tfod.errors import ConfigError
from tfod.export.formats import CANDIDATES
from tfod.export.tflite_file import OPERATION, OUTPUTS
from tfod.models.detection_model import DetectionModel
from tfod.models.ssd.detector import SSD

__all__ = ["OPERATION", "OUTPUTS", "Suppression", "require_fixed_size", "tflite_detector"]

_CODER = FasterRcnnBoxCoder()


@dataclass(frozen=True)
class Suppression:
    """How the operation suppresses.

    Attributes:
      max_detections: `N`.
      by_class: Each class for itself, as the model does it; else each box counts for its best class alone, and boxes of
        unlike classes suppress each other, which is faster.
      candidates: Of so many anchors, those with the best scores, and of so many of their pairs of an anchor and a class
        the operation gets to choose from; None for all. It suppresses class by class, also among the thousands of pairs
        that come to nothing, which can take longer than the network.
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
        raise ConfigError(what, "--formats tflite", "use the format saved_model or onnx")
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
        return dict(zip(OUTPUTS, finish(*_heads(model, suppression, inputs, shapes)), strict=True))

    return detect


def require_fixed_size(model: DetectionModel) -> tuple[int, int]:
    """Height and width of the network's input; ConfigError where they depend on the image."""
    height, width = model.preprocess.resizer.output_shape
    if height is None or width is None:
        cure = "fix it: --set 'model.ssd.image_resizer={fixed_shape_resizer {height: 320 width: 320}}'"
        raise ConfigError("TFLite models have a fixed size, and this model's depends on the image", "--formats", cure)
    return height, width


def _suppression_of(model: SSD) -> Suppression:
    nms = model.postprocessor.nms
    if nms.soft_nms_sigma > 0:
        cure = "leave soft_nms_sigma out of the config, or use the format saved_model"
        raise ConfigError(f"{OPERATION} has no soft suppression", "--formats", cure)
    return Suppression(nms.max_total, by_class=not nms.class_agnostic, candidates=CANDIDATES)


def _heads(model: SSD, suppression: Suppression, inputs: tf.Tensor, shapes: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Codes float32 `[1, A, 4]`, scores `[1, A, C]` and anchors `[A, 4]`, centres and sizes, of the candidates."""
    prediction = model.predict(inputs, shapes, training=False)
    processor, anchors = model.postprocessor, prediction[names.ANCHORS]
    codes = prediction[names.BOX_ENCODINGS]
    if not isinstance(processor.box_coder, FasterRcnnBoxCoder):
        codes = _CODER.encode(processor.box_coder.decode(codes, anchors), anchors)
    logits, centred = prediction[names.CLASS_PREDICTIONS], tf.stack(yxyx_to_cyxhw(anchors), axis=-1)
    if suppression.candidates is None or suppression.candidates >= logits.shape[1]:
        return codes, processor.convert_scores(logits), centred
    # Where the best logits have the best scores, none but the candidates' have to become scores.
    increases = processor.convert_scores in (tf.sigmoid, tf.identity)
    scores = logits if increases else processor.convert_scores(logits)
    # The batch axis stays: LiteRT takes out a plane, `scores[0]`, number by number, longer than all else here takes.
    best_score = tf.reduce_max(scores[:, :, processor.first_class :], axis=-1)
    best = tf.math.top_k(tf.reshape(best_score, [-1]), suppression.candidates).indices
    scores = tf.gather(scores, best, axis=1)
    if increases:
        scores = processor.convert_scores(scores)
    scores = _best_pairs(scores, processor.first_class, suppression.candidates)
    return tf.gather(codes, best, axis=1), scores, tf.gather(centred, best)


def _best_pairs(scores: tf.Tensor, first_class: int, count: int) -> tf.Tensor:
    """Scores `[1, A, C]` of which all but the `count` best are 0, which the operation passes over."""
    pairs = tf.reshape(scores[:, :, first_class:], [-1])
    if pairs.shape[0] <= count:
        return scores
    least = tf.math.top_k(pairs, count).values[count - 1]
    return tf.where(scores >= least, scores, 0.0)


def _operation(model: SSD, suppression: Suppression) -> Callable[..., tuple[tf.Tensor, ...]]:
    nms, coder = model.postprocessor.nms, model.postprocessor.box_coder
    scales = coder if isinstance(coder, FasterRcnnBoxCoder) else _CODER
    settings = {
        "max_detections": f"i: {suppression.max_detections}",
        "max_classes_per_detection": "i: 1",
        "detections_per_class": f"i: {nms.max_per_class}",
        "use_regular_nms": f"b: {str(suppression.by_class).lower()}",
        "nms_score_threshold": f"f: {nms.score_threshold!r}",
        "nms_iou_threshold": f"f: {nms.iou_threshold!r}",
        "y_scale": f"f: {scales.y_scale!r}",
        "x_scale": f"f: {scales.x_scale!r}",
        "h_scale": f"f: {scales.height_scale!r}",
        "w_scale": f"f: {scales.width_scale!r}",
        "num_classes": f"i: {model.num_classes}",
    }
    attributes = (f'attr {{ key: "{name}" value {{ {value} }} }}' for name, value in settings.items())
    mark = " ".join([f'name: "{OPERATION}"', *attributes])

    @tf.function(autograph=False, experimental_implements=mark)
    def finish(codes: tf.Tensor, scores: tf.Tensor, anchors: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(tf.constant(0.0, name=name) for name in OUTPUTS)

    return finish
