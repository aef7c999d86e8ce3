"""The backbones and necks that `model.ssd.feature_extractor` can name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import tf_keras as keras

from tfod.config.architectures import EFFICIENTDET_PYRAMIDS
from tfod.config.faults.fault import refuse
from tfod.config.faults.model import (
    bidirectional_pyramid_faults,
    efficientnet_faults,
    extractor_type_faults,
    num_layers_faults,
    pyramid_levels_faults,
    smallest_side,
    width_faults,
)
from tfod.config.faults.numbers import number_faults
from tfod.models.backbones.backbone import Backbone
from tfod.models.backbones.efficientnet import EfficientNet, efficientnet_defaults
from tfod.models.backbones.mobilenet_v1 import MobileNetV1, mobilenet_defaults
from tfod.models.backbones.mobilenet_v2 import EXPANSION, MobileNetV2
from tfod.models.backbones.resnet import ResNet, resnet_defaults
from tfod.models.from_config import conv_hyperparameters_from_config
from tfod.models.layers.conv import ConvHyperparameters, Regularizer
from tfod.models.layers.padding import Padding
from tfod.models.necks.bifpn import BiFPN, BiFPNSettings
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.models.necks.neck import Neck
from tfod.models.preprocess import ChannelMeans, ChannelStatistics, MinusOneToOne, PixelNormalization
from tfod.protos import ssd_pb2

__all__ = ["FEATURE_EXTRACTORS", "Features", "features_from_config"]

_Config = ssd_pb2.SsdFeatureExtractor
_MobileNet = TypeVar("_MobileNet", MobileNetV1, MobileNetV2)

_DEEPEST_LEVEL_OF_BACKBONE = 5
# Channels of the maps that SSD without a pyramid adds to the two of its backbone.
_ADDED_DEPTHS = (512, 256, 256, 128)
# EfficientNet's own weight decay, and what Keras makes of a regularizer that is not there.
_EFFICIENTNET_DECAY, _KERAS_DECAY = 5e-6, 0.01
# With use_depthwise MobileNetV1 under a pyramid is narrower at its end: block -> channels.
_LITE_V1_CHANNELS = {12: 512, 13: 256}


@dataclass(frozen=True)
class Features:
    """What makes feature maps of images, and what it wants of them."""

    backbone: Backbone
    neck: Neck
    pixels: PixelNormalization
    minimum_side: int


def features_from_config(config: _Config, where: str, *, freeze_batch_norm: bool) -> Features:
    """What `feature_extractor`, at the path `where`, describes. Raises ConfigError for unknown types."""
    refuse(number_faults(config), where)
    refuse(extractor_type_faults(config.type, "ssd", pyramid=config.HasField("fpn")), where)
    refuse(width_faults(config.depth_multiplier, config.min_depth), where)
    return FEATURE_EXTRACTORS[config.type](config, where, freeze_batch_norm)


def _hyperparameters(
    config: _Config, where: str, freeze: bool, defaults: Callable[..., ConvHyperparameters]
) -> tuple[ConvHyperparameters, ConvHyperparameters]:
    """Those of the backbone, and those of what stands on it."""
    own = conv_hyperparameters_from_config(
        config.conv_hyperparams, f"{where}.conv_hyperparams", freeze_batch_norm=freeze
    )
    return own if config.override_base_feature_extractor_hyperparams else defaults(freeze_batch_norm=freeze), own


def _padding(config: _Config) -> Padding:
    return "explicit" if config.use_explicit_padding else "same"


def _width(config: _Config, nominal: int) -> int:
    return max(int(nominal * config.depth_multiplier), config.min_depth)


def _mobilenet(
    network: type[_MobileNet], config: _Config, hyperparameters: ConvHyperparameters, **settings: object
) -> _MobileNet:
    return network(
        hyperparameters,
        depth_multiplier=config.depth_multiplier,
        min_depth=config.min_depth,
        padding=_padding(config),
        **settings,  # type: ignore[arg-type]
    )


def _mobilenet_ssd(network: type[_MobileNet], config: _Config, where: str, freeze: bool) -> Features:
    refuse(num_layers_faults(config.num_layers), where)
    base, own = _hyperparameters(config, where, freeze, mobilenet_defaults)
    backbone = _mobilenet(network, config, base)
    first = EXPANSION if network is MobileNetV2 else backbone.levels[4]
    given = (first, backbone.levels[5])[: config.num_layers]
    added = _ADDED_DEPTHS[: max(config.num_layers - 2, 0)]
    neck = MultiResolutionMaps(
        own,
        end_points={name: backbone.channels[name] for name in given},
        added=[(_width(config, depth // 2), _width(config, depth)) for depth in added],
        separable=config.use_depthwise,
        padding=_padding(config),
    )
    return Features(backbone, neck, MinusOneToOne(), smallest_side(config.type))


def _mobilenet_fpn(network: type[_MobileNet], config: _Config, where: str, freeze: bool) -> Features:
    base, own = _hyperparameters(config, where, freeze, mobilenet_defaults)
    lite = {"block_channels": _LITE_V1_CHANNELS} if network is MobileNetV1 and config.use_depthwise else {}
    backbone = _mobilenet(network, config, base, **lite)
    neck = _pyramid(
        backbone,
        own,
        where,
        levels=(config.fpn.min_level, config.fpn.max_level),
        depth=_width(config, config.fpn.additional_layer_depth),
        separable=config.use_depthwise,
        padding=_padding(config),
    )
    return Features(backbone, neck, MinusOneToOne(), smallest_side(config.type))


def _resnet_fpn(depth: int, config: _Config, where: str, freeze: bool) -> Features:
    base, own = _hyperparameters(config, where, freeze, resnet_defaults)
    backbone = ResNet(depth, base, depth_multiplier=config.depth_multiplier, min_depth=config.min_depth)
    # The original reads no field of `fpn` here, nor use_depthwise and use_explicit_padding.
    neck = _pyramid(backbone, own, where, levels=(3, 7), depth=_width(config, 256))
    return Features(backbone, neck, ChannelMeans(), smallest_side(config.type))


def _efficientdet(size: int, config: _Config, where: str, freeze: bool) -> Features:
    faults = efficientnet_faults(
        depth_multiplier=config.depth_multiplier,
        use_depthwise=config.use_depthwise,
        use_explicit_padding=config.use_explicit_padding,
    )
    refuse(faults, where)
    pyramid = config.bifpn
    if not config.HasField("bifpn"):
        pyramid = type(pyramid)()
        pyramid.num_filters, pyramid.num_iterations, pyramid.combine_method = EFFICIENTDET_PYRAMIDS[size]
    faults = bidirectional_pyramid_faults(
        min_level=pyramid.min_level,
        max_level=pyramid.max_level,
        num_iterations=pyramid.num_iterations,
        combine_method=pyramid.combine_method,
    )
    refuse(faults, f"{where}.bifpn")
    backbone = EfficientNet(size, efficientnet_defaults(_efficientnet_regularizer(config)))
    own = conv_hyperparameters_from_config(config.conv_hyperparams, freeze_batch_norm=freeze)
    depth = max(pyramid.num_filters, config.min_depth)
    levels = range(pyramid.min_level, _DEEPEST_LEVEL_OF_BACKBONE + 1)
    neck = BiFPN(
        own,
        BiFPNSettings(depth, pyramid.num_iterations, pyramid.combine_method),
        end_points=[backbone.levels[level] for level in levels],
        coarser=pyramid.max_level - _DEEPEST_LEVEL_OF_BACKBONE,
    )
    return Features(backbone, neck, ChannelStatistics(), smallest_side(config.type))


def _efficientnet_regularizer(config: _Config) -> Regularizer:
    """Of the hyperparameters that are to override the network's own the original takes this one number alone."""
    if not config.override_base_feature_extractor_hyperparams:
        return keras.regularizers.L2(_EFFICIENTNET_DECAY)
    regularizer = config.conv_hyperparams.regularizer
    kind = regularizer.WhichOneof("regularizer_oneof")
    weights = {
        "l2_regularizer": regularizer.l2_regularizer.weight / 2,
        "l1_regularizer": regularizer.l1_regularizer.weight,
        None: _KERAS_DECAY,
    }
    return keras.regularizers.L2(weights[kind])


