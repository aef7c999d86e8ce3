"""MobileNetV2 (https://arxiv.org/abs/1801.04381) as a backbone: features at strides 2, 4, 8, 16 and 32."""

from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.mobilenet import Padding, divisible, padded
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers, name_layers_with_weights

__all__ = ["MobileNetV2"]

# The stages of the paper's table 2: (expansion, channels, blocks, stride of the first block).
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# The blocks, counted from 0, whose output is the last at its resolution before the next halving.
_TAPPED_BLOCKS = {0: 1, 2: 2, 5: 3, 12: 4}
_EXPANSION_TAPPED = 13  # the block whose widened features SSD without a pyramid looks at
_LAST_CHANNELS = 1280
_STEM_CHANNELS = 32


@dataclass(frozen=True)
class _Block:
    """An inverted residual: expand, filter each channel, project; added to its input where the shapes agree."""

    expand: tuple[keras.layers.Layer, ...]  # empty in the first block of the network
    filter_and_project: tuple[keras.layers.Layer, ...]
    residual: bool

    @property
    def layers(self) -> tuple[keras.layers.Layer, ...]:
        return (*self.expand, *self.filter_and_project)

    def __call__(self, features: tf.Tensor, *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Features after the block, and the widened ones in its middle."""
        expanded = apply_layers(self.expand, features, training=training)
        output = apply_layers(self.filter_and_project, expanded, training=training)
        return features + output if self.residual else output, expanded


class MobileNetV2(tf.Module):
    """The network up to its last 1x1 convolution. In checkpoints its layers are `layer_with_weights-0` to `-103`."""

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
        padding: Padding = "same",
    ) -> None:
        super().__init__(name="mobilenet_v2")
        self._hyperparameters = hyperparameters
        self._multiplier = depth_multiplier
        self._min_depth = min_depth
        self._padding = padding
        stem_channels = max(divisible(_STEM_CHANNELS * depth_multiplier), min_depth)
        hp = hyperparameters
        stem = padded(padding, 3, lambda pad: hp.conv(stem_channels, 3, strides=2, padding=pad, use_bias=False))
        self._stem = (*stem, *hp.normalization_and_activation())
        self._blocks = tuple(self._make_blocks(stem_channels))
        last = divisible(_LAST_CHANNELS * depth_multiplier) if depth_multiplier < 1 else _LAST_CHANNELS
        self._top = (hp.conv(max(last, min_depth), 1, use_bias=False), *hp.normalization_and_activation())
        inner = (layer for block in self._blocks for layer in block.layers)
        name_layers_with_weights(self, [*self._stem, *inner, *self._top])

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[int, tf.Tensor]:
        """Features `{level: [B, H / 2^level, W / 2^level, D]}` for levels 1 to 5 of normalised `[B, H, W, 3]`."""
        return self._run(images, training=training)[0]

    def ssd_features(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """The two feature maps, of strides 16 and 32, that SSD without a pyramid begins with."""
        levels, expanded = self._run(images, training=training)
        return [expanded, levels[5]]

    def _run(self, images: tf.Tensor, *, training: bool) -> tuple[dict[int, tf.Tensor], tf.Tensor]:
        features = apply_layers(self._stem, images, training=training)
        levels: dict[int, tf.Tensor] = {}
        tapped = None
        for number, block in enumerate(self._blocks):
            features, expanded = block(features, training=training)
            if number in _TAPPED_BLOCKS:
                levels[_TAPPED_BLOCKS[number]] = features
            if number == _EXPANSION_TAPPED:
                tapped = expanded
        levels[5] = apply_layers(self._top, features, training=training)
        return levels, tapped

    def _make_blocks(self, channels: int) -> list[_Block]:
        blocks = []
        for expansion, base_channels, repeats, first_stride in _STAGES:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                nominal = divisible(int(base_channels * self._multiplier))
                output = max(nominal, self._min_depth)
                # The original compares with the width before min_depth raises it, and so does this.
                residual = stride == 1 and channels == nominal
                blocks.append(self._make_block(channels, expansion, output, stride, residual=residual))
                channels = output
        return blocks

    def _make_block(self, channels: int, expansion: int, output: int, stride: int, *, residual: bool) -> _Block:
        hp = self._hyperparameters
        expanding = [hp.conv(expansion * channels, 1, use_bias=False), *hp.normalization_and_activation()]
        filtering = padded(
            self._padding, 3, lambda pad: hp.depthwise_conv(3, strides=stride, padding=pad, use_bias=False)
        )
        projecting = [hp.conv(output, 1, use_bias=False), hp.normalization_and_activation()[0]]
        return _Block(
            expand=() if expansion == 1 else tuple(expanding),
            filter_and_project=(*filtering, *hp.normalization_and_activation(), *projecting),
            residual=residual,
        )
