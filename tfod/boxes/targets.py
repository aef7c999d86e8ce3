"""Training targets: what the network should predict at each anchor, and how much each anchor counts."""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.geometry import iou
from tfod.boxes.matching import BACKGROUND, ArgMaxMatcher

__all__ = ["TargetAssigner", "Targets"]


class Targets(NamedTuple):
    """Targets of a batch; `K` is C, or C + 1 with a background column first."""

    classes: tf.Tensor  # float32 [B, A, K]
    class_weights: tf.Tensor  # float32 [B, A]
    boxes: tf.Tensor  # float32 [B, A, 4], coded
    box_weights: tf.Tensor  # float32 [B, A], 0 where no box is matched


@dataclass(frozen=True)
class TargetAssigner:
    """Assigns ground truth to anchors by intersection over union."""

    matcher: ArgMaxMatcher
    box_coder: FasterRcnnBoxCoder
    background_column: bool = True
    background_as_zeros: bool = False
    negative_class_weight: float = 1.0

    def __call__(self, anchors: tf.Tensor, boxes: tf.Tensor, classes: tf.Tensor, weights: tf.Tensor) -> Targets:
        """Targets for anchors `[A, 4]`.

        Args:
          boxes: float32 `[B, N, 4]`, in the unit of the anchors; padding is zero. N must not be 0.
          classes: float32 `[B, N, C]`, one-hot.
          weights: float32 `[B, N]`, 0 for padding.
        """
        matches = self.matcher(iou(boxes, anchors), valid=weights > 0)
        matched = matches >= 0
        rows = tf.maximum(matches, 0)
        matched_weights = tf.gather(weights, rows, batch_dims=1)
        # Encoding the anchor itself where nothing is matched gives zeros, and no logarithm of an empty box.
        matched_boxes = tf.where(matched[..., tf.newaxis], tf.gather(boxes, rows, batch_dims=1), anchors)
        background_weight = tf.where(matches == BACKGROUND, self.negative_class_weight, 0.0)
        return Targets(
            classes=self._class_targets(tf.gather(classes, rows, batch_dims=1), matched),
            class_weights=tf.where(matched, matched_weights, background_weight),
            boxes=self.box_coder.encode(matched_boxes, anchors),
            box_weights=tf.where(matched, matched_weights, 0.0),
        )

    def _class_targets(self, matched_classes: tf.Tensor, matched: tf.Tensor) -> tf.Tensor:
        classes = tf.where(matched[..., tf.newaxis], matched_classes, 0.0)
        if not self.background_column:
            return classes
        unmatched = tf.cast(~matched, tf.float32)[..., tf.newaxis]
        background = tf.zeros_like(unmatched) if self.background_as_zeros else unmatched
        return tf.concat([background, classes], axis=-1)
