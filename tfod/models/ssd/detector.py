"""SSD (https://arxiv.org/abs/1512.02325): one pass over the image predicts a correction of every anchor."""

from collections.abc import Mapping

import tensorflow as tf

from tfod import names
from tfod.boxes.anchors import Anchors
from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.backbones.backbone import Backbone
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.heads.box_predictor import BoxPredictor
from tfod.models.layers.padding import Fit
from tfod.models.necks.neck import Neck
from tfod.models.preprocess import Preprocess
from tfod.models.ssd.checkpoint_layout import ssd_layout
from tfod.models.ssd.loss import SSDLoss
from tfod.models.ssd.postprocess import SSDPostprocessor

__all__ = ["SSD"]

# A side at which every network makes its variables: each halves it eight times at most.
_SIDE_TO_BUILD_WITH = 256


class SSD(DetectionModel):
    """A backbone, a neck that makes feature maps of its features, and a box predictor over anchors.

    Args:
      fit: What is done to inputs so that the backbone can halve them.
      predicts_raw_boxes: Whether predictions also have all decoded boxes, and from which feature map each comes.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        preprocess: Preprocess,
        backbone: Backbone,
        neck: Neck,
        box_predictor: BoxPredictor,
        anchors: Anchors,
        loss: SSDLoss,
        postprocessor: SSDPostprocessor,
        fit: Fit,
        predicts_raw_boxes: bool = False,
    ) -> None:
        super().__init__("ssd", num_classes=num_classes, preprocess=preprocess)
        self.backbone = backbone
        self.neck = neck
        self.box_predictor = box_predictor
        self._anchors = anchors
        self._loss = loss
        self.postprocessor = postprocessor
        self._fit = fit
        self._predicts_raw_boxes = predicts_raw_boxes
        self._create_variables()

    def predict(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        *,
        labels: Mapping[str, tf.Tensor] | None = None,
        training: bool,
    ) -> Tensors:
        """See DetectionModel. Box codes are `[B, A, 4]`, class logits `[B, A, K]`, anchors `[A, 4]`, all float32."""
        end_points = self.backbone(self._fit(inputs), training=training)
        feature_maps = self.neck(end_points, training=training)
        codes, logits = self.box_predictor(feature_maps, training=training)
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
        """See DetectionModel. Also all decoded boxes `[B, A, 4]` and scores `[B, A, K]`, float32."""
        height, width = _sides(prediction[names.PREPROCESSED_INPUTS])
        return self.postprocessor(prediction, true_shapes, height, width)

    def checkpoint_layout(self) -> CheckpointLayout:
        """See DetectionModel."""
        return ssd_layout(self)

    def _raw_boxes(self, codes: tf.Tensor, anchors: tf.Tensor, grids: list[tuple[int, int]]) -> Tensors:
        """All decoded boxes `[B, A, 4]`, and the numbers int32 `[B, A]` of the feature maps that they come from."""
        per_cell = self._anchors.anchors_per_cell
        counts = [rows * columns * boxes for (rows, columns), boxes in zip(grids, per_cell, strict=True)]
        numbers = tf.repeat(tf.range(len(grids)), tf.stack(counts))
        return {
            names.RAW_DETECTION_BOXES: self.postprocessor.box_coder.decode(codes, anchors),
            names.RAW_DETECTION_FEATURE_MAPS: tf.tile(numbers[tf.newaxis], [tf.shape(codes)[0], 1]),
        }

    def _create_variables(self) -> None:
        # Keras makes a layer's variables when it first sees an input. To trace a graph for that takes twice as long as
        # to look at an image.
        side, channels = _SIDE_TO_BUILD_WITH, self.preprocess.resizer.channels
        self.predict(tf.zeros([1, side, side, channels]), tf.constant([[side, side, channels]]), training=False)


def _sides(images: tf.Tensor) -> tuple[int | tf.Tensor, int | tf.Tensor]:
    """Height and width of `[B, H, W, D]`: numbers where they are known, tensors elsewhere."""
    static = images.shape[1:3]
    if static.is_fully_defined():
        return static[0], static[1]
    dynamic = tf.shape(images)
    return dynamic[1], dynamic[2]
