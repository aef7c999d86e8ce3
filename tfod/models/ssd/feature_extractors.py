"""From normalised images to the feature maps that an SSD looks at."""

from collections.abc import Sequence

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.models.backbones.mobilenet_v2 import MobileNetV2, mobilenet_v2_defaults
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers
from tfod.models.necks.fpn import TopDownPyramid, conv_block
from tfod.protos import ssd_pb2

__all__ = ["MobileNetV2Fpn", "feature_extractor_from_config"]

_DEEPEST_BACKBONE_LEVEL = 5


class MobileNetV2Fpn(tf.Module):
    """MobileNetV2, a pyramid over its levels up to 5, and strided convolutions for the coarser ones.

    Attribute names are the original's, because checkpoints have them.
    """

    minimum_side = 33

    def __init__(
        self,
        backbone: MobileNetV2,
        hyperparameters: ConvHyperparameters,
        *,
        min_level: int,
        max_level: int,
        depth: int,
        separable: bool,
    ) -> None:
        super().__init__(name="feature_extractor")
        if not 2 <= min_level <= _DEEPEST_BACKBONE_LEVEL or max_level < min_level:
            raise ConfigError(
                f"a pyramid from level {min_level} to {max_level} cannot be built on this backbone",
                "model.ssd.feature_extractor.fpn",
                "let min_level be 2 to 5 and max_level not less",
            )
        self.levels = range(min_level, max_level + 1)
        self._backbone_levels = range(min_level, min(max_level, _DEEPEST_BACKBONE_LEVEL) + 1)
        self.classification_backbone = backbone
        self._fpn_features_generator = TopDownPyramid(
            hyperparameters, num_levels=len(self._backbone_levels), depth=depth, separable=separable
        )
        self._coarse_feature_layers = [
            conv_block(hyperparameters, depth, strides=2, separable=separable)
            for _ in range(len(self.levels) - len(self._backbone_levels))
        ]

    def __call__(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """Feature maps `[B, H_l, W_l, D]`, fine to coarse, of normalised images `[B, H, W, 3]`."""
        levels = self.classification_backbone(images, training=training)
        maps = self._fpn_features_generator([levels[level] for level in self._backbone_levels], training=training)
        for layers in self._coarse_feature_layers:
            maps.append(apply_layers(layers, maps[-1], training=training))
        return maps

    @staticmethod
    def normalize(images: tf.Tensor) -> tf.Tensor:
        """0..255 to -1..1."""
        return (2.0 / 255.0) * images - 1.0

    @staticmethod
    def denormalize(inputs: tf.Tensor) -> tf.Tensor:
        """-1..1 to 0..255."""
        return (inputs + 1.0) * (255.0 / 2.0)


def feature_extractor_from_config(config: ssd_pb2.SsdFeatureExtractor, *, freeze_batch_norm: bool) -> MobileNetV2Fpn:
    """The feature extractor that `feature_extractor` describes. Raises ConfigError for unknown types."""
    if config.type not in _FEATURE_EXTRACTORS:
        raise ConfigError(
            f"the feature extractor {config.type or '(none)'} is not available",
            "model.ssd.feature_extractor.type",
            "use one of " + ", ".join(sorted(_FEATURE_EXTRACTORS)),
        )
    _refuse(config, ("use_explicit_padding",))
    return _FEATURE_EXTRACTORS[config.type](config, freeze_batch_norm)


def _mobilenet_v2_fpn(config: ssd_pb2.SsdFeatureExtractor, freeze_batch_norm: bool) -> MobileNetV2Fpn:
    hyperparameters = ConvHyperparameters.from_config(config.conv_hyperparams, freeze_batch_norm=freeze_batch_norm)
    overridden = config.override_base_feature_extractor_hyperparams
    backbone = MobileNetV2(
        hyperparameters if overridden else mobilenet_v2_defaults(freeze_batch_norm=freeze_batch_norm),
        depth_multiplier=config.depth_multiplier,
        min_depth=config.min_depth,
    )
    return MobileNetV2Fpn(
        backbone,
        hyperparameters,
        min_level=config.fpn.min_level,
        max_level=config.fpn.max_level,
        depth=max(int(config.fpn.additional_layer_depth * config.depth_multiplier), config.min_depth),
        separable=config.use_depthwise,
    )


_FEATURE_EXTRACTORS = {"ssd_mobilenet_v2_fpn_keras": _mobilenet_v2_fpn}


def _refuse(config: ssd_pb2.SsdFeatureExtractor, fields: Sequence[str]) -> None:
    for field in fields:
        if getattr(config, field):
            raise ConfigError(f"{field} is not available", f"model.ssd.feature_extractor.{field}", "leave it out")
