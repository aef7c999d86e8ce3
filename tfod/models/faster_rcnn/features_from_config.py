"""The two parts of the backbones that `model.faster_rcnn.feature_extractor` can name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.faster_rcnn import own_hyperparameters_faults, stride_faults
from tfod.config.faults.fault import refuse
from tfod.config.faults.model import extractor_type_faults, pyramid_levels_faults, smallest_side
from tfod.config.faults.numbers import number_faults
from tfod.models.backbones.resnet import STAGES, ResNet, resnet_defaults
from tfod.models.faster_rcnn.features import ImageFeatures, RegionBackbone
from tfod.models.faster_rcnn.second_stage import DenseFeatures, RegionFeatures
from tfod.models.from_config import conv_hyperparameters_from_config
from tfod.models.layers.padding import Fit
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.preprocess import ChannelMeans, PixelNormalization
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
    refuse(stride_faults(config.first_stage_features_stride, pyramid=bool(row.pyramid)), where)
    refuse(own_hyperparameters_faults(given=config.HasField("conv_hyperparams"), pyramid=bool(row.pyramid)), where)
    return FASTER_RCNN_EXTRACTORS[config.type](config, where)


def _resnet(depth: int, config: _Config, where: str) -> TwoParts:
    hyperparameters = resnet_defaults(freeze_batch_norm=not config.batch_norm_trainable, weight_decay=0.0)
    *of_images, of_regions = STAGES
    fit = Fit(smallest_side(config.type))
    backbone = ResNet(depth, hyperparameters, stages=of_images)
    return TwoParts(
        ImageFeatures(backbone, fit=fit, end_point=of_images[-1]),
        1,
        backbone.channels[of_images[-1]],
        RegionBackbone(ResNet(depth, hyperparameters, stages=(of_regions,)), of_regions),
        ChannelMeans(),
    )


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


FASTER_RCNN_EXTRACTORS: dict[str, Callable[[_Config, str], TwoParts]] = {
    **{f"faster_rcnn_resnet{depth}_keras": partial(_resnet, depth) for depth in (50, 101, 152)},
    **{f"faster_rcnn_resnet{depth}_fpn_keras": partial(_resnet_pyramid, depth) for depth in (50, 101, 152)},
}
