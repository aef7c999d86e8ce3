"""The objects of two images, and a model that learns them."""

from collections.abc import Mapping

import tensorflow as tf
import tf_keras as keras

from tfod import names
from tfod.models.detection_model import DetectionModel
from tfod.training.optimizers import create_slots

__all__ = ["BOXES", "CLASSES", "LABELS", "learn"]

CLASSES = 3
# ymin, xmin, ymax, xmax; the second image has one object, the rest is padding.
BOXES = [[[0.1, 0.1, 0.6, 0.6], [0.5, 0.5, 0.9, 1.0]], [[0.2, 0.3, 0.8, 0.7], [0.0, 0.0, 0.0, 0.0]]]
LABELS = {
    names.NUM_GROUNDTRUTH_BOXES: tf.constant([2, 1]),
    names.GROUNDTRUTH_BOXES: tf.constant(BOXES),
    names.GROUNDTRUTH_CLASSES: tf.one_hot([[0, 2], [1, -1]], CLASSES),
    names.GROUNDTRUTH_WEIGHTS: tf.constant([[1.0, 1.0], [1.0, 0.0]]),
}


def learn(
    model: DetectionModel, images: tf.Tensor, steps: int, rate: float, labels: Mapping[str, tf.Tensor] = LABELS
) -> list[float]:
    """The losses of some training steps, without regularization, on two images with the objects above.

    Args:
      images: uint8 or float32 `[2, H, W, 3]` in 0..255.
      rate: Adam's learning rate.
      labels: Further ones, where a model learns more than boxes.
    """
    inputs, shapes = model.preprocess(images)
    variables = model.trainable_variables
    optimizer = keras.optimizers.legacy.Adam(rate)
    create_slots(optimizer, variables)

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses, _ = model.losses(inputs, shapes, labels, training=True, regularize=False)
            total = losses[names.TOTAL_LOSS]
        pairs = zip(tape.gradient(total, variables), variables, strict=True)
        optimizer.apply_gradients([pair for pair in pairs if pair[0] is not None])
        return total

    return [float(step()) for _ in range(steps)]
