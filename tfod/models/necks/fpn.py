"""A feature pyramid (https://arxiv.org/abs/1612.03144): coarse features, which know what, meet fine ones, which
know where."""

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.mobilenet import Padding, padded
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers

__all__ = ["TopDownPyramid", "conv_block"]


def conv_block(
    hyperparameters: ConvHyperparameters, depth: int, *, strides: int = 1, separable: bool, padding: Padding = "same"
) -> list[keras.layers.Layer]:
    """A 3x3 convolution, depthwise-separable or full, with normalisation and activation."""
    make = hyperparameters.separable_conv if separable else hyperparameters.conv
    convolution = padded(padding, 3, lambda pad: make(depth, 3, strides=strides, padding=pad))
    return [*convolution, *hyperparameters.normalization_and_activation()]


class TopDownPyramid(tf.Module):
    """From the coarsest level down: double, add the projected finer level, smooth.

    The coarsest level is only projected, not smoothed; each finer level starts from the smoothed coarser one.
    Attribute names are the original's, because checkpoints have them.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        num_levels: int,
        depth: int,
        separable: bool,
        padding: Padding = "same",
    ) -> None:
        super().__init__(name="fpn")
        self.top_layers = [hyperparameters.conv(depth, 1, use_bias=True)]
        self.residual_blocks = [[hyperparameters.conv(depth, 1, use_bias=True)] for _ in range(num_levels - 1)]
        self.conv_layers = [
            conv_block(hyperparameters, depth, separable=separable, padding=padding) for _ in range(num_levels - 1)
        ]

    def __call__(self, levels: list[tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """Features `[B, H_l, W_l, depth]` of the same levels as given, fine to coarse.

        Each level halves the one before; where a side is odd the half is rounded up, and doubling it again gives a
        row or column too many, which is cut off.
        """
        top_down = apply_layers(self.top_layers, levels[-1], training=training)
        outputs = [top_down]
        for project, smooth, level in zip(self.residual_blocks, self.conv_layers, reversed(levels[:-1]), strict=True):
            residual = apply_layers(project, level, training=training)
            top_down = apply_layers(smooth, _doubled_to(residual, top_down) + residual, training=training)
            outputs.append(top_down)
        return outputs[::-1]


def _doubled_to(finer: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """Every pixel of `[B, H, W, D]` becomes a square of four; then cut to the sides of the finer level."""
    doubled = _double(features)
    if doubled.shape[1:3].is_fully_defined() and doubled.shape[1:3] == finer.shape[1:3]:
        return doubled
    height, width = tf.unstack(tf.shape(finer)[1:3])
    cut = doubled[:, :height, :width]
    return tf.ensure_shape(cut, [doubled.shape[0], *finer.shape[1:3], doubled.shape[3]])


@tf.custom_gradient
def _double(features: tf.Tensor) -> tuple[tf.Tensor, object]:
    batch, height, width, depth = tf.unstack(tf.shape(features))
    static = features.shape
    column = features[:, :, tf.newaxis, :, tf.newaxis, :]
    doubled = tf.broadcast_to(column, [batch, height, 2, width, 2, depth])
    doubled = tf.reshape(doubled, [batch, 2 * height, 2 * width, static[3]])
    sides = [side * 2 if side is not None else None for side in static[1:3]]

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        # The sum over each square. TensorFlow's own gradient, a sum over two axes, takes up to 15 times as long.
        return 4.0 * tf.nn.avg_pool2d(upstream, 2, 2, "VALID")

    return tf.ensure_shape(doubled, [static[0], *sides, static[3]]), gradient
