"""Of two stages too: what the check finds no error in can be built, and what it refuses the model refuses alike.

A network of four convolutions stands for the backbones, which take seconds.
"""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import text_format

from tests.config.doors import agree, at, changed, variants
from tests.models.test_faster_rcnn import FourConvolutions
from tfod.config.pipeline import PipelineConfig
from tfod.config.zoo import find_model
from tfod.config.zoo_ssd import published_model
from tfod.models.build import build_model
from tfod.models.faster_rcnn import features_from_config
from tfod.models.faster_rcnn.features import ImageFeatures
from tfod.models.faster_rcnn.features_from_config import TwoParts
from tfod.models.faster_rcnn.second_stage import DenseFeatures
from tfod.models.layers.padding import Fit
from tfod.models.preprocess import ChannelMeans
from tfod.protos import box_predictor_pb2, faster_rcnn_pb2

WHERE = "model.faster_rcnn"
TYPE = "faster_rcnn_inception_resnet_v2_keras"


@pytest.fixture(autouse=True)
def quick_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: Any, where: str) -> TwoParts:
        features = ImageFeatures(FourConvolutions(), fit=Fit(), end_point="last")
        return TwoParts(features, 1, 32, DenseFeatures(None), ChannelMeans())

    monkeypatch.setitem(features_from_config.FASTER_RCNN_EXTRACTORS, TYPE, build)


@pytest.fixture
def masks(base: PipelineConfig) -> PipelineConfig:
    config = changed(base, lambda config: None)
    config.model.CopyFrom(published_model(find_model("mask_rcnn_inception_resnet_v2_1024x1024"), 2))
    config.model.faster_rcnn.first_stage_box_predictor_depth = 8
    return config


def _build(config: PipelineConfig) -> Any:
    return build_model(config.model)


# Fields whose numbers are those of other parts, or that many networks would have to be built for.
SLOW = ("7", "1.5", "0.5", "1e-06", "True", "False")


def _told(message: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    return [(told, change) for told, change in variants(message) if told.rpartition("=")[2] not in SLOW]


def test_two_stages_with_each_number(masks: PipelineConfig) -> None:
    assert agree(masks, WHERE, _build, "as in the zoo") is not None
    for told, change in _told(faster_rcnn_pb2.FasterRcnn()):
        if told.startswith(("num_classes=9000", "initial_crop_size=", "first_stage_box_predictor_depth=9000")):
            continue
        agree(changed(masks, lambda config, change=change: change(config.model.faster_rcnn)), WHERE, _build, told)


def test_masks_with_each_number(masks: PipelineConfig) -> None:
    path = "faster_rcnn.second_stage_box_predictor.mask_rcnn_box_predictor"
    for told, change in _told(box_predictor_pb2.MaskRCNNBoxPredictor()):
        agree(changed(masks, lambda config, change=change: change(at(config.model, path))), WHERE, _build, told)


@pytest.mark.parametrize(
    "text",
    [
        "second_stage_box_predictor { rfcn_box_predictor { } }",
        "second_stage_box_predictor { convolutional_box_predictor { } }",
        "second_stage_classification_loss { weighted_sigmoid_focal { } }",
        "second_stage_classification_loss { weighted_dice_classification_loss { } }",
        "hard_example_miner { }",
        "first_stage_anchor_generator { ssd_anchor_generator { } }",
        "first_stage_anchor_generator { multiscale_anchor_generator { aspect_ratios: 1 min_level: 4 max_level: 4 } }",
        "first_stage_anchor_generator { grid_anchor_generator { } }",
        "feature_extractor { type: 'faster_rcnn_nas' }",
        "feature_extractor { type: 'faster_rcnn_resnet50_keras' first_stage_features_stride: 8 }",
        "feature_extractor { type: 'faster_rcnn_resnet50_keras' conv_hyperparams { } }",
        "feature_extractor { type: 'faster_rcnn_resnet50_fpn_keras' }",
        "feature_extractor { type: 'faster_rcnn_resnet34_keras' }",
        "image_resizer { fixed_shape_resizer { height: 20 width: 64 } }",
        "context_config { }",
        "number_of_stages: 4",
    ],
)
def test_choices(masks: PipelineConfig, text: str) -> None:
    def choose(config: PipelineConfig) -> None:
        model = config.model.faster_rcnn
        chosen = text_format.Parse(text, faster_rcnn_pb2.FasterRcnn())
        for field, _ in chosen.ListFields():
            if field.message_type is not None:
                model.ClearField(field.name)
        model.MergeFrom(chosen)

    agree(changed(masks, choose), WHERE, _build, text)
