"""The MobileDets (https://arxiv.org/abs/2004.14525), each found by search for one kind of processor."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.mobile_block import MobileBlock, hard_swish
from tfod.models.layers.conv import ConvHyperparameters, L2Regularizer
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.sequential import Sequential

__all__ = ["MobileDet", "Processor"]

Processor = Literal["cpu", "dsp", "edgetpu", "gpu"]

_STEM_CHANNELS = {"cpu": 16, "dsp": 32, "edgetpu": 32, "gpu": 32}
_SQUEEZE = 0.25
# Of a normal distribution, cut off at twice its standard deviation, that of what is left.
_TRUNCATED_DEVIATION = 0.87962566103423978


@dataclass(frozen=True)
class _Block:
    """Attributes: `ranks`: instead of an expansion, of a tucker block, the widths inside as shares of those outside."""

    kind: Literal["unexpanded", "bottleneck", "fused", "tucker"]
    channels: int
    expansion: int = 1
    kernel_size: int = 3
    stride: int = 1
    residual: bool = True
    ranks: tuple[float, float] = (0.25, 0.25)


def _ibn(channels: int, expansion: int, kernel_size: int = 3, stride: int = 1, *, residual: bool = True) -> _Block:
    return _Block("bottleneck", channels, expansion, kernel_size, stride, residual and stride == 1)


def _fused(channels: int, expansion: int, kernel_size: int = 3, stride: int = 1, *, residual: bool = True) -> _Block:
    return _Block("fused", channels, expansion, kernel_size, stride, residual and stride == 1)


def _tucker(channels: int, ranks: tuple[float, float] = (0.25, 0.25), *, residual: bool = True) -> _Block:
    return _Block("tucker", channels, residual=residual, ranks=ranks)


def _unexpanded(channels: int) -> _Block:
    return _Block("unexpanded", channels, residual=False)


# Five stages each; the end points are behind them.
_STAGES: dict[str, tuple[tuple[_Block, ...], ...]] = {
    "cpu": (
        (_unexpanded(8),),
        (_ibn(16, 4, stride=2),),
        (_ibn(32, 8, stride=2), *[_ibn(32, 4)] * 3),
        (
            _ibn(72, 8, 5, 2), _ibn(72, 8), _ibn(72, 4, 5), _ibn(72, 4), _ibn(72, 8, residual=False),
            *[_ibn(72, 8)] * 3,
        ),
        (_ibn(104, 8, 5, 2), *[_ibn(104, 4, 5)] * 2, _ibn(104, 4), _ibn(144, 8, residual=False)),
    ),
    "dsp": (
        (_unexpanded(24),),
        (_fused(32, 4, stride=2), _fused(32, 4), _ibn(32, 4), _tucker(32, (0.25, 0.75))),
        (_fused(64, 8, stride=2), _ibn(64, 4), *[_fused(64, 4)] * 2),
        (
            _fused(120, 8, stride=2), _ibn(120, 4), *[_ibn(120, 8)] * 2, _fused(144, 8, residual=False),
            *[_ibn(144, 8)] * 3,
        ),
        (
            _ibn(160, 4, stride=2), _ibn(160, 4), _fused(160, 4), _tucker(160, (0.75, 0.75)),
            _ibn(240, 8, residual=False),
        ),
    ),
    "edgetpu": (
        (_tucker(16, (0.25, 0.75), residual=False),),
        (_fused(16, 8, stride=2), _fused(16, 4), _fused(16, 8), _fused(16, 4)),
        (_fused(40, 8, 5, 2), *[_fused(40, 4)] * 3),
        (
            _ibn(72, 8, stride=2), _ibn(72, 8), *[_fused(72, 4)] * 2, _ibn(96, 8, 5, residual=False), _ibn(96, 8, 5),
            *[_ibn(96, 8)] * 2,
        ),
        (_ibn(120, 8, 5, 2), _ibn(120, 8), _ibn(120, 4, 5), _ibn(120, 8), _ibn(384, 8, 5, residual=False)),
    ),
    "gpu": (
        (_tucker(16, residual=False),),
        (_fused(32, 8, stride=2), *[_tucker(32)] * 3),
        (_fused(64, 8, stride=2), *[_fused(64, 8)] * 2, _fused(64, 4)),
        (
            _fused(128, 8, stride=2), *[_fused(128, 4)] * 3, _fused(128, 8, residual=False), *[_fused(128, 8)] * 3,
        ),
        (_fused(128, 4, stride=2), *[_fused(128, 4)] * 3, _ibn(384, 8, residual=False)),
    ),
}  # fmt: skip


class MobileDet(tf.Module):
    """See Backbone. End points: "C1" to "C5", each half as fine as the one before.

    Its hyperparameters are its own, in the original too, and freezing normalisation does not reach it.

    Attributes:
      kinds: Of each block how it is made.
    """

    def __init__(self, processor: Processor, *, depth_multiplier: float = 1.0) -> None:
        super().__init__(name=f"mobiledet_{processor}")
        on_cpu = processor == "cpu"
        hp = _hyperparameters(hard_swish if on_cpu else tf.nn.relu6)
        channels = _scaled(_STEM_CHANNELS[processor], depth_multiplier)
        self.stem = Sequential([hp.conv(channels, 3, strides=2), *hp.normalization_and_activation()])
        self.stages: list[list[MobileBlock]] = []
        self.kinds = [[block.kind for block in stage] for stage in _STAGES[processor]]
        self.channels: dict[str, int] = {}
        for number, stage in enumerate(_STAGES[processor], 1):
            blocks = []
            for block in stage:
                output = _scaled(block.channels, depth_multiplier)
                blocks.append(_mobile_block(hp, block, channels, output, excites=on_cpu))
                channels = output
            self.stages.append(blocks)
            self.channels[f"C{number}"] = channels
        self.levels = {level: f"C{level}" for level in range(1, len(self.stages) + 1)}
        self.strides = {name: 2**level for level, name in self.levels.items()}

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone."""
        features, end_points = self.stem(images, training=training), {}
        for number, stage in enumerate(self.stages, 1):
            for block in stage:
                features, _ = block(features, training=training)
            end_points[f"C{number}"] = features
        return end_points


