"""A U-Net with its loss, as the training loop sees them."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tfod import names
from tfod.checkpoints.layout import CheckpointLayout
from tfod.segmentation.losses import Loss
from tfod.segmentation.unet import UNet

__all__ = ["SegmentationTask", "as_features_and_labels"]

_TAG = "Loss/{}_loss"

Tensors = dict[str, tf.Tensor]


class SegmentationTask:
    """See `tfod.training.trainer.Trainable`; `losses` are the terms of the loss by name."""

    def __init__(self, model: UNet, losses: Mapping[str, Loss]) -> None:
        self._model = model
        self._losses = losses

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        """See Trainable."""
        return self._model.trainable_variables

    def checkpoint_layout(self) -> CheckpointLayout:
        """See Trainable."""
        return self._model.checkpoint_layout()

    def losses(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        labels: Mapping[str, tf.Tensor],
        *,
        training: bool,
        regularize: bool = True,
    ) -> tuple[Tensors, Tensors]:
        """See Trainable: each term of the loss and their sum; the prediction is logits, float32 `[B, h, w, C]`.

        `labels` are masks, int32 `[B, h, w]`. There is no loss of the weights alone: adamw decays them by itself.
        """
        logits = self._model(inputs, training=training)
        masks = labels[names.GROUNDTRUTH_MASK]
        losses = {_TAG.format(name): loss(logits, masks) for name, loss in self._losses.items()}
        losses[names.TOTAL_LOSS] = tf.add_n(list(losses.values()))
        return losses, {names.LOGITS: logits}


def as_features_and_labels(images: tf.Tensor, masks: tf.Tensor) -> tuple[Tensors, Tensors]:
    """A batch of the data set, images float32 `[B, h, w, 3]` and masks int32 `[B, h, w]`, as the loop takes it."""
    shape = tf.shape(images)
    shapes = tf.tile(shape[tf.newaxis, 1:], [shape[0], 1])
    return {names.IMAGE: images, names.TRUE_IMAGE_SHAPE: shapes}, {names.GROUNDTRUTH_MASK: masks}
