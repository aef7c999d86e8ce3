"""ResNet, version 1 (https://arxiv.org/abs/1512.03385) and version 2 (https://arxiv.org/abs/1603.05027)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.block import Block
from tfod.models.layers.conv import Activation, ConvHyperparameters, L2Regularizer
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.padding import Padding, padded
from tfod.models.layers.sequential import Sequential

__all__ = ["STAGES", "Bottleneck", "PreactivationBottleneck", "ResNet", "resnet_defaults"]

STAGES = ("conv1", "conv2", "conv3", "conv4", "conv5")
"""The stages by the paper's names."""

# Depth of the network -> blocks of its last four stages.
_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
_STEM_CHANNELS = 64
_EXPANSION = 4

Conv = Callable[..., keras.layers.Conv2D]


class Bottleneck(Block):
    """Narrow, filter, widen; added to the input, which a projection brings to the new shape where that changes.

    Args:
      activation: That of the sum; None for the hyperparameters'.
      filter_strides: Whether the stride is that of the 3x3 convolution, not of what takes the input.
    """

    def __init__(
        self,
        hp: ConvHyperparameters,
        conv: Conv,
        channels: int,
        *,
        stride: int,
        dilation: int,
        project: bool,
        activation: Activation | None = None,
        filter_strides: bool = False,
    ) -> None:
        super().__init__(name="bottleneck")
        wide, after = _EXPANSION * channels, hp.normalization_and_activation
        self._filter_strides = filter_strides and stride > 1
        filtering = (
            padded("explicit", 3, lambda pad: conv(channels, 3, strides=stride, padding=pad))
            if self._filter_strides
            else (conv(channels, 3, dilation=dilation),)
        )
        self.narrow_and_filter = Sequential([conv(channels, 1), *after(), *filtering, *after()])
        self.widen = Sequential([conv(wide, 1), *hp.normalization()])
        self.project = Sequential([conv(wide, 1), *hp.normalization()] if project else [])
        self.activation = Sequential([keras.layers.Activation(activation)] if activation else hp.activation_layer())
        self._stride = stride

    def compute(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """See Block."""
        (features,) = inputs
        # What a stride of two 1x1 convolutions would leave out is left out once; the gradient takes two thirds.
        kept = _subsampled(features, self._stride)
        narrow = self.narrow_and_filter(features if self._filter_strides else kept, training=training)
        output = self.widen(narrow, training=training)
        return self.activation(self.project(kept, training=training) + output, training=training)


class PreactivationBottleneck(Block):
    """Version 2: normalisation and activation come before the convolutions, and nothing after the addition.

    As in Keras' applications the 3x3 convolution has the stride, and only the last convolution and the projection
    have a bias.
    """

    def __init__(
        self, hp: ConvHyperparameters, conv: Conv, channels: int, *, stride: int, dilation: int, project: bool
    ) -> None:
        super().__init__(name="preactivation_bottleneck")
        wide, after = _EXPANSION * channels, hp.normalization_and_activation
        self.preactivation = Sequential(after())
        filtering = padded(
            "explicit",
            2 * dilation + 1,  # the pixels that a dilated 3x3 kernel spans
            lambda pad: conv(channels, 3, strides=stride, padding=pad, dilation=dilation, use_bias=False),
        )
        self.narrow_and_filter = Sequential([conv(channels, 1, use_bias=False), *after(), *filtering, *after()])
        self.widen = Sequential([conv(wide, 1, use_bias=True)])
        self.project = Sequential([conv(wide, 1, strides=stride, use_bias=True)] if project else [])
        self._stride = stride

    def compute(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """See Block."""
        (features,) = inputs
        activated = self.preactivation(features, training=training)
        output = self.widen(self.narrow_and_filter(activated, training=training), training=training)
        if self.project.layers:
            return self.project(activated, training=training) + output
        return _subsampled(features, self._stride) + output


class ResNet(tf.Module):
    """See Backbone. The end points are the STAGES that there are.

    Version 1 halves the resolution at the beginning of a stage, by the stride of its first 1x1 convolutions; version 2,
    as in Keras' applications, and TF-Slim's classifiers at the end of the stage before, by that of a 3x3 convolution.

    Args:
      depth: 50, 101 or 152.
      version: 1 or 2.
      stages: Which stages there are, one after the other: without the last ones the network is cut, without the
        first ones it takes the features that they would give.
      as_in_keras: Whether it is that of Keras' applications, as version 2 always is, where all convolutions of version
        1 have a bias and the pooling after the first stage is padded equally on all sides.
      halving: Where a stage halves the resolution, in its first or, which version 2 always does, in its last block; its
        end point comes after it.
      slim: Whether it is TF-Slim's network, not Keras': its first layer keeps its width, wide layers are four times
        their narrow ones, and sums are activated by ReLU whatever the hyperparameters say.
      output_stride: The most of all end points. A stage that would exceed it keeps the resolution, and its 3x3
        convolutions are dilated instead (https://arxiv.org/abs/1606.00915).
    """

    def __init__(
        self,
        depth: int,
        hyperparameters: ConvHyperparameters,
        *,
        version: Literal[1, 2] = 1,
        stages: Sequence[str] = STAGES,
        as_in_keras: bool = False,
        halving: Literal["first", "last"] = "first",
        output_stride: int = 32,
        depth_multiplier: float = 1.0,
        min_depth: int = 0,
        slim: bool = False,
    ) -> None:
        super().__init__(name=f"resnet_v{version}_{depth}")
        self._hyperparameters = hyperparameters
        self._version = version
        self._halving = "last" if version == 2 else halving
        self._use_bias = as_in_keras or (slim and hyperparameters.use_bias)
        self._pool = _max_pool("explicit" if as_in_keras or version == 2 else "same")
        self._multiplier, self._min_depth = (1.0, 0) if slim else (depth_multiplier, min_depth)
        self._slim = slim
        self.stem = Sequential(self._make_stem() if "conv1" in stages else [])
        self.stages: dict[str, list[Bottleneck | PreactivationBottleneck]] = {}
        self.strides: dict[str, int] = {"conv1": 2} if "conv1" in stages else {}
        self.channels: dict[str, int] = {"conv1": self._width(_STEM_CHANNELS)} if "conv1" in stages else {}
        reached, dilation = 4, 1  # after the pooling
        for number, (name, blocks) in enumerate(zip(STAGES[1:], _BLOCKS[depth], strict=True)):
            before, stride = dilation, 1 if name == _KEEPS_RESOLUTION[self._halving] else 2
            if reached * stride > output_stride:
                stride, dilation = 1, 2 * dilation
            reached *= stride
            if name in stages:
                narrow = _STEM_CHANNELS * 2**number
                if slim:  # which multiplies these alone
                    narrow = max(int(narrow * depth_multiplier), min_depth)
                # Kernels see what they would with strides: those before the stride of their stage what they did.
                seen = dilation if self._halving == "first" else before
                self.stages[name] = self._make_stage(narrow, blocks, stride, seen)
                self.channels[name] = self._width(_EXPANSION * narrow)
                self.strides[name] = reached
        self.levels = {stride.bit_length() - 1: name for name, stride in self.strides.items()}
        ends_with_normalization = version == 2 and "conv5" in stages
        self.post = Sequential(hyperparameters.normalization_and_activation() if ends_with_normalization else [])

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone. Without the first stages `images` are the features that these would give, before pooling."""
        features, end_points = images, {}
        if "conv1" in self.strides:
            features = end_points["conv1"] = self.stem(images, training=training)
        if "conv2" in self.strides:
            features = self._pool(features)
        for name, blocks in self.stages.items():
            for block in blocks:
                features = block(features, training=training)
            end_points[name] = features
        last = next(reversed(end_points))
        end_points[last] = self.post(end_points[last], training=training)
        return end_points

    def _make_stem(self) -> list[keras.layers.Layer]:
        bias = {"use_bias": True} if self._version == 2 else {}
        first = padded("explicit", 7, lambda pad: self._conv(_STEM_CHANNELS, 7, strides=2, padding=pad, **bias))
        return [*first, *(self._hyperparameters.normalization_and_activation() if self._version == 1 else [])]

    def _make_stage(
        self, channels: int, blocks: int, stride: int, dilation: int
    ) -> list[Bottleneck | PreactivationBottleneck]:
        block: Any = PreactivationBottleneck
        if self._version == 1:
            activation = tf.nn.relu if self._slim else None
            block = partial(Bottleneck, activation=activation, filter_strides=self._halving == "last")
        strided = 0 if self._halving == "first" else blocks - 1
        before = next(reversed(self.channels.values()), None)
        projects = not self._slim or before != self._width(_EXPANSION * channels)
        return [
            block(
                self._hyperparameters,
                self._conv,
                channels,
                stride=stride if number == strided else 1,
                dilation=dilation,
                project=number == 0 and projects,
            )
            for number in range(blocks)
        ]

    def _width(self, channels: int) -> int:
        return max(int(channels * self._multiplier), self._min_depth)

    def _conv(self, channels: int, kernel_size: int, **settings: object) -> keras.layers.Conv2D:
        settings = {"use_bias": self._use_bias, **settings}
        return self._hyperparameters.conv(self._width(channels), kernel_size, **settings)  # type: ignore[arg-type]


# The stage that keeps the resolution of what comes before it.
_KEEPS_RESOLUTION = {"first": "conv2", "last": "conv5"}


def _subsampled(features: tf.Tensor, stride: int) -> tf.Tensor:
    return features if stride == 1 else tf.nn.max_pool2d(features, 1, stride, "SAME")


def _max_pool(padding: Padding) -> Callable[[tf.Tensor], tf.Tensor]:
    if padding == "same":
        return lambda features: tf.nn.max_pool2d(features, 3, 2, "SAME")
    return lambda features: tf.nn.max_pool2d(tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")


def resnet_defaults(*, freeze_batch_norm: bool, weight_decay: float = 1e-4, slim: bool = False) -> ConvHyperparameters:
    """The network's own hyperparameters, used where a config does not override them."""
    # Keras' is Σ w², not half of it.
    regularizer = L2Regularizer if slim else keras.regularizers.L2
    return ConvHyperparameters(
        make_initializer=partial(keras.initializers.VarianceScaling, 2.0 if slim else 1.0),
        regularizer=regularizer(weight_decay) if weight_decay else None,
        batch_norm=BatchNorm(decay=0.997, epsilon=1e-5, scale=True, frozen=freeze_batch_norm),
        activation=tf.nn.relu,
        slim=slim,
    )
