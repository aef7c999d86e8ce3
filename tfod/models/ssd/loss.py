"""The training loss of an SSD."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.targets import TargetAssigner
from tfod.losses.classification import SigmoidFocalLoss
from tfod.losses.localization import SmoothL1Loss

__all__ = ["SSDLoss"]

_CODE_SIZE = 4.0


@dataclass(frozen=True)
class SSDLoss:
    """Classification at all anchors and localization at those matched, per matched anchor of the batch."""

    assign_targets: TargetAssigner
    classification: SigmoidFocalLoss
    localization: SmoothL1Loss
    classification_weight: float = 1.0
    localization_weight: float = 1.0
    normalize_by_matches: bool = True
    normalize_by_code_size: bool = False

    def __call__(self, prediction: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Both losses, scalars under their TensorBoard tags."""
        boxes, classes, weights = _without_common_padding(labels)
        targets = self.assign_targets(prediction[names.ANCHORS], boxes, classes, weights)
        targets = type(targets)(*map(tf.stop_gradient, targets))
        localization = self.localization(prediction[names.BOX_ENCODINGS], targets.boxes, targets.box_weights)
        classification = self.classification(
            prediction[names.CLASS_PREDICTIONS], targets.classes, targets.class_weights
        )
        matches = tf.constant(1.0)
        if self.normalize_by_matches:
            matches = tf.maximum(tf.reduce_sum(targets.box_weights), 1.0)
        code_size = _CODE_SIZE if self.normalize_by_code_size else 1.0
        return {
            names.LOCALIZATION_LOSS: self.localization_weight / (matches * code_size) * localization,
            names.CLASSIFICATION_LOSS: self.classification_weight / matches * classification,
        }


def _without_common_padding(labels: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Boxes, classes and weights cut to the most boxes that an image of the batch has, but at least one.

    Work on targets grows with the boxes, and most data sets have far fewer than the padding allows.
    """
    most = tf.maximum(tf.reduce_max(labels[names.NUM_GROUNDTRUTH_BOXES]), 1)
    return (
        labels[names.GROUNDTRUTH_BOXES][:, :most],
        labels[names.GROUNDTRUTH_CLASSES][:, :most],
        labels[names.GROUNDTRUTH_WEIGHTS][:, :most],
    )
