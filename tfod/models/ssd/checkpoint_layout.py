"""An SSD under the names that the original's checkpoints give to its variables."""

from typing import TYPE_CHECKING, Any

import tensorflow as tf
import tf_keras as keras

from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.backbones.backbone import Backbone
from tfod.models.backbones.checkpoint_layout import CONVOLUTIONS, backbone_layout, numbered, tree
from tfod.models.backbones.efficientnet import EfficientNet
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.heads.box_predictor import BoxPredictor
from tfod.models.heads.checkpoint_layout import (
    BOX_LAYERS,
    CLASS_LAYERS,
    convolutional_predictor_layout,
    lists_of_layers,
    pyramid_layout,
)
from tfod.models.heads.convolutional import ConvolutionalPredictor
from tfod.models.heads.weight_shared import WeightSharedPredictor
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.bifpn import BiFPN, Node, WeightedSum
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.models.necks.pooling_pyramid import PoolingPyramid
from tfod.models.ssd.tf1_names import ssd_tf1_names
from tfod.names import BOX_ENCODINGS, CLASS_PREDICTIONS

if TYPE_CHECKING:
    from tfod.models.ssd.detector import SSD

__all__ = ["ssd_layout"]

Children = dict[str, Any]


def ssd_layout(model: "SSD") -> CheckpointLayout:
    """The layout of an SSD with any of the backbones, necks and box predictors."""
    backbones = _backbones(model.backbone)
    feature_extractor = tree({**backbones, **_neck(model)})
    return CheckpointLayout(
        full=tree({"_feature_extractor": feature_extractor, "_box_predictor": _box_predictor(model.box_predictor)}),
        detection=tree({"_feature_extractor": feature_extractor}),
        classification=backbones["classification_backbone"],
        named=ssd_tf1_names(model),
    )


def _backbones(backbone: Backbone) -> dict[str, tf.Module]:
    if not isinstance(backbone, EfficientNet):
        return {"classification_backbone": backbone_layout(backbone)}
    # The original runs a copy that ends earlier, and it is by the copy's name that variables of both are saved.
    whole = backbone_layout(backbone, backbone.unused)
    return {"_efficientnet": backbone_layout(backbone), "classification_backbone": whole}


def _neck(model: "SSD") -> Children:
    neck = model.neck
    if isinstance(neck, FeaturePyramid):
        pyramid, coarser = pyramid_layout(neck)
        return {"_fpn_features_generator": pyramid, "_coarse_feature_layers": coarser}
    if isinstance(neck, BiFPN):
        return {"_bifpn_stage": _bifpn(neck)}
    if isinstance(neck, PoolingPyramid):
        return {}
    assert isinstance(neck, MultiResolutionMaps)
    # The original counts the maps of the backbone too, and has two spellings.
    name = "_feature_map_generator" if isinstance(model.backbone, MobileNetV1) else "feature_map_generator"
    return {name: {"convolutions": lists_of_layers(neck.downsample, first=len(neck.end_points))}}


def _bifpn(neck: BiFPN) -> Children:
    nodes = {str(number): node for number, node in enumerate(neck.nodes)}
    return {
        "node_input_blocks": {number: _projections(node) for number, node in nodes.items()},
        "node_combine_op": {
            number: {"bifpn_combine_weights": node.combine.weights}
            for number, node in nodes.items()
            if isinstance(node.combine, WeightedSum)
        },
        "node_post_combine_block": {number: _after_activation(node.smooth) for number, node in nodes.items()},
    }


def _projections(node: Node) -> Children:
    """Of each input the layers; in the original they are the second of a pair."""
    return {str(number): {"1": numbered(sequence.layers)} for number, sequence in enumerate(node.projections)}


def _after_activation(sequence: Sequential) -> Children:
    """The layers by their places, of which the first is the activation's, whether or not there is one."""
    layers = [layer for layer in sequence.layers if not isinstance(layer, keras.layers.Activation)]
    return {str(place): layer for place, layer in enumerate(layers, 1)}


def _box_predictor(predictor: BoxPredictor) -> Children:
    if isinstance(predictor, ConvolutionalPredictor):
        return convolutional_predictor_layout(predictor)
    assert isinstance(predictor, WeightSharedPredictor)
    shares = predictor.class_towers[0] is predictor.box_towers[0]
    towers = {BOX_ENCODINGS: predictor.box_towers}
    if not shares:
        towers[CLASS_PREDICTIONS] = predictor.class_towers
    scopes = ["PredictionTower"] if shares else ["BoxPredictionTower", "ClassPredictionTower"]
    convolutions = (_convolutions(tower[0]) for tower in towers.values())
    return {
        "_head_scope_conv_layers": dict(zip(scopes, convolutions, strict=True)),
        "_base_tower_layers_for_heads": {head: lists_of_layers(levels) for head, levels in towers.items()},
        "_box_prediction_head": {BOX_LAYERS: numbered(predictor.box_head.layers)},
        "_prediction_heads": {CLASS_PREDICTIONS: {CLASS_LAYERS: numbered(predictor.class_head.layers)}},
        "_additional_projection_layers": lists_of_layers(predictor.projections),
    }


def _convolutions(tower: Sequential) -> Children:
    """A tower's convolutions alone, by their numbers."""
    convolutions = (layer for layer in tower.layers if isinstance(layer, CONVOLUTIONS))
    return {str(number): layer for number, layer in enumerate(convolutions)}
