"""MobileNetV2 (https://arxiv.org/abs/1801.04381)."""

import tensorflow as tf

from tfod.models.backbones.widths import divisible
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.padding import Padding, padded
from tfod.models.layers.sequential import Sequential

__all__ = ["EXPANSION", "InvertedResidual", "MobileNetV2"]

# The stages of the paper's table 2: (expansion, channels, blocks, stride of the first block).
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# Level -> the last block, counted from 0, at its resolution before the next halving.
_LAST_BLOCKS = {1: 0, 2: 2, 3: 5, 4: 12}
_EXPANDED_BLOCK = 13
EXPANSION = f"block{_EXPANDED_BLOCK}_expansion"
"""The end point that SSD without a pyramid begins with: the widened features in the middle of a block."""
_TOP_CHANNELS = 1280
_STEM_CHANNELS = 32


class InvertedResidual(tf.Module):
    """Expand, filter each channel, project; added to the input where the shapes agree.

    Attributes:
      expand: No layers in the first block of the network.
    """

    def __init__(
        self,
        hp: ConvHyperparameters,
        *,
        expanded: int | None,
        output: int,
        stride: int,
        padding: Padding,
        residual: bool,
    ) -> None:
        super().__init__(name="inverted_residual")
        after = hp.normalization_and_activation
        self.expand = Sequential([hp.conv(expanded, 1, use_bias=False), *after()] if expanded else [])
        filtering = padded(padding, 3, lambda pad: hp.depthwise_conv(3, strides=stride, padding=pad, use_bias=False))
        projection = [hp.conv(output, 1, use_bias=False), *hp.normalization()]
        self.filter_and_project = Sequential([*filtering, *after(), *projection])
        self._residual = residual

    def __call__(self, features: tf.Tensor, *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Of features `[B, H, W, C]`, float32 or bfloat16, those after the block and the widened ones inside."""
        expanded = self.expand(features, training=training)
        output = self.filter_and_project(expanded, training=training)
        return features + output if self._residual else output, expanded


class MobileNetV2(tf.Module):
    """See Backbone. End points: "block0", "block2", "block5", "block12", EXPANSION, and "top", the last convolution's.

    Blocks are counted from 0.

    Args:
      top_channels: Of the last convolution, before they are multiplied.
      slim: Whether widths are those of TF-Slim's network, not of Keras'.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
        padding: Padding = "same",
        top_channels: int = _TOP_CHANNELS,
        slim: bool = False,
    ) -> None:
        super().__init__(name="mobilenet_v2")
        self._multiplier = depth_multiplier
        self._min_depth = min_depth
        self._slim = slim
        hp = hyperparameters
        width, _ = self._widths(_STEM_CHANNELS * depth_multiplier)
        stem = padded(padding, 3, lambda pad: hp.conv(width, 3, strides=2, padding=pad, use_bias=False))
        self.stem = Sequential([*stem, *hp.normalization_and_activation()])
        self.channels: dict[str, int] = {}
        self.blocks = self._make_blocks(hp, width, padding)
        narrows = slim or depth_multiplier < 1
        self.channels["top"] = self._widths(top_channels * (depth_multiplier if narrows else 1.0))[0]
        self.top = Sequential([hp.conv(self.channels["top"], 1, use_bias=False), *hp.normalization_and_activation()])
        self.levels = {**{level: f"block{number}" for level, number in _LAST_BLOCKS.items()}, 5: "top"}
        self.strides = {name: 2**level for level, name in self.levels.items()} | {EXPANSION: 16}

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone."""
        features = self.stem(images, training=training)
        end_points = {}
        for number, block in enumerate(self.blocks):
            features, expanded = block(features, training=training)
            if f"block{number}" in self.strides:
                end_points[f"block{number}"] = features
            if number == _EXPANDED_BLOCK:
                end_points[EXPANSION] = expanded
        end_points["top"] = self.top(features, training=training)
        return end_points

    def _make_blocks(self, hp: ConvHyperparameters, channels: int, padding: Padding) -> list[InvertedResidual]:
        blocks: list[InvertedResidual] = []
        for expansion, base_channels, repeats, first_stride in _STAGES:
            for stride in (first_stride, *(1,) * (repeats - 1)):
                wanted = base_channels * self._multiplier
                output, compared = self._widths(wanted if self._slim else int(wanted))
                expanded = self._expanded(expansion, channels)
                if len(blocks) == _EXPANDED_BLOCK and expanded:
                    self.channels[EXPANSION] = expanded
                residual = stride == 1 and channels == compared
                blocks.append(
                    InvertedResidual(
                        hp, expanded=expanded, output=output, stride=stride, padding=padding, residual=residual
                    )
                )
                self.channels[f"block{len(blocks) - 1}"] = channels = output
        return blocks

    def _widths(self, wanted: float) -> tuple[int, int]:
        """The width of a layer, and that by which the original decides whether a block is added to its input."""
        if self._slim:
            width = divisible(wanted, least=self._min_depth)
            return width, width
        width = divisible(wanted)
        return max(width, self._min_depth), width  # with Keras it compares the one before min_depth raises it

    def _expanded(self, expansion: int, channels: int) -> int | None:
        if expansion == 1:
            return None
        return divisible(expansion * channels) if self._slim else expansion * channels
