"""MobileNetV1 (https://arxiv.org/abs/1704.04861)."""

from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.conv import ConvHyperparameters, L2Regularizer
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.padding import Padding, padded
from tfod.models.layers.sequential import Sequential

__all__ = ["MOBILENET_V1_BLOCKS", "MobileNetV1", "mobilenet_defaults"]

_STEM_CHANNELS = 32
# Channels and stride of the paper's 13 depthwise-separable blocks.
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
MOBILENET_V1_BLOCKS = tuple(range(1, len(_BLOCKS) + 1))
"""The numbers of the blocks of the whole network."""
# Level -> the last block at its resolution.
_LAST_BLOCKS = {1: 1, 2: 3, 3: 5, 4: 11, 5: 13}


class MobileNetV1(tf.Module):
    """See Backbone. End points: "block1", "block3", "block5", "block11" and "block13", blocks counted from 1.

    Args:
      numbers: Which blocks there are, one after the other: without the last ones the network is cut, without the first
        ones it takes the features that they would give.
      block_channels: Widths of single blocks, counted from 1, other than the paper's.
      slim: Whether widths are those of TF-Slim's network, not of Keras'.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        numbers: Sequence[int] = MOBILENET_V1_BLOCKS,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
        padding: Padding = "same",
        block_channels: Mapping[int, int] | None = None,
        slim: bool = False,
    ) -> None:
        super().__init__(name="mobilenet_v1")

        def width(nominal: int, replaced: int | None = None) -> int:
            # The original, with Keras, multiplies twice (so 0.5 makes quarters), but a width that it replaces once.
            once = int(nominal * depth_multiplier) if replaced is None and not slim else replaced or nominal
            return max(int(once * depth_multiplier), min_depth)

        widths = [width(nominal, (block_channels or {}).get(n)) for n, (nominal, _) in enumerate(_BLOCKS, 1)]
        hp, stem_width = hyperparameters, width(_STEM_CHANNELS)
        use_bias = slim and hp.use_bias
        stem = padded(padding, 3, lambda pad: hp.conv(stem_width, 3, strides=2, padding=pad, use_bias=use_bias))
        self.stem = Sequential([*stem, *hp.normalization_and_activation()] if 1 in numbers else [])
        self.numbers = tuple(numbers)
        self.blocks = [
            _separable_block(hp, widths[number - 1], _BLOCKS[number - 1][1], padding, use_bias) for number in numbers
        ]
        last_blocks = {level: number for level, number in _LAST_BLOCKS.items() if number in numbers}
        self.levels = {level: f"block{number}" for level, number in last_blocks.items()}
        self.strides = {name: 2**level for level, name in self.levels.items()}
        self.channels = {f"block{number}": widths[number - 1] for number in last_blocks.values()}

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone. Without the first blocks `images` are the features that these would give."""
        features = self.stem(images, training=training)
        end_points = {}
        for number, block in zip(self.numbers, self.blocks, strict=True):
            features = block(features, training=training)
            if f"block{number}" in self.strides:
                end_points[f"block{number}"] = features
        return end_points


def _separable_block(
    hp: ConvHyperparameters, channels: int, stride: int, padding: Padding, use_bias: bool
) -> Sequential:
    depthwise = padded(padding, 3, lambda pad: hp.depthwise_conv(3, strides=stride, padding=pad, use_bias=use_bias))
    pointwise = hp.conv(channels, 1, use_bias=use_bias)
    after = hp.normalization_and_activation
    return Sequential([*depthwise, *after(), pointwise, *after()])


def mobilenet_defaults(
    *, freeze_batch_norm: bool, slim: bool = False, regularize_depthwise: bool = True
) -> ConvHyperparameters:
    """Both MobileNets' own hyperparameters, used where a config does not override them."""
    return ConvHyperparameters(
        make_initializer=lambda: keras.initializers.TruncatedNormal(stddev=0.09),
        regularizer=L2Regularizer(4e-5),
        batch_norm=BatchNorm(decay=0.9997, epsilon=1e-3, scale=True, frozen=freeze_batch_norm),
        activation=tf.nn.relu6,
        regularize_depthwise=regularize_depthwise,
        slim=slim,
    )
