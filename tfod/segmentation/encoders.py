"""The half of a U-Net that goes down: features of a picture at every resolution."""

from dataclasses import replace
from typing import Protocol

import tensorflow as tf

from tfod.models.backbones.backbone import Backbone
from tfod.models.backbones.mobilenet_v1 import mobilenet_defaults
from tfod.models.backbones.mobilenet_v2 import MobileNetV2
from tfod.models.backbones.resnet import ResNet, resnet_defaults
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.preprocess import ChannelMeans, MinusOneToOne, PixelNormalization
from tfod.segmentation.blocks import ConvSettings

__all__ = ["BACKBONES", "BackboneEncoder", "Encoder", "PlainEncoder"]

BACKBONES = ("mobilenet_v2", "resnet50")
_LEVELS_OF_A_BACKBONE = 5
# The backbones' own averages are made for hundreds of thousands of steps; these follow a run of some hundred.
_BATCH_NORM_DECAY = 0.97


class Encoder(Protocol):
    """Level L has 1 / 2^L of the picture's height and width; level 0 is the picture's own resolution."""

    levels: int

    def __call__(self, pictures: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """Features of levels 0 to `levels` of float32 `[B, h, w, 3]` in [0, 1]; sides divisible by 2^levels."""


class PlainEncoder(tf.Module):
    """Ronneberger et al., "U-Net", 2015: two convolutions a level, then maximum pooling; each level twice as wide."""

    def __init__(self, base_filters: int, depth: int, conv: ConvSettings) -> None:
        super().__init__(name="plain_encoder")
        self.levels = depth
        self.blocks = [conv.block(base_filters * 2**level) for level in range(depth + 1)]

    def __call__(self, pictures: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """See Encoder."""
        features = 2.0 * pictures - 1.0
        maps: list[tf.Tensor] = []
        for level, block in enumerate(self.blocks):
            if level:
                features = tf.nn.max_pool2d(features, 2, 2, "VALID")
            features = block(features, training=training)
            maps.append(features)
        return maps


class BackboneEncoder(tf.Module):
    """A backbone of the detectors, for levels 1 to 5, and a block of convolutions for level 0.

    Args:
      name: One of BACKBONES.
      base_filters: Channels of level 0.
    """

    def __init__(self, name: str, base_filters: int, conv: ConvSettings) -> None:
        super().__init__(name="backbone_encoder")
        self.levels = _LEVELS_OF_A_BACKBONE
        self._pixels: PixelNormalization = MinusOneToOne() if name == "mobilenet_v2" else ChannelMeans()
        self.finest = conv.block(base_filters, convolutions=1)
        self.backbone = _backbone(name)

    def __call__(self, pictures: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """See Encoder."""
        finest = self.finest(2.0 * pictures - 1.0, training=training)
        end_points = self.backbone(self._pixels.normalize(255.0 * pictures), training=training)
        return [finest, *(end_points[self.backbone.levels[level]] for level in range(1, self.levels + 1))]


def _backbone(name: str) -> Backbone:
    if name == "mobilenet_v2":
        return MobileNetV2(_following_sooner(mobilenet_defaults(freeze_batch_norm=False)))
    return ResNet(50, _following_sooner(resnet_defaults(freeze_batch_norm=False)))


def _following_sooner(defaults: ConvHyperparameters) -> ConvHyperparameters:
    assert defaults.batch_norm is not None
    return replace(defaults, batch_norm=replace(defaults.batch_norm, decay=_BATCH_NORM_DECAY))
