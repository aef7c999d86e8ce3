"""InceptionV3 (https://arxiv.org/abs/1512.00567)."""

from tfod.models.backbones.inception import BranchPlan, Conv, Inception, Plan, Pool
from tfod.models.layers.conv import ConvHyperparameters

__all__ = ["InceptionV3"]

_THREE, _FIVE, _WIDE, _HIGH = (3, 3), (5, 5), (1, 7), (7, 1)


def _fine(pooled: int) -> tuple[BranchPlan, ...]:
    return (
        (Conv(64),),
        (Conv(48), Conv(64, _FIVE)),
        (Conv(64), Conv(96, _THREE), Conv(96, _THREE)),
        (Pool("average"), Conv(pooled)),
    )


def _middle(inner: int) -> tuple[BranchPlan, ...]:
    """Kernels of 7x7 pixels as products of 1x7 and 7x1."""
    return (
        (Conv(192),),
        (Conv(inner), Conv(inner, _WIDE), Conv(192, _HIGH)),
        (Conv(inner), Conv(inner, _HIGH), Conv(inner, _WIDE), Conv(inner, _HIGH), Conv(192, _WIDE)),
        (Pool("average"), Conv(192)),
    )


def _coarse() -> tuple[BranchPlan, ...]:
    """Kernels of 3x3 pixels as sums of 1x3 and 3x1."""
    fork = (Conv(384, (1, 3)), Conv(384, (3, 1)))
    return (
        (Conv(320),),
        (Conv(384), fork),
        (Conv(448), Conv(384, _THREE), fork),
        (Pool("average"), Conv(192)),
    )


def _half(channels: int) -> Conv:
    return Conv(channels, _THREE, stride=2, padding="valid")


_HALVED = Pool("maximum", stride=2, padding="valid")

_PLAN: Plan = {
    "Conv2d_1a_3x3": _half(32),
    "Conv2d_2a_3x3": Conv(32, _THREE, padding="valid"),
    "Conv2d_2b_3x3": Conv(64, _THREE),
    "MaxPool_3a_3x3": _HALVED,
    "Conv2d_3b_1x1": Conv(80),
    "Conv2d_4a_3x3": Conv(192, _THREE, padding="valid"),
    "MaxPool_5a_3x3": _HALVED,
    "Mixed_5b": _fine(32),
    "Mixed_5c": _fine(64),
    "Mixed_5d": _fine(64),
    "Mixed_6a": ((_half(384),), (Conv(64), Conv(96, _THREE), _half(96)), (_HALVED,)),
    "Mixed_6b": _middle(128),
    "Mixed_6c": _middle(160),
    "Mixed_6d": _middle(160),
    "Mixed_6e": _middle(192),
    "Mixed_7a": ((Conv(192), _half(320)), (Conv(192), Conv(192, _WIDE), Conv(192, _HIGH), _half(192)), (_HALVED,)),
    "Mixed_7b": _coarse(),
    "Mixed_7c": _coarse(),
}


class InceptionV3(Inception):
    """See Inception and Backbone. End points: "Conv2d_1a_3x3" to "Mixed_7c".

    Halving is not padded, and some convolutions are not: an end point of stride `S` is a little smaller than `H / S`.
    """

    def __init__(
        self, hyperparameters: ConvHyperparameters, *, depth_multiplier: float = 1.0, min_depth: int = 16
    ) -> None:
        super().__init__(
            "inception_v3", _PLAN, hyperparameters, depth_multiplier=depth_multiplier, min_depth=min_depth, parts=_PLAN
        )
