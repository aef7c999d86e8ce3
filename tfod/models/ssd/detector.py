"""SSD (https://arxiv.org/abs/1512.02325): one pass over the picture predicts a correction of every anchor."""

from collections.abc import Mapping

import tensorflow as tf

from tfod import names
from tfod.augment.resize import ImageResizer
from tfod.boxes.anchors import Anchors
from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.heads.head import BoxPredictor
from tfod.models.ssd.feature_extractors import FeatureExtractor
from tfod.models.ssd.loss import SSDLoss
from tfod.models.ssd.postprocess import SSDPostprocessor

__all__ = ["SSD"]

# A side at which every feature extractor makes its variables: each halves it eight times at most.
_SIDE_TO_BUILD_WITH = 256


class SSD(DetectionModel):
    """A feature extractor and a box predictor over anchors.

    Attribute names `_feature_extractor` and `_box_predictor` are the original's: checkpoints have them.

    Args:
      predicts_raw_boxes: Whether predictions also have all decoded boxes, and from which feature map each comes.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        resizer: ImageResizer,
        feature_extractor: FeatureExtractor,
        box_predictor: BoxPredictor,
        anchors: Anchors,
        loss: SSDLoss,
        postprocessor: SSDPostprocessor,
        predicts_raw_boxes: bool = False,
    ) -> None:
        super().__init__("ssd", num_classes=num_classes, resizer=resizer)
        self._feature_extractor = feature_extractor
        self._box_predictor = box_predictor
        self._anchors = anchors
        self._loss = loss
        self._postprocess = postprocessor
        self._predicts_raw_boxes = predicts_raw_boxes
        self._create_variables()

    def normalize(self, images: tf.Tensor) -> tf.Tensor:
        """See DetectionModel."""
        return self._feature_extractor.pixels.normalize(images)

    def denormalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """See DetectionModel."""
        return self._feature_extractor.pixels.denormalize(inputs)

    def preprocess_image(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See DetectionModel."""
        # Resizing first would be cheaper and nearly the same, but where a picture has flat areas, activations
        # sit on the kinks of ReLU6, and rounding in the eighth digit moves gradients by percents.
        return self.resizer(self.normalize(tf.cast(image, tf.float32)))

    def predict(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        *,
        labels: Mapping[str, tf.Tensor] | None = None,
        training: bool,
    ) -> Tensors:
        """See DetectionModel. Box codes are `[B, A, 4]`, class logits `[B, A, K]`, anchors `[A, 4]`."""
        feature_maps = self._feature_extractor(inputs, training=training)
        codes, logits = self._box_predictor(feature_maps, training=training)
        grids = [_sides(level) for level in feature_maps]
        anchors = self._anchors(grids, *_sides(inputs))
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
        if self._predicts_raw_boxes:
            prediction |= self._raw_boxes(codes, anchors, grids)
        return prediction

    def loss(self, prediction: Tensors, labels: Mapping[str, tf.Tensor], *, training: bool) -> Tensors:
        """See DetectionModel."""
        return self._loss(prediction, labels, training=training)

    def postprocess(self, prediction: Tensors, true_shapes: tf.Tensor) -> Tensors:
        """See DetectionModel. Also all decoded boxes `[B, A, 4]` and scores `[B, A, K]`."""
        height, width = _sides(prediction[names.PREPROCESSED_INPUTS])
        return self._postprocess(prediction, true_shapes, height, width)

    def checkpoint_layout(self) -> CheckpointLayout:
        """See DetectionModel."""
        without_heads = tf.Module()
        without_heads._feature_extractor = self._feature_extractor
        return CheckpointLayout(self, without_heads, self._feature_extractor.classification_backbone)

    def _raw_boxes(self, codes: tf.Tensor, anchors: tf.Tensor, grids: list[tuple[int, int]]) -> Tensors:
        """All decoded boxes `[B, A, 4]`, and the numbers int32 `[B, A]` of the feature maps that they come from."""
        per_cell = self._anchors.anchors_per_cell
        counts = [rows * columns * boxes for (rows, columns), boxes in zip(grids, per_cell, strict=True)]
        numbers = tf.repeat(tf.range(len(grids)), tf.stack(counts))
        return {
            names.RAW_DETECTION_BOXES: self._postprocess.box_coder.decode(codes, anchors),
            names.RAW_DETECTION_FEATURE_MAPS: tf.tile(numbers[tf.newaxis], [tf.shape(codes)[0], 1]),
        }

    def _create_variables(self) -> None:
        # Keras makes a layer's variables when it first sees an input. A graph would be traced twice for that, which
        # takes twice as long as to look at a picture.
        side = _SIDE_TO_BUILD_WITH
        self.predict(tf.zeros([1, side, side, 3]), tf.constant([[side, side, 3]]), training=False)


def _sides(images: tf.Tensor) -> tuple[int | tf.Tensor, int | tf.Tensor]:
    """Height and width of `[B, H, W, D]`: numbers where they are known, tensors elsewhere."""
    static = images.shape[1:3]
    if static.is_fully_defined():
        return static[0], static[1]
    dynamic = tf.shape(images)
    return dynamic[1], dynamic[2]
