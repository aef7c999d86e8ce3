"""From normalised images to the feature maps that an SSD looks at.

Attribute names are the original's, because checkpoints have them.
"""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.models.backbones.mobilenet import Padding
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.backbones.mobilenet_v2 import MobileNetV2
from tfod.models.backbones.resnet_v1 import ResNetV1
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers
from tfod.models.necks.fpn import TopDownPyramid, conv_block
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.models.normalization import PixelNormalization

__all__ = ["MINIMUM_SIDE", "FeatureExtractor", "MultiResolutionExtractor", "PyramidExtractor"]

MINIMUM_SIDE = 33

_DEEPEST_BACKBONE_LEVEL = 5

Backbone = MobileNetV1 | MobileNetV2 | ResNetV1


class FeatureExtractor(Protocol):
    """A backbone and what makes feature maps of its features; `pixels` is how the backbone wants pictures."""

    classification_backbone: Backbone
    pixels: PixelNormalization

    def __call__(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """Feature maps `[B, H_l, W_l, D_l]`, fine to coarse, of normalised images `[B, H, W, 3]`."""


class PyramidExtractor(tf.Module):
    """A pyramid over the backbone's levels up to 5, and strided convolutions for the coarser ones."""

    def __init__(
        self,
        backbone: Backbone,
        pixels: PixelNormalization,
        hyperparameters: ConvHyperparameters,
        *,
        min_level: int,
        max_level: int,
        depth: int,
        separable: bool = False,
        padding: Padding = "same",
        pad_to_multiple: int = 1,
        minimum_side: int = MINIMUM_SIDE,
    ) -> None:
        super().__init__(name="feature_extractor")
        if not 2 <= min_level <= _DEEPEST_BACKBONE_LEVEL or max_level < min_level:
            raise ConfigError(
                f"a pyramid from level {min_level} to {max_level} cannot be built on this backbone",
                "model.ssd.feature_extractor.fpn",
                "let min_level be 2 to 5 and max_level not less",
            )
        self.pixels = pixels
        self._fit = _Fit(minimum_side, pad_to_multiple)
        self._backbone_levels = range(min_level, min(max_level, _DEEPEST_BACKBONE_LEVEL) + 1)
        self.classification_backbone = backbone
        self._fpn_features_generator = TopDownPyramid(
            hyperparameters,
            num_levels=len(self._backbone_levels),
            depth=depth,
            separable=separable,
            padding=padding,
        )
        self._coarse_feature_layers = [
            conv_block(hyperparameters, depth, strides=2, separable=separable, padding=padding)
            for _ in range(self._backbone_levels[-1], max_level)
        ]

    def __call__(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """See FeatureExtractor."""
        levels = self.classification_backbone(self._fit(images), training=training)
        maps = self._fpn_features_generator([levels[level] for level in self._backbone_levels], training=training)
        for layers in self._coarse_feature_layers:
            maps.append(apply_layers(layers, maps[-1], training=training))
        return maps


class MultiResolutionExtractor(tf.Module):
    """Two feature maps of the backbone, and coarser ones that convolutions add.

    Args:
      maps_attribute: Under which name checkpoints have `maps`.
    """

    def __init__(
        self,
        backbone: MobileNetV1 | MobileNetV2,
        pixels: PixelNormalization,
        maps: MultiResolutionMaps,
        *,
        maps_attribute: str,
        pad_to_multiple: int = 1,
        minimum_side: int = MINIMUM_SIDE,
    ) -> None:
        super().__init__(name="feature_extractor")
        self.pixels = pixels
        self._fit = _Fit(minimum_side, pad_to_multiple)
        self.classification_backbone = backbone
        setattr(self, maps_attribute, maps)
        self._maps_attribute = maps_attribute

    def __call__(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """See FeatureExtractor."""
        given = self.classification_backbone.ssd_features(self._fit(images), training=training)
        maps: list[tf.Tensor] = getattr(self, self._maps_attribute)(given, training=training)
        return maps


@dataclass(frozen=True)
class _Fit:
    """Pads images with zeros below and to the right to multiples of a number; refuses those that are too small."""

    minimum_side: int
    multiple: int

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        sides = images.shape[1:3]
        if any(side is not None and side < self.minimum_side for side in sides):
            raise ConfigError(
                f"pictures of {' x '.join(map(str, sides))} pixels are too small for this network",
                "model.ssd.image_resizer",
                f"let both sides be {self.minimum_side} or more",
            )
        if self.multiple <= 1:
            return images
        missing = -tf.shape(images)[1:3] % self.multiple
        padded = tf.pad(images, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])
        full = [None if side is None else side + -side % self.multiple for side in sides]
        return tf.ensure_shape(padded, [images.shape[0], *full, images.shape[3]])
