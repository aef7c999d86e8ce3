"""InceptionV2, which normalises the batch (https://arxiv.org/abs/1502.03167)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import tf_keras as keras

from tfod.models.backbones.inception import BranchPlan, Conv, Inception, Plan, Pool, Width
from tfod.models.layers.conv import ConvHyperparameters

__all__ = ["INCEPTION_V2_PARTS", "InceptionV2"]

_STEM_CHANNELS = 64
_THREE = (3, 3)


@dataclass(frozen=True)
class _SeparableStem:
    """The first convolution: depthwise-separable, of 7x7 pixels, with several filters a channel."""

    stride: int = 2

    def channels_after(self, channels: int, width: Width) -> int:
        """See Step."""
        return width(_STEM_CHANNELS)

    def layers(self, hyperparameters: ConvHyperparameters, width: Width) -> list[keras.layers.Layer]:
        """See Step."""
        channels, hp = width(_STEM_CHANNELS), hyperparameters
        convolution = keras.layers.SeparableConv2D(
            channels,
            7,
            strides=self.stride,
            padding="same",
            depth_multiplier=max(1, min(channels // 3, 8)),
            use_bias=hp.use_bias,
            depthwise_initializer=keras.initializers.TruncatedNormal(0.0, 1.0),
            depthwise_regularizer=hp.regularizer,
            pointwise_regularizer=hp.regularizer,
        )
        return [convolution, *hp.normalization_and_activation()]


def _narrow(channels: int) -> Conv:
    return Conv(channels, stddev=0.09)


def _keeping(
    single: int,
    one: tuple[int, int],
    two: tuple[int, int],
    pooled: int,
    pool: Literal["average", "maximum"] = "average",
) -> tuple[BranchPlan, ...]:
    """A module of the resolution before: channels of a 1x1 convolution; of one before a 3x3; of one before two 3x3,
    which are equal; and of one after pooling."""
    return (
        (Conv(single),),
        (_narrow(one[0]), Conv(one[1], _THREE)),
        (_narrow(two[0]), Conv(two[1], _THREE), Conv(two[1], _THREE)),
        (Pool(pool), Conv(pooled, stddev=0.1)),
    )


def _halving(one: tuple[int, int], two: tuple[int, int]) -> tuple[BranchPlan, ...]:
    """A module that halves the resolution, without the first branch and without a convolution after pooling."""
    return (
        (_narrow(one[0]), Conv(one[1], _THREE, stride=2)),
        (_narrow(two[0]), Conv(two[1], _THREE), Conv(two[1], _THREE, stride=2)),
        (Pool("maximum", stride=2),),
    )


# By the names of the original, whose Mixed_3b is the paper's inception (3a), Mixed_4a its (3c), and so on.
_PLAN: Plan = {
    "Conv2d_1a_7x7": _SeparableStem(),
    "MaxPool_2a_3x3": Pool("maximum", stride=2),
    "Conv2d_2b_1x1": Conv(64, stddev=0.1),
    "Conv2d_2c_3x3": Conv(192, _THREE),
    "MaxPool_3a_3x3": Pool("maximum", stride=2),
    "Mixed_3b": _keeping(64, (64, 64), (64, 96), 32),
    "Mixed_3c": _keeping(64, (64, 96), (64, 96), 64),
    "Mixed_4a": _halving((128, 160), (64, 96)),
    "Mixed_4b": _keeping(224, (64, 96), (96, 128), 128),
    "Mixed_4c": _keeping(192, (96, 128), (96, 128), 128),
    "Mixed_4d": _keeping(160, (128, 160), (128, 160), 96),
    "Mixed_4e": _keeping(96, (128, 192), (160, 192), 96),
    "Mixed_5a": _halving((128, 192), (192, 256)),
    "Mixed_5b": _keeping(352, (192, 320), (160, 224), 128),
    "Mixed_5c": _keeping(352, (192, 320), (192, 224), 128, "maximum"),
}

INCEPTION_V2_PARTS = tuple(_PLAN)
"""The parts of the whole network."""


class InceptionV2(Inception):
    """See Inception and Backbone. End points: "Conv2d_1a_7x7" to "Mixed_5c", the INCEPTION_V2_PARTS.

    Args:
      parts: Which parts there are.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float = 1.0,
        min_depth: int = 16,
        parts: Sequence[str] = INCEPTION_V2_PARTS,
    ) -> None:
        super().__init__(
            "inception_v2", _PLAN, hyperparameters, depth_multiplier=depth_multiplier, min_depth=min_depth, parts=parts
        )
