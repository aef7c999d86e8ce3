"""MobileNetV3 (https://arxiv.org/abs/1905.02244)."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.mobile_block import MobileBlock, hard_swish
from tfod.models.backbones.widths import divisible
from tfod.models.layers.conv import Activation, ConvHyperparameters
from tfod.models.layers.sequential import Sequential

__all__ = ["V3_EXPANSION", "MobileNetV3"]

V3_EXPANSION = "expansion"
"""The end point that SSD begins with: the widened features in the block that halves the resolution last."""

_STEM_CHANNELS = 16
_SQUEEZE = 4


@dataclass(frozen=True)
class _Block:
    expansion: float
    channels: int
    kernel_size: int = 3
    stride: int = 1
    activation: Activation = tf.nn.relu
    excites: bool = False


def _swish(expansion: float, channels: int, kernel_size: int, stride: int = 1, *, excites: bool = True) -> _Block:
    return _Block(expansion, channels, kernel_size, stride, hard_swish, excites)


# The paper's tables 1 and 2, but that the last stage, from the last halving on, has half as many channels.
_BLOCKS = {
    "large": (
        _Block(1, 16), _Block(4, 24, 3, 2), _Block(3, 24),
        _Block(3, 40, 5, 2, excites=True), *[_Block(3, 40, 5, excites=True)] * 2,
        _swish(6, 80, 3, 2, excites=False), _swish(2.5, 80, 3, excites=False),
        *[_swish(184 / 80, 80, 3, excites=False)] * 2,
        *[_swish(6, 112, 3)] * 2, _swish(6, 80, 5, 2), *[_swish(6, 80, 5)] * 2,
    ),
    "small": (
        _Block(1, 16, 3, 2, excites=True), _Block(72 / 16, 24, 3, 2), _Block(88 / 24, 24),
        _swish(4, 40, 5, 2), *[_swish(6, 40, 5)] * 2, *[_swish(3, 48, 5)] * 2,
        _swish(6, 48, 5, 2), *[_swish(6, 48, 5)] * 2,
    ),
}  # fmt: skip
_TOP_CHANNELS = {"large": 480, "small": 288}


class MobileNetV3(tf.Module):
    """See Backbone. End points: "stem", "block1" and so on, blocks counted from 1; V3_EXPANSION; "top".

    Of the hyperparameters the activation is the network's own, whatever they say.
    """

    def __init__(
        self,
        size: Literal["large", "small"],
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
    ) -> None:
        super().__init__(name=f"mobilenet_v3_{size}")

        def width(nominal: int) -> int:
            return divisible(nominal * depth_multiplier, least=min_depth)

        swish = dataclasses.replace(hyperparameters, activation=hard_swish)
        channels, stride = width(_STEM_CHANNELS), 2
        stem = swish.conv(channels, 3, strides=2, use_bias=False)
        self.stem = Sequential([stem, *swish.normalization_and_activation()])
        self.blocks: list[MobileBlock] = []
        self.channels, self.strides = {"stem": channels}, {"stem": stride}
        self._halving = max(number for number, block in enumerate(_BLOCKS[size]) if block.stride > 1)
        for number, block in enumerate(_BLOCKS[size]):
            hp, output = dataclasses.replace(hyperparameters, activation=block.activation), width(block.channels)
            expanded = divisible(channels * block.expansion)
            if number == self._halving:
                self.channels[V3_EXPANSION], self.strides[V3_EXPANSION] = expanded, stride
            self.blocks.append(_mobile_block(hp, block, channels, max(expanded, channels), output))
            channels, stride = output, stride * block.stride
            self.channels[f"block{number + 1}"], self.strides[f"block{number + 1}"] = channels, stride
        self.channels["top"], self.strides["top"] = width(_TOP_CHANNELS[size]), stride
        top = swish.conv(self.channels["top"], 1, use_bias=False)
        self.top = Sequential([top, *swish.normalization_and_activation()])
        ends = {name: stride for name, stride in self.strides.items() if name != V3_EXPANSION}
        self.levels = {stride.bit_length() - 1: name for name, stride in ends.items()}

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone."""
        features = self.stem(images, training=training)
        end_points = {"stem": features}
        for number, block in enumerate(self.blocks):
            features, expanded = block(features, training=training)
            end_points[f"block{number + 1}"] = features
            if number == self._halving:
                end_points[V3_EXPANSION] = expanded
        end_points["top"] = self.top(features, training=training)
        return end_points


def _mobile_block(hp: ConvHyperparameters, block: _Block, channels: int, expanded: int, output: int) -> MobileBlock:
    after = hp.normalization_and_activation
    return MobileBlock(
        [hp.conv(expanded, 1, use_bias=False), *after()] if expanded > channels else [],
        [hp.depthwise_conv(block.kernel_size, strides=block.stride, use_bias=False), *after()],
        [hp.conv(output, 1, use_bias=False), *hp.normalization()],
        excite=_excitation(hp, expanded) if block.excites else (),
        residual=block.stride == 1 and channels == output,
    )


def _excitation(hp: ConvHyperparameters, channels: int) -> list[keras.layers.Layer]:
    squeeze = hp.conv(divisible(channels / _SQUEEZE), 1, use_bias=True)
    widen = hp.conv(channels, 1, use_bias=True)
    return [squeeze, keras.layers.Activation(tf.nn.relu), widen, keras.layers.Activation(_hard_sigmoid)]


def _hard_sigmoid(features: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu6(features + 3.0) * 0.16667  # the original rounds 1/6, and so does this
