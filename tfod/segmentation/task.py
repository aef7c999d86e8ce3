"""A U-Net with its loss, as the training loop sees them."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.segmentation.losses import Loss
from tfod.segmentation.unet import UNet

__all__ = ["SegmentationTask", "as_features_and_labels"]

_TAG = "Loss/{}_loss"


class SegmentationTask:
    """See `tfod.training.trainer.Trainable`; `losses` are the terms of the loss by name."""

    def __init__(self, model: UNet, losses: Mapping[str, Loss]) -> None:
        self._model = model
        self._losses = losses

    def predict(self, inputs: Any, true_image_shapes: Any, *, training: bool) -> dict[str, Any]:
        """Logits, float32 `[B, h, w, C]`."""
        return {names.LOGITS: self._model(inputs, training=training)}

    def loss(self, prediction: Mapping[str, Any], labels: Mapping[str, Any], *, training: bool) -> dict[str, Any]:
        """Each term of the loss by its tag in TensorBoard."""
        logits, masks = prediction[names.LOGITS], labels[names.GROUNDTRUTH_MASK]
        return {_TAG.format(name): loss(logits, masks) for name, loss in self._losses.items()}

    def regularization_loss(self) -> Any:
        """None of the weights alone: adamw decays them by itself."""
        return tf.constant(0.0)


def as_features_and_labels(pictures: Any, masks: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A batch of the data set, pictures float32 `[B, h, w, 3]` and masks int32 `[B, h, w]`, as the loop takes it."""
    shape = tf.shape(pictures)
    shapes = tf.tile(shape[tf.newaxis, 1:], [shape[0], 1])
    return {names.IMAGE: pictures, names.TRUE_IMAGE_SHAPE: shapes}, {names.GROUNDTRUTH_MASK: masks}
