"""EfficientNet (https://arxiv.org/abs/1905.11946).

The original takes that of tf-models-official (`official.legacy`), one graph of Keras layers, in which no pass can put
faster kernels or recomputation. Forward and backward through its B0 take 1.3 times as long as through this one with
the kernels for CPUs, on two images of 512x512 pixels; without them both take the same.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.widths import divisible
from tfod.models.layers.block import Block
from tfod.models.layers.conv import ConvHyperparameters, Regularizer
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.sequential import Sequential
from tfod.models.layers.stored import StoredLayer

__all__ = ["EfficientNet", "MBConv", "MBConvSettings", "efficientnet_defaults"]

# The paper's stages 2 to 8: (expansion, channels, kernel size, blocks, stride of the first block).
_STAGES = (
    (1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 3, 2), (6, 112, 5, 3, 1), (6, 192, 5, 4, 2),
    (6, 320, 3, 1, 1),
)  # fmt: skip
# Size of the network, from B0 on -> how many times wider and deeper than B0 it is.
_SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2), (1.8, 2.6), (2.0, 3.1))
_STEM_CHANNELS = 32
_TOP_CHANNELS = 1280
_CLASSES = 1000  # of ImageNet
# Level -> stage and block, both counted from 0, whose features are taken for it. The original takes the same for all
# sizes of the network, though from B1 on most stages have blocks after it.
_BLOCKS_OF_LEVELS = {1: (0, 0), 2: (1, 1), 3: (2, 1), 4: (4, 2), 5: (6, 0)}
_DROP_RATE = 0.2
_SQUEEZE = 0.25


@dataclass(frozen=True)
class MBConvSettings:
    """What there is to choose.

    Attributes:
      channels: Of the input.
      output: Channels after the block.
      expansion: How many times wider the block is inside.
      kernel_size: Of the filters.
      stride: Of the filters.
      drop_rate: How often training leaves out the block for an image, where its input goes past it, in [0, 1).
    """

    channels: int
    output: int
    expansion: int
    kernel_size: int
    stride: int
    drop_rate: float

    @property
    def wide(self) -> int:
        """Channels inside the block."""
        return self.expansion * self.channels

    @property
    def narrow(self) -> int:
        """Channels from which the factors of all channels are computed."""
        return max(1, int(self.channels * _SQUEEZE))


class MBConv(Block):
    """Expand, filter each channel, excite channels, project; added to the input where the shapes agree.

    To excite (https://arxiv.org/abs/1709.01507) is to multiply every channel by a number from 0 to 1 that follows from
    the means of all channels over the image.

    Attributes:
      expand_and_filter: Without the expansion in blocks that have none.
      excite: From means of channels to their factors.
      project: To the channels of the output.
      drop: Leaves the block out at times, where it can be.
    """

    def __init__(self, hp: ConvHyperparameters, settings: MBConvSettings) -> None:
        super().__init__(name="mbconv")
        after = hp.normalization_and_activation
        expand = [hp.conv(settings.wide, 1, use_bias=False), *after()] if settings.expansion > 1 else []
        # The original means to regularise these kernels too, but names them so that Keras does not.
        unregularized = dataclasses.replace(hp, regularizer=None)
        filtering = unregularized.depthwise_conv(settings.kernel_size, strides=settings.stride, use_bias=False)
        self.expand_and_filter = Sequential([*expand, filtering, *after()])
        squeeze, widen = _biased(hp, settings.narrow), _biased(hp, settings.wide)
        self.excite = Sequential([squeeze, *hp.activation_layer(), widen, keras.layers.Activation(tf.sigmoid)])
        self._residual = settings.stride == 1 and settings.channels == settings.output
        drops = self._residual and settings.drop_rate > 0
        self.project = Sequential([hp.conv(settings.output, 1, use_bias=False), *hp.normalization()])
        dropout = [keras.layers.Dropout(settings.drop_rate, noise_shape=(None, 1, 1, 1))] if drops else []
        self.drop = Sequential(dropout)

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """Features `[B, H', W', D]` of `[B, H, W, C]`, float32 or bfloat16."""
        (features,) = inputs
        output = self.drop(self.run(features, training=training), training=training)
        return output + features if self._residual else output

    def compute(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """See Block. Without what is dropped and added."""
        wide = self.expand_and_filter(*inputs, training=training)
        means = tf.reduce_mean(wide, axis=[1, 2], keepdims=True)
        return self.project(wide * self.excite(means, training=training), training=training)


def _biased(hp: ConvHyperparameters, filters: int) -> keras.layers.Conv2D:
    layer = hp.conv(filters, 1, use_bias=True)
    layer.bias_regularizer = hp.regularizer
    return layer


class EfficientNet(tf.Module):
    """See Backbone. End points: "stage0_block0" and the like, stages of blocks and blocks counted from 0.

    Args:
      size: 0 to 7, for B0 to B7.

    Attributes:
      stem: The first convolution.
      stages: Lists of blocks, up to the last one that an end point needs.
      unused: The rest of the classifier that the original makes and never runs, but regularises and saves.
    """

    def __init__(self, size: int, hyperparameters: ConvHyperparameters) -> None:
        super().__init__(name=f"efficientnet_b{size}")
        hp, (width, _) = hyperparameters, _SCALES[size]
        stem = hp.conv(divisible(_STEM_CHANNELS * width), 3, strides=2, use_bias=False)
        self.stem = Sequential([stem, *hp.normalization_and_activation()])
        self.stages: list[list[MBConv]] = [[] for _ in _STAGES]
        self.unused: list[StoredLayer] = []
        self.levels = {level: _name(*block) for level, block in _BLOCKS_OF_LEVELS.items()}
        self.strides = {name: 2**level for level, name in self.levels.items()}
        self.channels: dict[str, int] = {}
        for stage, number, settings in _blocks(size):
            if (stage, number) > max(_BLOCKS_OF_LEVELS.values()):
                self.unused += _stored_block(hp.regularizer, settings)
                continue
            self.stages[stage].append(MBConv(hp, settings))
            if (name := _name(stage, number)) in self.strides:
                self.channels[name] = settings.output
        top = divisible(_TOP_CHANNELS * width)
        self.unused += _stored_conv(hp.regularizer, (1, 1, settings.output, top))
        self.unused.append(StoredLayer(hp.regularizer, kernel=(top, _CLASSES), bias=(_CLASSES,)))

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone."""
        features = self.stem(images, training=training)
        end_points = {}
        for stage, blocks in enumerate(self.stages):
            for number, block in enumerate(blocks):
                features = block(features, training=training)
                if (name := _name(stage, number)) in self.strides:
                    end_points[name] = features
        return end_points


def _name(stage: int, block: int) -> str:
    return f"stage{stage}_block{block}"


def _blocks(size: int) -> Iterator[tuple[int, int, MBConvSettings]]:
    """Stage, number in the stage and settings of every block of the whole network."""
    width, depth = _SCALES[size]
    repeats = [math.ceil(depth * stage[3]) for stage in _STAGES]
    channels, made = divisible(_STEM_CHANNELS * width), 0
    for stage, (expansion, nominal, kernel_size, _, first_stride) in enumerate(_STAGES):
        output = divisible(nominal * width)
        for number in range(repeats[stage]):
            stride, drop_rate = 1 if number else first_stride, _DROP_RATE * made / sum(repeats)
            yield stage, number, MBConvSettings(channels, output, expansion, kernel_size, stride, drop_rate)
            channels, made = output, made + 1


def _stored_block(regularizer: Regularizer | None, settings: MBConvSettings) -> Iterator[StoredLayer]:
    wide, narrow, side = settings.wide, settings.narrow, settings.kernel_size
    yield from _stored_conv(regularizer, (1, 1, settings.channels, wide))
    yield StoredLayer(None, depthwise_kernel=(side, side, wide, 1))
    yield _stored_norm(wide)
    yield StoredLayer(regularizer, kernel=(1, 1, wide, narrow), bias=(narrow,))
    yield StoredLayer(regularizer, kernel=(1, 1, narrow, wide), bias=(wide,))
    yield from _stored_conv(regularizer, (1, 1, wide, settings.output))


def _stored_conv(regularizer: Regularizer | None, shape: tuple[int, ...]) -> Iterator[StoredLayer]:
    yield StoredLayer(regularizer, kernel=shape)
    yield _stored_norm(shape[-1])


def _stored_norm(channels: int) -> StoredLayer:
    return StoredLayer(None, **dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (channels,)))


def efficientnet_defaults(regularizer: Regularizer | None) -> ConvHyperparameters:
    """The network's own hyperparameters, of which a config can override the regularizer alone.

    `freeze_batchnorm` does not reach this network, in the original neither.
    """
    return ConvHyperparameters(
        make_initializer=lambda: keras.initializers.VarianceScaling(2.0, "fan_out"),
        regularizer=regularizer,
        batch_norm=BatchNorm(decay=0.99, epsilon=1e-3, scale=True),
        activation=tf.nn.silu,
    )
