"""The extra feature maps of SSD (https://arxiv.org/abs/1512.02325): each half as fine as the one before."""

from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.padding import Padding, padded
from tfod.models.layers.sequential import Sequential

__all__ = ["MultiResolutionMaps"]


class MultiResolutionMaps(tf.Module):
    """Feature maps of a backbone, continued by a 1x1 convolution to half of each depth and a 3x3 one of stride 2.

    Args:
      end_points: Names and channels of those of the backbone that are feature maps, fine to coarse.
      added: Of the maps that are added: channels of the 1x1 and of the 3x3 convolution.
      separable: Whether the 3x3 convolutions are depthwise-separable.
      kernel_sizes: Sides of the kernels that halve, where they are not 3.

    Attributes:
      downsample: The convolutions of each map that is added.
      depths: Channels of each map.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        end_points: Mapping[str, int],
        added: Sequence[tuple[int, int]],
        separable: bool,
        padding: Padding = "same",
        kernel_sizes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(name="feature_maps")
        self.end_points = tuple(end_points)
        self.downsample = [
            Sequential(_halving_layers(hyperparameters, *pair, side, separable=separable, padding=padding))
            for pair, side in zip(added, kernel_sizes or [3] * len(added), strict=True)
        ]
        self.depths = (*end_points.values(), *(depth for _, depth in added))

    def __call__(self, end_points: Mapping[str, tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """See Neck."""
        maps = [end_points[name] for name in self.end_points]
        for downsample in self.downsample:
            maps.append(downsample(maps[-1], training=training))
        return maps


def _halving_layers(
    hp: ConvHyperparameters, half: int, depth: int, side: int, *, separable: bool, padding: Padding
) -> list[keras.layers.Layer]:
    after = hp.normalization_and_activation
    first = [hp.conv(half, 1), *after()]
    if not separable:
        return [*first, *padded(padding, side, lambda pad: hp.conv(depth, side, strides=2, padding=pad)), *after()]
    depthwise = padded(padding, side, lambda pad: hp.depthwise_conv(side, strides=2, padding=pad, plain_kernel=True))
    return [*first, *depthwise, *after(), hp.conv(depth, 1), *after()]
