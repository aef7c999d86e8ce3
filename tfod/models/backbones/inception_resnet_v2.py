"""Inception-ResNet-v2 (https://arxiv.org/abs/1602.07261), as detectors of two stages have it: padded throughout."""

from collections.abc import Sequence
from typing import Literal

from tfod.models.backbones.inception import BranchPlan, Conv, Inception, Plan, Pool, Residual
from tfod.models.layers.conv import ConvHyperparameters

__all__ = ["FIRST_STAGE_PARTS", "SECOND_STAGE_PARTS", "InceptionResNetV2"]

_THREE = (3, 3)


def _plan(*, halves: bool, padding: Literal["same", "valid"]) -> Plan:
    """The whole network; `halves`: whether Mixed_6a does, or what follows is dilated; `padding`: that of Mixed_7a."""
    stride, dilation = (2, 1) if halves else (1, 2)

    def half(channels: int) -> Conv:
        return Conv(channels, _THREE, stride=2, padding=padding)

    return {
        "Conv2d_1a_3x3": Conv(32, _THREE, stride=2),
        "Conv2d_2a_3x3": Conv(32, _THREE),
        "Conv2d_2b_3x3": Conv(64, _THREE),
        "MaxPool_3a_3x3": Pool("maximum", stride=2),
        "Conv2d_3b_1x1": Conv(80),
        "Conv2d_4a_3x3": Conv(192, _THREE),
        "MaxPool_5a_3x3": Pool("maximum", stride=2),
        "Mixed_5b": (
            (Conv(96),),
            (Conv(48), Conv(64, (5, 5))),
            (Conv(64), Conv(96, _THREE), Conv(96, _THREE)),
            (Pool("average"), Conv(64)),
        ),
        **{f"block35_{number}": Residual(_FINE, 0.17) for number in range(1, 11)},
        "Mixed_6a": (
            (Conv(384, _THREE, stride=stride),),
            (Conv(256), Conv(256, _THREE), Conv(384, _THREE, stride=stride)),
            (Pool("maximum", stride=stride),),
        ),
        **{f"block17_{number}": Residual(_middle(dilation), 0.1) for number in range(1, 21)},
        "Mixed_7a": (
            (Conv(256), half(384)),
            (Conv(256), half(288)),
            (Conv(256), Conv(288, _THREE), half(320)),
            (Pool("maximum", stride=2, padding=padding),),
        ),
        **{f"block8_{number}": Residual(_COARSE, 0.2) for number in range(1, 10)},
        "block8_10": Residual(_COARSE, 1.0, activated=False),
        "Conv2d_7b_1x1": Conv(1536),
    }


_FINE: tuple[BranchPlan, ...] = (
    (Conv(32),),
    (Conv(32), Conv(32, _THREE)),
    (Conv(32), Conv(48, _THREE), Conv(64, _THREE)),
)
# Kernels of 3x3 pixels as products of 1x3 and 3x1.
_COARSE: tuple[BranchPlan, ...] = ((Conv(192),), (Conv(192), Conv(224, (1, 3)), Conv(256, (3, 1))))


def _middle(dilation: int) -> tuple[BranchPlan, ...]:
    """Kernels of 7x7 pixels as products of 1x7 and 7x1."""
    wide, high = Conv(160, (1, 7), dilation=dilation), Conv(192, (7, 1), dilation=dilation)
    return ((Conv(192),), (Conv(128), wide, high))


_PARTS = tuple(_plan(halves=True, padding="same"))
_CUT = _PARTS.index("Mixed_7a")
FIRST_STAGE_PARTS, SECOND_STAGE_PARTS = _PARTS[:_CUT], _PARTS[_CUT:]
"""What looks at images, and what looks at regions of its last features, those of "block17_20"."""


class InceptionResNetV2(Inception):
    """See Inception and Backbone. End points: "Conv2d_1a_3x3" to "Conv2d_7b_1x1".

    Args:
      output_stride: That of "block17_20", 8 or 16. With 8 its blocks are dilated, and TF-Slim's network ends there.
      parts: Which parts there are, one after the other.
      slim: Whether it is TF-Slim's network, not Keras': what halves in "Mixed_7a" is not padded.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        output_stride: int = 16,
        depth_multiplier: float = 1.0,
        parts: Sequence[str] = _PARTS,
        slim: bool = False,
    ) -> None:
        plan = _plan(halves=output_stride == 16, padding="valid" if slim else "same")
        super().__init__(
            "inception_resnet_v2", plan, hyperparameters, depth_multiplier=depth_multiplier, min_depth=1, parts=parts
        )
