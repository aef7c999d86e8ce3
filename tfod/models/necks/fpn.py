"""A feature pyramid (https://arxiv.org/abs/1612.03144): coarse features, which know what, meet fine ones, which
know where."""

import tensorflow as tf
import tf_keras as keras

from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers

__all__ = ["TopDownPyramid", "conv_block"]


def conv_block(
    hyperparameters: ConvHyperparameters, depth: int, *, strides: int = 1, separable: bool
) -> list[keras.layers.Layer]:
    """A 3x3 convolution, depthwise-separable or full, with normalisation and activation."""
    make = hyperparameters.separable_conv if separable else hyperparameters.conv
    return [make(depth, 3, strides=strides), *hyperparameters.normalization_and_activation()]


class TopDownPyramid(tf.Module):
    """From the coarsest level down: double, add the projected finer level, smooth.

    The coarsest level is only projected, not smoothed; each finer level starts from the smoothed coarser one.
    Attribute names are the original's, because checkpoints have them.
    """

    def __init__(self, hyperparameters: ConvHyperparameters, *, num_levels: int, depth: int, separable: bool) -> None:
        super().__init__(name="fpn")
        self.top_layers = [hyperparameters.conv(depth, 1, use_bias=True)]
        self.residual_blocks = [[hyperparameters.conv(depth, 1, use_bias=True)] for _ in range(num_levels - 1)]
        self.conv_layers = [conv_block(hyperparameters, depth, separable=separable) for _ in range(num_levels - 1)]

    def __call__(self, levels: list[tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """Features `[B, H_l, W_l, depth]` of the same levels as given, fine to coarse; each halves the last."""
        top_down = apply_layers(self.top_layers, levels[-1], training=training)
        outputs = [top_down]
        for project, smooth, level in zip(self.residual_blocks, self.conv_layers, reversed(levels[:-1]), strict=True):
            merged = _double(top_down) + apply_layers(project, level, training=training)
            top_down = apply_layers(smooth, merged, training=training)
            outputs.append(top_down)
        return outputs[::-1]


def _double(features: tf.Tensor) -> tf.Tensor:
    """Every pixel of `[B, H, W, D]` becomes a square of four."""
    batch, height, width, depth = tf.unstack(tf.shape(features))
    static = features.shape
    column = features[:, :, tf.newaxis, :, tf.newaxis, :]
    doubled = tf.broadcast_to(column, [batch, height, 2, width, 2, depth])
    doubled = tf.reshape(doubled, [batch, 2 * height, 2 * width, static[3]])
    sides = [side * 2 if side is not None else None for side in static[1:3]]
    return tf.ensure_shape(doubled, [static[0], *sides, static[3]])
