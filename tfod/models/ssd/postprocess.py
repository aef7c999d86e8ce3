"""From what an SSD predicts to detections."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.coders import BoxCoder
from tfod.boxes.nms import MulticlassNMS
from tfod.models.scores import ScoreConverter
from tfod.models.suppression import suppress, true_windows

__all__ = ["SSDPostprocessor"]


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
        detections = suppress(self.nms, boxes, scores, windows, first_class=self.first_class)
        return {**detections, names.RAW_DETECTION_BOXES: boxes, names.RAW_DETECTION_SCORES: scores}

    def decode(self, prediction: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """All boxes, float32 `[B, A, 4]`, not clipped, and all scores, float32 `[B, A, K]`, before suppression."""
        boxes = self.box_coder.decode(prediction[names.BOX_ENCODINGS], prediction[names.ANCHORS])
        return boxes, self.convert_scores(prediction[names.CLASS_PREDICTIONS])
