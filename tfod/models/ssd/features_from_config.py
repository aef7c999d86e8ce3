"""The backbones and necks that `model.ssd.feature_extractor` can name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypeVar, get_args

import tf_keras as keras

from tfod.config.architectures import ARCHITECTURES, EFFICIENTDET_PYRAMIDS
from tfod.config.faults.fault import refuse
from tfod.config.faults.model import (
    bidirectional_pyramid_faults,
    efficientnet_faults,
    explicit_padding_faults,
    extractor_type_faults,
    inception_faults,
    num_layers_faults,
    pyramid_levels_faults,
    smallest_side,
    width_faults,
)
from tfod.config.faults.numbers import number_faults
from tfod.models.backbones.backbone import Backbone
from tfod.models.backbones.efficientnet import EfficientNet, efficientnet_defaults
from tfod.models.backbones.inception_v2 import InceptionV2
from tfod.models.backbones.inception_v3 import InceptionV3
from tfod.models.backbones.mobiledet import MobileDet, Processor
from tfod.models.backbones.mobilenet_v1 import MobileNetV1, mobilenet_defaults
from tfod.models.backbones.mobilenet_v2 import EXPANSION, MobileNetV2
from tfod.models.backbones.mobilenet_v3 import V3_EXPANSION, MobileNetV3
from tfod.models.backbones.resnet import ResNet, resnet_defaults
from tfod.models.from_config import conv_hyperparameters_from_config
from tfod.models.layers.conv import ConvHyperparameters, Regularizer
from tfod.models.layers.padding import Padding
from tfod.models.necks.bifpn import BiFPN, BiFPNSettings
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.models.necks.neck import Neck
from tfod.models.necks.pooling_pyramid import PoolingPyramid
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
# And so, in TensorFlow 1, is MobileNetV2.
_LITE_V2_TOP_CHANNELS = 256


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
    config: _Config, where: str, freeze: bool, defaults: Callable[..., ConvHyperparameters], network: Any
) -> tuple[ConvHyperparameters, ConvHyperparameters]:
    """Those of the backbone, which is a `network`, and those of what stands on it."""
    slim, own = ARCHITECTURES[config.type].is_slim, _own_hyperparameters(config, where, freeze)
    base = defaults(freeze_batch_norm=freeze, slim=slim)
    if config.override_base_feature_extractor_hyperparams:
        base = _overridden(network, base, own) if slim else own
    elif slim and network in _KEEPING_ACTIVATION:
        base = replace(base, regularize_depthwise=False)
    return base, own


def _own_hyperparameters(config: _Config, where: str, freeze: bool) -> ConvHyperparameters:
    return conv_hyperparameters_from_config(
        config.conv_hyperparams,
        f"{where}.conv_hyperparams",
        freeze_batch_norm=freeze,
        slim=ARCHITECTURES[config.type].is_slim,
    )


# Networks of TF-Slim whose own activation and kind of normalisation no config overrides.
_KEEPING_ACTIVATION = (MobileNetV2, MobileNetV3)


def _overridden(network: Any, base: ConvHyperparameters, own: ConvHyperparameters) -> ConvHyperparameters:
    """What is left of a network's own hyperparameters where a config's are to override them, in TF-Slim."""
    if network in _KEEPING_ACTIVATION:
        norm = own.batch_norm or base.batch_norm
        return replace(own, activation=base.activation, batch_norm=norm and replace(norm, center=True, scale=True))
    if network is ResNet:
        assert base.batch_norm is not None
        return replace(own, batch_norm=own.batch_norm and replace(base.batch_norm, frozen=own.batch_norm.frozen))
    return own


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
        slim=ARCHITECTURES[config.type].is_slim,
        **settings,  # type: ignore[arg-type]
    )


def _mobilenet_ssd(network: type[_MobileNet], config: _Config, where: str, freeze: bool) -> Features:
    refuse(num_layers_faults(config.num_layers), where)
    base, own = _hyperparameters(config, where, freeze, mobilenet_defaults, network)
    backbone = _mobilenet(network, config, base)
    first = EXPANSION if network is MobileNetV2 else backbone.levels[4]
    return _resolution_features(config, backbone, own, (first, backbone.levels[5]), number=config.num_layers)


def _resolution_features(
    config: _Config,
    backbone: Backbone,
    hyperparameters: ConvHyperparameters,
    given: Sequence[str],
    *,
    number: int,
    depths: Sequence[int] = _ADDED_DEPTHS,
    kernel_sizes: Sequence[int] | None = None,
) -> Features:
    """The end points `given` of a backbone and maps of the `depths`, the first `number` of all."""
    neck = MultiResolutionMaps(
        hyperparameters,
        end_points={name: backbone.channels[name] for name in given[:number]},
        added=[(_width(config, n // 2), _width(config, n)) for n in depths[: max(number - len(given), 0)]],
        separable=config.use_depthwise,
        padding=_padding(config),
        kernel_sizes=kernel_sizes,
    )
    return Features(backbone, neck, MinusOneToOne(), smallest_side(config.type))


def _embedded_mobilenet(config: _Config, where: str, freeze: bool) -> Features:
    own = _own_hyperparameters(config, where, freeze)
    # The original means to let a config override these too, but hands that on in the wrong place.
    base = mobilenet_defaults(freeze_batch_norm=freeze, slim=True, regularize_depthwise=False)
    backbone = _mobilenet(MobileNetV1, config, base)
    given, number = (backbone.levels[4], backbone.levels[5]), ARCHITECTURES[config.type].feature_maps
    return _resolution_features(config, backbone, own, given, number=number, kernel_sizes=(3, 3, 2))


def _mobilenet_ppn(config: _Config, where: str, freeze: bool) -> Features:
    base, _ = _hyperparameters(config, where, freeze, mobilenet_defaults, MobileNetV1)
    backbone = _mobilenet(MobileNetV1, config, base)
    end_point = backbone.levels[4]
    neck = PoolingPyramid(end_point, backbone.channels[end_point], count=ARCHITECTURES[config.type].feature_maps)
    return Features(backbone, neck, MinusOneToOne(), smallest_side(config.type))


def _inception_ssd(
    network: type[InceptionV2] | type[InceptionV3], config: _Config, where: str, freeze: bool
) -> Features:
    refuse(num_layers_faults(config.num_layers), where)
    refuse(inception_faults(config.type, overrides=config.override_base_feature_extractor_hyperparams), where)
    own = _own_hyperparameters(config, where, freeze)
    backbone = network(own, depth_multiplier=config.depth_multiplier, min_depth=config.min_depth)
    given, depths = _INCEPTION_MAPS[network]
    return _resolution_features(config, backbone, own, given, number=config.num_layers, depths=depths)


# Of each Inception network the end points that are feature maps, and the channels of those that are added.
_INCEPTION_MAPS: dict[type, tuple[tuple[str, ...], tuple[int, ...]]] = {
    InceptionV2: (("Mixed_4c", "Mixed_5c"), _ADDED_DEPTHS),
    InceptionV3: (("Mixed_5d", "Mixed_6e", "Mixed_7c"), (512, 256, 128)),
}


def _mobilenet_v3_ssd(size: Literal["large", "small"], config: _Config, where: str, freeze: bool) -> Features:
    refuse(explicit_padding_faults(config.type, use_explicit_padding=config.use_explicit_padding), where)
    base, own = _hyperparameters(config, where, freeze, mobilenet_defaults, MobileNetV3)
    backbone = MobileNetV3(size, base, depth_multiplier=config.depth_multiplier, min_depth=config.min_depth)
    number = ARCHITECTURES[config.type].feature_maps
    return _resolution_features(config, backbone, own, (V3_EXPANSION, "top"), number=number)


def _mobiledet_ssd(processor: Processor, config: _Config, where: str, freeze: bool) -> Features:
    refuse(explicit_padding_faults(config.type, use_explicit_padding=config.use_explicit_padding), where)
    own = _own_hyperparameters(config, where, freeze)
    backbone = MobileDet(processor, depth_multiplier=config.depth_multiplier)
    return _resolution_features(config, backbone, own, ("C4", "C5"), number=ARCHITECTURES[config.type].feature_maps)


def _mobilenet_fpn(network: type[_MobileNet], config: _Config, where: str, freeze: bool) -> Features:
    base, own = _hyperparameters(config, where, freeze, mobilenet_defaults, network)
    lite: dict[str, object] = {}
    if config.use_depthwise and network is MobileNetV1:
        lite["block_channels"] = _LITE_V1_CHANNELS
    elif config.use_depthwise and ARCHITECTURES[config.type].is_slim:
        lite["top_channels"] = _LITE_V2_TOP_CHANNELS
    backbone = _mobilenet(network, config, base, **lite)
    neck = _pyramid(
        backbone,
        own,
        where,
        levels=(config.fpn.min_level, config.fpn.max_level),
        depth=_width(config, config.fpn.additional_layer_depth),
        slim=ARCHITECTURES[config.type].is_slim,
        separable=config.use_depthwise,
        padding=_padding(config),
    )
    return Features(backbone, neck, MinusOneToOne(), smallest_side(config.type))


def _resnet_fpn(depth: int, config: _Config, where: str, freeze: bool) -> Features:
    base, own = _hyperparameters(config, where, freeze, resnet_defaults, ResNet)
    slim = ARCHITECTURES[config.type].is_slim
    backbone = ResNet(
        depth,
        base,
        depth_multiplier=config.depth_multiplier,
        min_depth=config.min_depth,
        slim=slim,
    )
    # With Keras the original reads no field of `fpn` here; use_depthwise and use_explicit_padding it never reads.
    pyramid = config.fpn if slim else type(config.fpn)()
    levels, depth = (pyramid.min_level, pyramid.max_level), _width(config, pyramid.additional_layer_depth)
    neck = _pyramid(backbone, own, where, levels=levels, depth=depth, slim=slim)
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
    slim: bool,
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
        doubles_smoothed=not slim,
    )


# What the types of one network end in, those of TensorFlow 1 first.
_ENDINGS = ("", "_keras")
FEATURE_EXTRACTORS: dict[str, Callable[[_Config, str, bool], Features]] = {
    **{f"ssd_mobilenet_v1{ending}": partial(_mobilenet_ssd, MobileNetV1) for ending in _ENDINGS},
    **{f"ssd_mobilenet_v1_fpn{ending}": partial(_mobilenet_fpn, MobileNetV1) for ending in _ENDINGS},
    **{f"ssd_mobilenet_v2{ending}": partial(_mobilenet_ssd, MobileNetV2) for ending in _ENDINGS},
    **{f"ssd_mobilenet_v2_fpn{ending}": partial(_mobilenet_fpn, MobileNetV2) for ending in _ENDINGS},
    **{f"ssd_resnet{n}_v1_fpn{ending}": partial(_resnet_fpn, n) for n in (50, 101, 152) for ending in _ENDINGS},
    "ssd_inception_v2": partial(_inception_ssd, InceptionV2),
    "ssd_inception_v3": partial(_inception_ssd, InceptionV3),
    "embedded_ssd_mobilenet_v1": _embedded_mobilenet,
    "ssd_mobilenet_v1_ppn": _mobilenet_ppn,
    "ssd_mobilenet_v3_large": partial(_mobilenet_v3_ssd, "large"),
    "ssd_mobilenet_v3_small": partial(_mobilenet_v3_ssd, "small"),
    **{f"ssd_mobiledet_{one}": partial(_mobiledet_ssd, one) for one in get_args(Processor)},
    **{f"ssd_efficientnet-b{size}_bifpn_keras": partial(_efficientdet, size) for size in range(8)},
}