def _pyramid(
    backbone: Backbone,
    hyperparameters: ConvHyperparameters,
    where: str,
    *,
    levels: tuple[int, int],
    depth: int,
    separable: bool = False,
    padding: Padding = "same",
) -> FeaturePyramid:
    first, last = levels
    refuse(pyramid_levels_faults(first, last), f"{where}.fpn")
    deepest = min(last, _DEEPEST_LEVEL_OF_BACKBONE)
    return FeaturePyramid(
        hyperparameters,
        end_points=[backbone.levels[level] for level in range(first, deepest + 1)],
        depth=depth,
        coarser=last - deepest,
        separable=separable,
        padding=padding,
    )


FEATURE_EXTRACTORS: dict[str, Callable[[_Config, str, bool], Features]] = {
    "ssd_mobilenet_v1_keras": partial(_mobilenet_ssd, MobileNetV1),
    "ssd_mobilenet_v1_fpn_keras": partial(_mobilenet_fpn, MobileNetV1),
    "ssd_mobilenet_v2_keras": partial(_mobilenet_ssd, MobileNetV2),
    "ssd_mobilenet_v2_fpn_keras": partial(_mobilenet_fpn, MobileNetV2),
    "ssd_resnet50_v1_fpn_keras": partial(_resnet_fpn, 50),
    "ssd_resnet101_v1_fpn_keras": partial(_resnet_fpn, 101),
    "ssd_resnet152_v1_fpn_keras": partial(_resnet_fpn, 152),
    **{f"ssd_efficientnet-b{size}_bifpn_keras": partial(_efficientdet, size) for size in range(8)},
}
