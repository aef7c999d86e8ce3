"""The feature extractors that `model.ssd.feature_extractor` can name."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from tfod.errors import ConfigError
from tfod.models.backbones.mobilenet import Padding, mobilenet_defaults
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.backbones.mobilenet_v2 import MobileNetV2
from tfod.models.backbones.resnet_v1 import ResNetV1, resnet_v1_defaults
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.models.normalization import ChannelMeans, MinusOneToOne
from tfod.models.ssd.feature_extractors import FeatureExtractor, MultiResolutionExtractor, PyramidExtractor
from tfod.protos import ssd_pb2

__all__ = ["FEATURE_EXTRACTORS", "feature_extractor_from_config"]

_Config = ssd_pb2.SsdFeatureExtractor
_MobileNet = TypeVar("_MobileNet", MobileNetV1, MobileNetV2)

_SMALLEST_SIDE_FOR_RESNET = 129
# Channels of the maps that SSD without a pyramid adds to the two of its backbone.
_ADDED_DEPTHS = (512, 256, 256, 128)
# With use_depthwise MobileNetV1 under a pyramid is narrower at its end: block -> channels.
_LITE_V1_CHANNELS = {12: 512, 13: 256}


def feature_extractor_from_config(config: _Config, *, freeze_batch_norm: bool) -> FeatureExtractor:
    """The feature extractor that `feature_extractor` describes. Raises ConfigError for unknown types."""
    if config.type not in FEATURE_EXTRACTORS:
        raise ConfigError(
            f"the feature extractor {config.type or '(none)'} is not available",
            "model.ssd.feature_extractor.type",
            "use one of " + ", ".join(sorted(FEATURE_EXTRACTORS)),
        )
    return FEATURE_EXTRACTORS[config.type](config, freeze_batch_norm)


def _hyperparameters(
    config: _Config, freeze: bool, defaults: Callable[..., ConvHyperparameters]
) -> tuple[ConvHyperparameters, ConvHyperparameters]:
    """Those of the backbone, and those of what stands on it."""
    own = ConvHyperparameters.from_config(config.conv_hyperparams, freeze_batch_norm=freeze)
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


def _mobilenet_ssd(network: type[_MobileNet], maps_attribute: str, config: _Config, freeze: bool) -> FeatureExtractor:
    if not 1 <= config.num_layers <= 2 + len(_ADDED_DEPTHS):
        cure = f"let it be 1 to {2 + len(_ADDED_DEPTHS)}"
        raise ConfigError(f"num_layers is {config.num_layers}", "model.ssd.feature_extractor.num_layers", cure)
    base, own = _hyperparameters(config, freeze, mobilenet_defaults)
    added = _ADDED_DEPTHS[: max(config.num_layers - 2, 0)]
    maps = MultiResolutionMaps(
        own,
        given=min(config.num_layers, 2),
        depths=[(_width(config, depth // 2), _width(config, depth)) for depth in added],
        separable=config.use_depthwise,
        padding=_padding(config),
    )
    return MultiResolutionExtractor(
        _mobilenet(network, config, base),
        MinusOneToOne(),
        maps,
        maps_attribute=maps_attribute,
        pad_to_multiple=config.pad_to_multiple,
    )


def _mobilenet_fpn(network: type[_MobileNet], config: _Config, freeze: bool) -> FeatureExtractor:
    base, own = _hyperparameters(config, freeze, mobilenet_defaults)
    lite = {"channels": _LITE_V1_CHANNELS} if network is MobileNetV1 and config.use_depthwise else {}
    return PyramidExtractor(
        _mobilenet(network, config, base, **lite),
        MinusOneToOne(),
        own,
        min_level=config.fpn.min_level,
        max_level=config.fpn.max_level,
        depth=_width(config, config.fpn.additional_layer_depth),
        separable=config.use_depthwise,
        padding=_padding(config),
        pad_to_multiple=config.pad_to_multiple,
    )


def _resnet_fpn(depth: int, config: _Config, freeze: bool) -> FeatureExtractor:
    base, own = _hyperparameters(config, freeze, resnet_v1_defaults)
    backbone = ResNetV1(depth, base, depth_multiplier=config.depth_multiplier, min_depth=config.min_depth)
    # The original reads no field of `fpn` here, nor use_depthwise and use_explicit_padding.
    return PyramidExtractor(
        backbone,
        ChannelMeans(),
        own,
        min_level=3,
        max_level=7,
        depth=_width(config, 256),
        pad_to_multiple=config.pad_to_multiple,
        minimum_side=_SMALLEST_SIDE_FOR_RESNET,
    )


FEATURE_EXTRACTORS: dict[str, Callable[[_Config, bool], FeatureExtractor]] = {
    "ssd_mobilenet_v1_keras": partial(_mobilenet_ssd, MobileNetV1, "_feature_map_generator"),
    "ssd_mobilenet_v1_fpn_keras": partial(_mobilenet_fpn, MobileNetV1),
    "ssd_mobilenet_v2_keras": partial(_mobilenet_ssd, MobileNetV2, "feature_map_generator"),
    "ssd_mobilenet_v2_fpn_keras": partial(_mobilenet_fpn, MobileNetV2),
    "ssd_resnet50_v1_fpn_keras": partial(_resnet_fpn, 50),
    "ssd_resnet101_v1_fpn_keras": partial(_resnet_fpn, 101),
    "ssd_resnet152_v1_fpn_keras": partial(_resnet_fpn, 152),
}
