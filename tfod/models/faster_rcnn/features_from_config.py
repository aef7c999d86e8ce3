"""The two parts of the backbones that `model.faster_rcnn.feature_extractor` can name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.faster_rcnn import own_hyperparameters_faults, stride_faults
from tfod.config.faults.fault import refuse
from tfod.config.faults.model import extractor_type_faults, pyramid_levels_faults, smallest_side
from tfod.config.faults.numbers import number_faults
from tfod.models.backbones.backbone import Backbone
from tfod.models.backbones.inception import inception_defaults
from tfod.models.backbones.inception_resnet_v2 import (
    FIRST_STAGE_PARTS,
    SECOND_STAGE_PARTS,
    InceptionResNetV2,
)
from tfod.models.backbones.inception_v2 import INCEPTION_V2_PARTS, InceptionV2
from tfod.models.backbones.mobilenet_v1 import MOBILENET_V1_BLOCKS, MobileNetV1, mobilenet_defaults
from tfod.models.backbones.resnet import STAGES, ResNet, resnet_defaults
from tfod.models.faster_rcnn.features import ImageFeatures, RegionBackbone
from tfod.models.faster_rcnn.second_stage import DenseFeatures, RegionFeatures
from tfod.models.from_config import conv_hyperparameters_from_config
from tfod.models.layers.padding import Fit
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.preprocess import ChannelMeans, MinusOneToOne, PixelNormalization
from tfod.protos import faster_rcnn_pb2

__all__ = ["FASTER_RCNN_EXTRACTORS", "TwoParts", "two_parts_from_config"]

_Config = faster_rcnn_pb2.FasterRcnnFeatureExtractor

_DEEPEST_LEVEL_OF_BACKBONE = 5
_PYRAMID_MULTIPLE = 32  # pixels: of the original's field nothing reaches the network


@dataclass(frozen=True)
class TwoParts:
    """What looks at images, how many feature maps it makes of how many channels, and what looks at regions of these."""

    image_features: ImageFeatures
    maps: int
    channels: int
    region_features: RegionFeatures
    pixels: PixelNormalization


def two_parts_from_config(config: _Config, where: str) -> TwoParts:
    """What `feature_extractor`, at the path `where`, describes. Raises ConfigError for unknown types."""
    refuse(number_faults(config), where)
    refuse(extractor_type_faults(config.type, "faster_rcnn"), where)
    row = ARCHITECTURES[config.type]
    refuse(stride_faults(config.first_stage_features_stride, row), where)
    refuse(own_hyperparameters_faults(row, given=config.HasField("conv_hyperparams")), where)
    return FASTER_RCNN_EXTRACTORS[config.type](config, where)


def _resnet(depth: int, config: _Config, where: str) -> TwoParts:
    slim = ARCHITECTURES[config.type].is_slim
    hyperparameters = resnet_defaults(freeze_batch_norm=not config.batch_norm_trainable, weight_decay=0.0, slim=slim)
    *of_images, of_regions = STAGES
    cut = of_images[-1]
    if slim:
        # With TF-Slim the original has the last stage twice: one copy, in its checkpoints, that looks at nothing.
        stride = config.first_stage_features_stride
        backbone = ResNet(depth, hyperparameters, halving="last", output_stride=stride, slim=True)
        last = ResNet(depth, hyperparameters, stages=(of_regions,), halving="last", slim=True)
    else:
        backbone = ResNet(depth, hyperparameters, stages=of_images)
        last = ResNet(depth, hyperparameters, stages=(of_regions,))
    return _cut(config, backbone, cut, RegionBackbone(last, of_regions), ChannelMeans())


def _inception_v2(config: _Config, where: str) -> TwoParts:
    hyperparameters = inception_defaults(freeze_batch_norm=not config.batch_norm_trainable, scale=True, slim=True)
    place = INCEPTION_V2_PARTS.index("Mixed_5a")
    of_images, of_regions = INCEPTION_V2_PARTS[:place], INCEPTION_V2_PARTS[place:]
    backbone, last = (InceptionV2(hyperparameters, parts=parts) for parts in (of_images, of_regions))
    return _cut(config, backbone, of_images[-1], RegionBackbone(last, of_regions[-1]), MinusOneToOne())


def _inception_resnet_v2(config: _Config, where: str) -> TwoParts:
    slim = ARCHITECTURES[config.type].is_slim
    hyperparameters = inception_defaults(freeze_batch_norm=not config.batch_norm_trainable, slim=slim)
    stride = config.first_stage_features_stride
    backbone, last = (
        InceptionResNetV2(hyperparameters, output_stride=stride, parts=parts, slim=slim)
        for parts in (FIRST_STAGE_PARTS, SECOND_STAGE_PARTS)
    )
    regions = RegionBackbone(last, SECOND_STAGE_PARTS[-1])
    return _cut(config, backbone, FIRST_STAGE_PARTS[-1], regions, MinusOneToOne())


def _thin_mobilenet(config: _Config, where: str) -> TwoParts:
    defaults = mobilenet_defaults(freeze_batch_norm=not config.batch_norm_trainable)
    assert defaults.batch_norm is not None
    hyperparameters = replace(defaults, batch_norm=replace(defaults.batch_norm, decay=_QUICK_DECAY))
    backbone, last = (
        MobileNetV1(hyperparameters, numbers=numbers, depth_multiplier=_THIN, slim=True)
        for numbers in (MOBILENET_V1_BLOCKS[:_MOBILENET_CUT], MOBILENET_V1_BLOCKS[_MOBILENET_CUT:])
    )
    return _cut(config, backbone, backbone.levels[4], RegionBackbone(last, last.levels[5]), MinusOneToOne())


# A third of the channels, and as many blocks for images as the original's MobileNetV1 has, which no config could name.
_THIN, _MOBILENET_CUT = 0.35, 11
# It is trained from scratch, in a run that the averages of the usual decay, 0.9997, would not follow.
_QUICK_DECAY = 0.97


def _cut(
    config: _Config, backbone: Backbone, cut: str, regions: RegionFeatures, pixels: PixelNormalization
) -> TwoParts:
    """A network in two parts, of which the first gives the features `cut`."""
    features = ImageFeatures(backbone, fit=Fit(smallest_side(config.type)), end_point=cut)
    return TwoParts(features, 1, backbone.channels[cut], regions, pixels)


def _resnet_pyramid(depth: int, config: _Config, where: str) -> TwoParts:
    freeze = not config.batch_norm_trainable
    own = conv_hyperparameters_from_config(
        config.conv_hyperparams, f"{where}.conv_hyperparams", freeze_batch_norm=freeze
    )
    overrides = config.override_base_feature_extractor_hyperparams
    backbone = ResNet(depth, own if overrides else resnet_defaults(freeze_batch_norm=freeze))
    first, last = ARCHITECTURES[config.type].levels_in(config) or (2, 6)
    refuse(pyramid_levels_faults(first, last), f"{where}.fpn")
    deepest = min(last, _DEEPEST_LEVEL_OF_BACKBONE)
    neck = FeaturePyramid(
        own,
        end_points=[backbone.levels[level] for level in range(first, deepest + 1)],
        depth=config.fpn.additional_layer_depth,
        coarser=last - deepest,
    )
    fit = Fit(smallest_side(config.type), _PYRAMID_MULTIPLE)
    features = ImageFeatures(backbone, fit=fit, neck=neck)
    return TwoParts(features, len(neck.depths), neck.depths[0], DenseFeatures(own.batch_norm), ChannelMeans())


# What the types of one network end in, those of TensorFlow 1 first.
_ENDINGS = ("", "_keras")
FASTER_RCNN_EXTRACTORS: dict[str, Callable[[_Config, str], TwoParts]] = {
    **{f"faster_rcnn_resnet{n}{ending}": partial(_resnet, n) for n in (50, 101, 152) for ending in _ENDINGS},
    **{f"faster_rcnn_resnet{depth}_fpn_keras": partial(_resnet_pyramid, depth) for depth in (50, 101, 152)},
    **{f"faster_rcnn_inception_resnet_v2{ending}": _inception_resnet_v2 for ending in _ENDINGS},
    "faster_rcnn_inception_v2": _inception_v2,
    "faster_rcnn_mobilenet_v1_035_keras": _thin_mobilenet,
}
