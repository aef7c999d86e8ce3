"""SSD (https://arxiv.org/abs/1512.02325): one pass over the picture predicts a correction of every anchor."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from tfod import names
from tfod.augment.resize import ImageResizer
from tfod.boxes.anchors import MultiscaleAnchors
from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.nms import MulticlassNMS
from tfod.errors import ConfigError
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.heads.weight_shared import WeightSharedPredictor
from tfod.models.ssd.feature_extractors import MobileNetV2Fpn
from tfod.models.ssd.loss import SSDLoss

__all__ = ["SSD"]

ScoreConverter = Callable[[tf.Tensor], tf.Tensor]


class SSD(DetectionModel):
    """A feature extractor and a box predictor over anchors.

    Attribute names `_feature_extractor` and `_box_predictor` are the original's: checkpoints have them.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        resizer: ImageResizer,
        feature_extractor: MobileNetV2Fpn,
        box_predictor: WeightSharedPredictor,
        anchors: MultiscaleAnchors,
        box_coder: FasterRcnnBoxCoder,
        loss: SSDLoss,
        score_converter: ScoreConverter,
        nms: MulticlassNMS,
        background_column: bool,
    ) -> None:
        super().__init__("ssd", num_classes=num_classes, resizer=resizer)
        self._feature_extractor = feature_extractor
        self._box_predictor = box_predictor
        self._anchors = anchors
        self._box_coder = box_coder
        self._loss = loss
        self._convert_scores = score_converter
        self._nms = nms
        self._background_column = background_column
        self._create_variables()

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """See DetectionModel."""
        return self._feature_extractor.normalize(images)

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """See DetectionModel."""
        return self._feature_extractor.denormalize(inputs)

    def preprocess_image(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See DetectionModel."""
        # Resizing first would be cheaper and nearly the same, but where a picture has flat areas, activations
        # sit on the kinks of ReLU6, and rounding in the eighth digit moves gradients by percents.
        return self.resizer(self.normalize(tf.cast(image, tf.float32)))

    def predict(self, inputs: tf.Tensor, true_image_shapes: tf.Tensor, *, training: bool) -> Tensors:
        """See DetectionModel. Box codes are `[B, A, 4]`, class logits `[B, A, K]`, anchors `[A, 4]`."""
        feature_maps = self._feature_extractor(inputs, training=training)
        codes, logits = self._box_predictor(feature_maps, training=training)
        height, width = _sides(inputs)
        anchors = self._anchors([_sides(level) for level in feature_maps], height, width)
        prediction = {
            names.PREPROCESSED_INPUTS: inputs,
            names.FEATURE_MAPS: feature_maps,
            names.BOX_ENCODINGS: codes,
            names.CLASS_PREDICTIONS: logits,
            names.ANCHORS: anchors,
        }
        if not training:
            batch = tf.shape(inputs)[0]
            prediction[names.FINAL_ANCHORS] = tf.tile(anchors[tf.newaxis], [batch, 1, 1])
        return prediction

    def loss(self, prediction: Tensors, labels: Mapping[str, tf.Tensor]) -> Tensors:
        """See DetectionModel."""
        return self._loss(prediction, labels)

    def postprocess(self, prediction: Tensors, true_image_shapes: tf.Tensor) -> Tensors:
        """See DetectionModel. Also all decoded boxes `[B, A, 4]` and scores `[B, A, K]`."""
        boxes = self._box_coder.decode(prediction[names.BOX_ENCODINGS], prediction[names.ANCHORS])
        scores = self._convert_scores(prediction[names.CLASS_PREDICTIONS])
        height, width = _sides(prediction[names.PREPROCESSED_INPUTS])
        true_size = tf.cast(true_image_shapes[:, :2], tf.float32) / tf.cast([height, width], tf.float32)
        windows = tf.concat([tf.zeros_like(true_size), true_size], axis=1)
        detections = self._suppress(boxes, scores, windows)
        detections[names.RAW_DETECTION_BOXES] = boxes
        detections[names.RAW_DETECTION_SCORES] = scores
        return detections

    def restore_objects(self, checkpoint_type: str) -> dict[str, tf.Module]:
        """See DetectionModel. The types are classification, detection and full."""
        if checkpoint_type == "classification":
            return {"feature_extractor": self._feature_extractor.classification_backbone}
        if checkpoint_type == "detection":
            model = tf.Module()
            model._feature_extractor = self._feature_extractor
            return {"model": model}
        if checkpoint_type == "full":
            return {"model": self}
        raise ConfigError(
            f"an SSD cannot start from a checkpoint of the type {checkpoint_type!r}",
            "train_config.fine_tune_checkpoint_type",
            'use "detection" (all but the heads), "full" (all) or "classification" (the backbone alone)',
        )

    def _suppress(self, boxes: tf.Tensor, scores: tf.Tensor, windows: tf.Tensor) -> Tensors:
        first_class = 1 if self._background_column else 0

        def one_image(elements: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> Tensors:
            image_boxes, image_scores, window = elements
            selection = self._nms(image_boxes, image_scores[:, first_class:], window)
            valid = tf.range(self._nms.max_total) < selection.count
            multiclass = tf.gather(image_scores, selection.indices)
            return {
                names.DETECTION_BOXES: selection.boxes,
                names.DETECTION_SCORES: selection.scores,
                names.DETECTION_CLASSES: tf.cast(selection.classes, tf.float32),
                names.DETECTION_MULTICLASS_SCORES: tf.where(valid[:, tf.newaxis], multiclass, 0.0),
                names.DETECTION_ANCHOR_INDICES: selection.indices,
                names.NUM_DETECTIONS: tf.cast(selection.count, tf.float32),
            }

        if boxes.shape[0] == 1:
            only = one_image((boxes[0], scores[0], windows[0]))
            return {name: value[tf.newaxis] for name, value in only.items()}
        signature = {
            name: tf.float32
            for name in (
                names.DETECTION_BOXES,
                names.DETECTION_SCORES,
                names.DETECTION_CLASSES,
                names.DETECTION_MULTICLASS_SCORES,
                names.NUM_DETECTIONS,
            )
        } | {names.DETECTION_ANCHOR_INDICES: tf.int32}
        return tf.map_fn(one_image, (boxes, scores, windows), fn_output_signature=signature)

    def _create_variables(self) -> None:
        # Keras makes a layer's variables when it first sees an input; the smallest input will do.
        side = 2 ** max(self._feature_extractor.levels)
        image, shapes = tf.zeros([1, side, side, 3]), tf.constant([[side, side, 3]])
        predict = tf.function(lambda: self.predict(image, shapes, training=False), autograph=False)
        predict.get_concrete_function()


def _sides(images: tf.Tensor) -> tuple[int | tf.Tensor, int | tf.Tensor]:
    """Height and width of `[B, H, W, D]`: numbers where they are known, tensors elsewhere."""
    static = images.shape[1:3]
    if static.is_fully_defined():
        return static[0], static[1]
    dynamic = tf.shape(images)
    return dynamic[1], dynamic[2]
