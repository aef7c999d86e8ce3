"""ResNet (https://arxiv.org/abs/1512.03385), version 1, as a backbone: features at strides 2, 4, 8, 16 and 32."""

from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.hyperparameters import BatchNorm, ConvHyperparameters
from tfod.models.layer_list import apply_layers, name_layers_with_weights

__all__ = ["ResNetV1", "resnet_v1_defaults"]

# Depth of the network: blocks of its four stages.
_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
_STEM_CHANNELS = 64


@dataclass(frozen=True)
class _Bottleneck:
    """Narrow, filter, widen; added to the input, which a projection brings to the new shape where that changes."""

    narrow_and_filter: tuple[keras.layers.Layer, ...]
    widen: tuple[keras.layers.Layer, ...]  # convolution, normalisation
    project: tuple[keras.layers.Layer, ...]  # the same, or empty
    activation: keras.layers.Layer
    stride: int

    @property
    def layers(self) -> tuple[keras.layers.Layer, ...]:
        """In the order of checkpoints, where the two branches alternate."""
        if not self.project:
            return (*self.narrow_and_filter, *self.widen)
        alternating = (self.project[0], self.widen[0], self.project[1], self.widen[1])
        return (*self.narrow_and_filter, *alternating)

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        if self.stride > 1:
            # What a stride of two 1x1 convolutions would leave out, left out once; the gradient takes two thirds.
            features = tf.nn.max_pool2d(features, 1, self.stride, "SAME")
        narrow = apply_layers(self.narrow_and_filter, features, training=training)
        output = apply_layers(self.widen, narrow, training=training)
        return self.activation(apply_layers(self.project, features, training=training) + output)


class ResNetV1(tf.Module):
    """The network without its classifier, of `depth` 50, 101 or 152.

    Where a stage halves the resolution its first 1x1 convolutions see every second row and column. In checkpoints the
    layers are `layer_with_weights-N`.
    """

    def __init__(
        self, depth: int, hyperparameters: ConvHyperparameters, *, depth_multiplier: float = 1.0, min_depth: int = 0
    ) -> None:
        super().__init__(name=f"resnet_v1_{depth}")
        self._hyperparameters = hyperparameters
        self._multiplier = depth_multiplier
        self._min_depth = min_depth
        self._stem = (
            keras.layers.ZeroPadding2D(3),
            self._conv(_STEM_CHANNELS, 7, strides=2, padding="valid"),
            *hyperparameters.normalization_and_activation(),
        )
        self._stages = []
        for number, blocks in enumerate(_BLOCKS[depth]):
            channels, stride = _STEM_CHANNELS * 2**number, 1 if number == 0 else 2
            first = self._bottleneck(channels, stride, project=True)
            self._stages.append([first, *(self._bottleneck(channels, 1, project=False) for _ in range(blocks - 1))])
        inner = (layer for stage in self._stages for block in stage for layer in block.layers)
        name_layers_with_weights(self, [*self._stem, *inner])

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[int, tf.Tensor]:
        """Features `{level: [B, H / 2^level, W / 2^level, D]}` for levels 1 to 5 of normalised `[B, H, W, 3]`."""
        features = apply_layers(self._stem, images, training=training)
        levels = {1: features}
        features = tf.nn.max_pool2d(features, 3, 2, "SAME")
        for level, stage in enumerate(self._stages, 2):
            for block in stage:
                features = block(features, training=training)
            levels[level] = features
        return levels

    def _bottleneck(self, channels: int, stride: int, *, project: bool) -> _Bottleneck:
        hp = self._hyperparameters
        narrow = [self._conv(channels, 1), *hp.normalization_and_activation()]
        filtering = [self._conv(channels, 3), *hp.normalization_and_activation()]
        widen = self._conv(4 * channels, 1), hp.normalization_and_activation()[0]
        projection = self._conv(4 * channels, 1), hp.normalization_and_activation()[0]
        return _Bottleneck(
            narrow_and_filter=(*narrow, *filtering),
            widen=widen,
            project=projection if project else (),
            activation=hp.normalization_and_activation()[1],
            stride=stride,
        )

    def _conv(self, channels: int, kernel_size: int, *, strides: int = 1, padding: str = "same") -> keras.layers.Conv2D:
        width = max(int(channels * self._multiplier), self._min_depth)
        return self._hyperparameters.conv(width, kernel_size, strides=strides, padding=padding, use_bias=False)


def resnet_v1_defaults(*, freeze_batch_norm: bool, weight_decay: float = 1e-4) -> ConvHyperparameters:
    """The network's own hyperparameters, used where a config does not override them."""
    return ConvHyperparameters(
        make_initializer=keras.initializers.VarianceScaling,
        regularizer=keras.regularizers.L2(weight_decay),  # Σ w², not half of it
        batch_norm=BatchNorm(decay=0.997, epsilon=1e-5, scale=True, frozen=freeze_batch_norm),
        activation=tf.nn.relu,
    )
