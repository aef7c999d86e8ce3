"""From what an SSD predicts to detections."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.coders import BoxCoder
from tfod.boxes.nms import MulticlassNMS
from tfod.models.scores import ScoreConverter

__all__ = ["SSDPostprocessor", "true_windows"]

_SIGNATURE = {
    names.DETECTION_BOXES: tf.float32,
    names.DETECTION_SCORES: tf.float32,
    names.DETECTION_CLASSES: tf.float32,
    names.DETECTION_MULTICLASS_SCORES: tf.float32,
    names.DETECTION_ANCHOR_INDICES: tf.int32,
    names.NUM_DETECTIONS: tf.float32,
}


@dataclass(frozen=True)
class SSDPostprocessor:
    """Decodes boxes, converts logits to scores, and suppresses what is found twice.

    Attributes:
      first_class: The first column of the class predictions that is no background.
    """

    box_coder: BoxCoder
    convert_scores: ScoreConverter
    nms: MulticlassNMS
    first_class: int

    def __call__(
        self, prediction: Mapping[str, tf.Tensor], true_shapes: tf.Tensor, height: int, width: int
    ) -> dict[str, tf.Tensor]:
        """Detections as `DetectionModel.postprocess` gives them, all decoded boxes `[B, A, 4]`, scores `[B, A, K]`.

        Args:
          prediction: What `SSD.predict` gives, float32.
          true_shapes: int32 `[B, 3]`, of the inputs without padding.
          height, width: Of the network's input, integers or int32 scalars.
        """
        boxes, scores = self.decode(prediction)
        windows = true_windows(true_shapes, height, width)
        if boxes.shape[0] == 1:
            # The usual case of inference: a loop of one costs more than its body.
            only = self._one_image((boxes[0], scores[0], windows[0]))
            detections = {name: value[tf.newaxis] for name, value in only.items()}
        else:
            detections = tf.map_fn(self._one_image, (boxes, scores, windows), fn_output_signature=_SIGNATURE)
        return {**detections, names.RAW_DETECTION_BOXES: boxes, names.RAW_DETECTION_SCORES: scores}

    def decode(self, prediction: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """All boxes, float32 `[B, A, 4]`, not clipped, and all scores, float32 `[B, A, K]`, before suppression."""
        boxes = self.box_coder.decode(prediction[names.BOX_ENCODINGS], prediction[names.ANCHORS])
        return boxes, self.convert_scores(prediction[names.CLASS_PREDICTIONS])

    def _one_image(self, elements: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        boxes, scores, window = elements
        selection = self.nms(boxes, scores[:, self.first_class :], window)
        valid = tf.range(self.nms.max_total) < selection.count
        multiclass = tf.gather(scores, selection.indices)
        return {
            names.DETECTION_BOXES: selection.boxes,
            names.DETECTION_SCORES: selection.scores,
            names.DETECTION_CLASSES: tf.cast(selection.classes, tf.float32),
            names.DETECTION_MULTICLASS_SCORES: tf.where(valid[:, tf.newaxis], multiclass, 0.0),
            names.DETECTION_ANCHOR_INDICES: selection.indices,
            names.NUM_DETECTIONS: tf.cast(selection.count, tf.float32),
        }


def true_windows(true_shapes: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor) -> tf.Tensor:
    """The part of each input that is no padding: float32 `[B, 4]`, yxyx in [0, 1], of true shapes int32 `[B, 3]`."""
    true_size = tf.cast(true_shapes[:, :2], tf.float32) / tf.cast([height, width], tf.float32)
    return tf.concat([tf.zeros_like(true_size), true_size], axis=1)
