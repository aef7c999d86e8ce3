"""The block that MobileNetV3 and the MobileDets are made of."""

from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.sequential import Sequential

__all__ = ["MobileBlock", "hard_swish"]

Layers = Sequence[keras.layers.Layer]


class MobileBlock(tf.Module):
    """Expand, filter, excite channels and project, as far as there are layers for it; added to the input or not.

    To excite (https://arxiv.org/abs/1709.01507) is to multiply every channel by a number from 0 to 1 that follows from
    the means of all channels over the image.

    Attributes:
      excite: From means of channels to their factors.
    """

    def __init__(
        self, expand: Layers, filtering: Layers, project: Layers, *, excite: Layers = (), residual: bool
    ) -> None:
        super().__init__(name="mobile_block")
        self.expand = Sequential(expand)
        self.filter = Sequential(filtering)
        self.excite = Sequential(excite)
        self.project = Sequential(project)
        self._residual = residual

    def __call__(self, features: tf.Tensor, *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Of features `[B, H, W, C]`, float32 or bfloat16, those after the block and the expanded ones inside."""
        expanded = self.expand(features, training=training)
        filtered = self.filter(expanded, training=training)
        if self.excite.layers:
            means = tf.reduce_mean(filtered, axis=[1, 2], keepdims=True)
            filtered *= self.excite(means, training=training)
        output = self.project(filtered, training=training)
        return features + output if self._residual else output, expanded


def hard_swish(features: tf.Tensor) -> tf.Tensor:
    """x · relu6(x + 3) / 6 of features x `[B, H, W, C]`, float32 or bfloat16."""
    return features * tf.nn.relu6(features + 3.0) * (1.0 / 6.0)
