"""MobileNetV2 (https://arxiv.org/abs/1801.04381) as a backbone: features at strides 4, 8, 16 and 32."""

from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.hyperparameters import BatchNorm, ConvHyperparameters, L2Regularizer
from tfod.models.layer_list import apply_layers, name_layers_with_weights

__all__ = ["MobileNetV2", "mobilenet_v2_defaults"]

# The stages of the paper's table 2: (expansion, channels, blocks, stride of the first block).
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# The blocks, counted from 0, whose output is the last at its resolution before the next halving.
_TAPPED_BLOCKS = {2: 2, 5: 3, 12: 4}
_LAST_CHANNELS = 1280
_STEM_CHANNELS = 32


@dataclass(frozen=True)
class _Block:
    """An inverted residual: expand, filter each channel, project; added to its input where the shapes agree."""

    layers: tuple[keras.layers.Layer, ...]
    residual: bool

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        output = apply_layers(self.layers, features, training=training)
        return features + output if self.residual else output


class MobileNetV2(tf.Module):
    """The network up to its last 1x1 convolution. In checkpoints its layers are `layer_with_weights-0` to `-103`."""

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
    ) -> None:
        super().__init__(name="mobilenet_v2")
        self._hyperparameters = hyperparameters
        self._multiplier = depth_multiplier
        self._min_depth = min_depth
        stem_channels = max(_divisible(_STEM_CHANNELS * depth_multiplier), min_depth)
        hp = hyperparameters
        self._stem = (hp.conv(stem_channels, 3, strides=2), *hp.normalization_and_activation())
        self._blocks = tuple(self._make_blocks(stem_channels))
        last = _divisible(_LAST_CHANNELS * depth_multiplier) if depth_multiplier < 1 else _LAST_CHANNELS
        self._top = (hp.conv(max(last, min_depth), 1), *hp.normalization_and_activation())
        inner = (layer for block in self._blocks for layer in block.layers)
        every = [*self._stem, *inner, *self._top]
        name_layers_with_weights(self, [layer for layer in every if not _is_activation(layer)])

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[int, tf.Tensor]:
        """Features `{level: [B, H / 2^level, W / 2^level, D]}` for levels 2 to 5 of normalised `[B, H, W, 3]`."""
        features = apply_layers(self._stem, images, training=training)
        levels: dict[int, tf.Tensor] = {}
        for number, block in enumerate(self._blocks):
            features = block(features, training=training)
            if number in _TAPPED_BLOCKS:
                levels[_TAPPED_BLOCKS[number]] = features
        levels[5] = apply_layers(self._top, features, training=training)
        return levels

    def _make_blocks(self, channels: int) -> list[_Block]:
        blocks = []
        for expansion, base_channels, repeats, first_stride in _STAGES:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                nominal = _divisible(int(base_channels * self._multiplier))
                output = max(nominal, self._min_depth)
                layers = self._block_layers(channels, expansion, output, stride)
                # The original compares with the width before min_depth raises it, and so does this.
                blocks.append(_Block(layers, residual=stride == 1 and channels == nominal))
                channels = output
        return blocks

    def _block_layers(self, channels: int, expansion: int, output: int, stride: int) -> tuple[keras.layers.Layer, ...]:
        hp = self._hyperparameters
        project = hp.conv(output, 1)
        assert hp.batch_norm is not None, "MobileNetV2 is normalised"
        filtering = [hp.depthwise_conv(3, strides=stride), *hp.normalization_and_activation()]
        # The first block of the network does not expand.
        expanding = [] if expansion == 1 else [hp.conv(expansion * channels, 1), *hp.normalization_and_activation()]
        return (*expanding, *filtering, project, hp.batch_norm.layer())


def mobilenet_v2_defaults(*, freeze_batch_norm: bool) -> ConvHyperparameters:
    """The network's own hyperparameters, used where a config does not override them."""
    return ConvHyperparameters(
        make_initializer=lambda: keras.initializers.TruncatedNormal(stddev=0.09),
        regularizer=L2Regularizer(4e-5),
        batch_norm=BatchNorm(decay=0.9997, epsilon=1e-3, scale=True, frozen=freeze_batch_norm),
        activation=tf.nn.relu6,
    )


def _divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, but never less than 90 % of `channels`."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def _is_activation(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Activation)
