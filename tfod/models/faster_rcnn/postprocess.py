"""From what the second stage predicts to detections.

Letters: `B` images, `P` proposals of each, `R` = B · P regions, `C` classes, `Q` boxes of a region (C, or 1).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.coders import BoxCoder
from tfod.boxes.nms import MulticlassNMS
from tfod.models.scores import ScoreConverter
from tfod.models.suppression import Suppress, suppress, true_windows

__all__ = ["RegionPostprocessor"]


@dataclass(frozen=True)
class RegionPostprocessor:
    """Corrects the proposals, converts logits to scores, and suppresses what is found twice.

    Attributes:
      suppress: What applies the suppression to a batch.
    """

    box_coder: BoxCoder
    convert_scores: ScoreConverter
    nms: MulticlassNMS
    suppress: Suppress = suppress

    def __call__(self, prediction: Mapping[str, tf.Tensor], true_shapes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Detections as `DetectionModel.postprocess` gives them.

        Also of every proposal the box of its best class, float32 `[B, P, 4]`, relative to the image, and all its
        scores, `[B, P, C + 1]`.

        Args:
          prediction: What `FasterRCNN.predict` gives.
          true_shapes: int32 `[B, 3]`, of the inputs without padding.
        """
        proposals = prediction[names.PROPOSAL_BOXES]
        logits, boxes = self.decode(prediction)
        scores, windows = self.convert_scores(logits), true_windows(true_shapes)
        for_all = boxes.shape[2] == 1
        detections = self.suppress(
            self.nms,
            boxes[:, :, 0] if for_all else boxes,
            scores,
            windows,
            first_class=1,
            counts=prediction[names.NUM_PROPOSALS],
        )
        best = tf.zeros(tf.shape(proposals)[:2], tf.int32) if for_all else _best_class(logits)
        return detections | {
            names.RAW_DETECTION_BOXES: _relative(tf.gather(boxes, best, batch_dims=2), windows[:, tf.newaxis]),
            names.RAW_DETECTION_SCORES: scores,
        }

    def raw_boxes(self, prediction: Mapping[str, tf.Tensor], true_shapes: tf.Tensor) -> dict[str, tf.Tensor]:
        """All boxes before suppression, float32 `[B, P, Q, 4]` relative to the image, and the numbers, int32
        `[B, P, Q]`, of the feature maps that they come from, all 0 as in the original."""
        _, boxes = self.decode(prediction)
        relative = _relative(boxes, true_windows(true_shapes)[:, tf.newaxis, tf.newaxis])
        return {
            names.RAW_DETECTION_BOXES: relative,
            names.RAW_DETECTION_FEATURE_MAPS: tf.zeros(tf.shape(relative)[:3], tf.int32),
        }

    def decode(self, prediction: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits `[B, P, C + 1]`, and boxes `[B, P, Q, 4]` in pixels, not clipped; both float32."""
        proposals = prediction[names.PROPOSAL_BOXES]
        shape = [-1, *proposals.shape[1:2]]
        logits, codes = prediction[names.CLASS_PREDICTIONS], prediction[names.REFINED_BOX_ENCODINGS]
        logits = tf.reshape(logits, [*shape, logits.shape[-1]])
        codes = tf.reshape(codes, [*shape, *codes.shape[1:]])
        return logits, self.box_coder.decode(codes, proposals[:, :, tf.newaxis])


def _relative(boxes: tf.Tensor, windows: tf.Tensor) -> tf.Tensor:
    """Boxes `[..., 4]` of pixels, relative to windows `[..., 4]` from [0, 0] and clipped to them."""
    return tf.clip_by_value(boxes / tf.concat([windows[..., 2:]] * 2, axis=-1), 0.0, 1.0)


def _best_class(logits: tf.Tensor) -> tf.Tensor:
    """int32 `[B, P]` from 0, without the background, of logits `[B, P, C + 1]`."""
    return tf.argmax(logits[..., 1:], axis=-1, output_type=tf.int32)
