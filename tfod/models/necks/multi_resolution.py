"""The extra feature maps of SSD (https://arxiv.org/abs/1512.02325): each half as fine as the one before."""

from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.mobilenet import Padding, padded
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers

__all__ = ["MultiResolutionMaps"]


class MultiResolutionMaps(tf.Module):
    """Feature maps of a backbone, continued by a 1x1 convolution to half of each depth and a 3x3 one of stride 2.

    Args:
      given: How many maps come from the backbone.
      depths: Of the maps that are added: channels of the 1x1 and of the 3x3 convolution.
      separable: Whether the 3x3 convolutions are depthwise-separable.

    The attribute's name and its lists, empty for the maps that are given, are the original's: checkpoints have them.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        given: int,
        depths: Sequence[tuple[int, int]],
        separable: bool,
        padding: Padding = "same",
    ) -> None:
        super().__init__(name="feature_maps")
        self._given = given
        added = [_halving_block(hyperparameters, *pair, separable=separable, padding=padding) for pair in depths]
        self.convolutions = [*([] for _ in range(given)), *added]

    def __call__(self, maps: Sequence[tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """All maps `[B, H_l, W_l, D_l]`, fine to coarse, beginning with the first of those that are handed over."""
        outputs = list(maps[: self._given])
        for layers in self.convolutions[self._given :]:
            outputs.append(apply_layers(layers, outputs[-1], training=training))
        return outputs


def _halving_block(
    hp: ConvHyperparameters, half: int, depth: int, *, separable: bool, padding: Padding
) -> list[keras.layers.Layer]:
    first = [hp.conv(half, 1), *hp.normalization_and_activation()]
    if not separable:
        full = padded(padding, 3, lambda pad: hp.conv(depth, 3, strides=2, padding=pad))
        return [*first, *full, *hp.normalization_and_activation()]
    depthwise = padded(padding, 3, lambda pad: hp.depthwise_conv(3, strides=2, padding=pad, plain_kernel=True))
    pointwise = [hp.conv(depth, 1), *hp.normalization_and_activation()]
    return [*first, *depthwise, *hp.normalization_and_activation(), *pointwise]
