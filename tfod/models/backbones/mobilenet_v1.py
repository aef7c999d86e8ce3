"""MobileNetV1 (https://arxiv.org/abs/1704.04861) as a backbone: features at strides 4, 8, 16 and 32."""

from collections.abc import Mapping

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.mobilenet import Padding, padded
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers, name_layers_with_weights

__all__ = ["MobileNetV1"]

_STEM_CHANNELS = 32
# Channels and stride of the paper's 13 depthwise-separable blocks.
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
# The blocks, counted from 1, whose output is the last at its resolution.
_TAPPED_BLOCKS = {3: 2, 5: 3, 11: 4, 13: 5}


class MobileNetV1(tf.Module):
    """The network without its classifier. In checkpoints its layers are `layer_with_weights-0` to `-53`.

    Args:
      channels: Widths of single blocks, counted from 1, other than the paper's.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
        padding: Padding = "same",
        channels: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__(name="mobilenet_v1")
        hp = hyperparameters

        def width(nominal: int, replaced: int | None = None) -> int:
            # The original multiplies twice (so 0.5 makes quarters), but a width that it replaces once.
            once = int(nominal * depth_multiplier) if replaced is None else replaced
            return max(int(once * depth_multiplier), min_depth)

        def pointwise(filters: int) -> list[keras.layers.Layer]:
            return [hp.conv(filters, 1, use_bias=False), *hp.normalization_and_activation()]

        stem = padded(padding, 3, lambda pad: hp.conv(width(_STEM_CHANNELS), 3, strides=2, padding=pad, use_bias=False))
        self._stem = (*stem, *hp.normalization_and_activation())
        self._blocks = []
        for number, (nominal, stride) in enumerate(_BLOCKS, 1):
            filtering = padded(padding, 3, _depthwise(hp, stride))
            output = width(nominal, (channels or {}).get(number))
            self._blocks.append((*filtering, *hp.normalization_and_activation(), *pointwise(output)))
        name_layers_with_weights(self, [*self._stem, *(layer for block in self._blocks for layer in block)])

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[int, tf.Tensor]:
        """Features `{level: [B, H / 2^level, W / 2^level, D]}` for levels 2 to 5 of normalised `[B, H, W, 3]`."""
        features = apply_layers(self._stem, images, training=training)
        levels = {}
        for number, block in enumerate(self._blocks, 1):
            features = apply_layers(block, features, training=training)
            if number in _TAPPED_BLOCKS:
                levels[_TAPPED_BLOCKS[number]] = features
        return levels

    def ssd_features(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """The two feature maps, of strides 16 and 32, that SSD without a pyramid begins with."""
        levels = self(images, training=training)
        return [levels[4], levels[5]]


def _depthwise(hp: ConvHyperparameters, stride: int):  # type: ignore[no-untyped-def]
    return lambda pad: hp.depthwise_conv(3, strides=stride, padding=pad, use_bias=False)