def _mobile_block(hp: ConvHyperparameters, block: _Block, channels: int, output: int, *, excites: bool) -> MobileBlock:
    after, size, stride = hp.normalization_and_activation, block.kernel_size, block.stride
    expanded = channels * block.expansion
    filtering: list[keras.layers.Layer]
    if block.kind == "tucker":
        narrow, filtered = _scaled(channels, block.ranks[0]), _scaled(output, block.ranks[1])
        expand, filtering = [hp.conv(narrow, 1), *after()], [hp.conv(filtered, size, strides=stride), *after()]
    elif block.kind == "fused":
        expand, filtering = [hp.conv(expanded, size, strides=stride), *after()], []
    else:
        expand = [hp.conv(expanded, 1), *after()] if block.kind == "bottleneck" else []
        filtering = [_depthwise(hp, size, stride), *after()]
    return MobileBlock(
        expand,
        filtering,
        [hp.conv(output, 1), *hp.normalization()],
        excite=_excitation(hp, expanded) if excites else (),
        residual=block.residual,
    )


def _depthwise(hp: ConvHyperparameters, kernel_size: int, stride: int) -> keras.layers.DepthwiseConv2D:
    deviation = (2.0 / kernel_size**2) ** 0.5 / _TRUNCATED_DEVIATION
    drawn = dataclasses.replace(hp, make_initializer=lambda: keras.initializers.TruncatedNormal(0.0, deviation))
    return drawn.depthwise_conv(kernel_size, strides=stride)


def _excitation(hp: ConvHyperparameters, channels: int) -> list[keras.layers.Layer]:
    squeeze, widen = (hp.conv(filters, 1, use_bias=True) for filters in (_scaled(channels, _SQUEEZE), channels))
    return [squeeze, *hp.activation_layer(), widen, keras.layers.Activation(tf.sigmoid)]


def _scaled(channels: int, factor: float) -> int:
    """The nearest multiple of 8, the higher of two."""
    return max(8, int(channels * factor / 8 + 0.5) * 8)


def _hyperparameters(activation: object) -> ConvHyperparameters:
    return ConvHyperparameters(
        make_initializer=keras.initializers.HeNormal,
        regularizer=L2Regularizer(4e-5),
        batch_norm=BatchNorm(decay=0.99, epsilon=0.01, scale=True),
        activation=activation,  # type: ignore[arg-type]
    )
