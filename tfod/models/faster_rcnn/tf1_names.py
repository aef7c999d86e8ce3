"""A Faster R-CNN under the names that TensorFlow 1's checkpoints give to its variables."""

from typing import TYPE_CHECKING

import tf_keras as keras

from tfod.checkpoints.layout import NamedVariables
from tfod.models.backbones.tf1_names import (
    Named,
    backbone_tf1_names,
    has_tf1_names,
    scoped,
    second_stage_tf1_names,
    tf1_names,
)
from tfod.models.faster_rcnn.features import RegionBackbone
from tfod.models.layers.sequential import Sequential

if TYPE_CHECKING:
    from tfod.models.faster_rcnn.detector import FasterRCNN

__all__ = ["faster_rcnn_tf1_names"]

_EXTRACTORS = ("FirstStageFeatureExtractor", "SecondStageFeatureExtractor")


def faster_rcnn_tf1_names(model: "FasterRCNN") -> NamedVariables | None:
    """The variables by TensorFlow 1's names; None where that had no such network."""
    features, regions = model.image_features, model.region_features
    if features.neck is not None or not has_tf1_names(features.backbone):
        return None
    first, second = _EXTRACTORS
    named = scoped(first, backbone_tf1_names(features.backbone))
    named |= tf1_names(model.proposal_network.slide, "Conv")
    predictor = model.proposal_network.predictor
    named |= scoped("FirstStageBoxPredictor", _heads(*predictor.box_heads, *predictor.class_heads))
    if isinstance(regions, RegionBackbone) and model.box_heads is not None:
        named |= scoped(second, second_stage_tf1_names(regions.backbone))
        named |= scoped("SecondStageBoxPredictor", _heads(model.box_heads.boxes, model.box_heads.classes))
    if model.mask_head is not None:
        layers = model.mask_head.layers
        convolutions = sum(isinstance(layer, keras.layers.Conv2D) for layer in layers.layers)
        scopes = ["Conv", *(f"Conv_{number}" for number in range(1, convolutions))]
        named |= scoped("SecondStageBoxPredictor", tf1_names(layers, *scopes))
    return NamedVariables(named, _EXTRACTORS)


def _heads(boxes: Sequential, classes: Sequential) -> Named:
    return {**tf1_names(boxes, "BoxEncodingPredictor"), **tf1_names(classes, "ClassPredictor")}
