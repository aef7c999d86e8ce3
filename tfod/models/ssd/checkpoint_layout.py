"""An SSD under the names that the original's checkpoints give to its variables."""

from typing import TYPE_CHECKING, Any

from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.backbones.checkpoint_layout import CONVOLUTIONS, backbone_layout, numbered, tree
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.heads.box_predictor import BoxPredictor
from tfod.models.heads.convolutional import ConvolutionalPredictor
from tfod.models.heads.weight_shared import WeightSharedPredictor
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.names import BOX_ENCODINGS, CLASS_PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfod.models.ssd.detector import SSD

__all__ = ["ssd_layout"]

Children = dict[str, Any]

_BOX_LAYERS, _CLASS_LAYERS = "_box_encoder_layers", "_class_predictor_layers"


def ssd_layout(model: "SSD") -> CheckpointLayout:
    """The layout of an SSD with any of the backbones, necks and box predictors."""
    backbone = backbone_layout(model.backbone)
    feature_extractor = tree({"classification_backbone": backbone, **_neck(model)})
    return CheckpointLayout(
        full=tree({"_feature_extractor": feature_extractor, "_box_predictor": _box_predictor(model.box_predictor)}),
        detection=tree({"_feature_extractor": feature_extractor}),
        classification=backbone,
    )


def _neck(model: "SSD") -> Children:
    neck = model.neck
    if isinstance(neck, FeaturePyramid):
        *finer, top = neck.project
        pyramid = {
            "top_layers": numbered(top.layers),
            "residual_blocks": _lists(reversed(finer)),
            "conv_layers": _lists(reversed(neck.smooth)),
        }
        return {"_fpn_features_generator": pyramid, "_coarse_feature_layers": _lists(neck.downsample)}
    assert isinstance(neck, MultiResolutionMaps)
    # The original counts the maps of the backbone too, and has two spellings.
    name = "_feature_map_generator" if isinstance(model.backbone, MobileNetV1) else "feature_map_generator"
    return {name: {"convolutions": _lists(neck.downsample, first=len(neck.end_points))}}


def _box_predictor(predictor: BoxPredictor) -> Children:
    if isinstance(predictor, ConvolutionalPredictor):
        heads = {
            BOX_ENCODINGS: _lists(predictor.box_heads, within=_BOX_LAYERS),
            CLASS_PREDICTIONS: _lists(predictor.class_heads, within=_CLASS_LAYERS),
        }
        return {"_prediction_heads": heads, "_shared_nets": _lists(predictor.shared)}
    assert isinstance(predictor, WeightSharedPredictor)
    shares = predictor.class_towers[0] is predictor.box_towers[0]
    towers = {BOX_ENCODINGS: predictor.box_towers}
    if not shares:
        towers[CLASS_PREDICTIONS] = predictor.class_towers
    scopes = ["PredictionTower"] if shares else ["BoxPredictionTower", "ClassPredictionTower"]
    convolutions = (_convolutions(tower[0]) for tower in towers.values())
    return {
        "_head_scope_conv_layers": dict(zip(scopes, convolutions, strict=True)),
        "_base_tower_layers_for_heads": {head: _lists(levels) for head, levels in towers.items()},
        "_box_prediction_head": {_BOX_LAYERS: numbered(predictor.box_head.layers)},
        "_prediction_heads": {CLASS_PREDICTIONS: {_CLASS_LAYERS: numbered(predictor.class_head.layers)}},
        "_additional_projection_layers": _lists(predictor.projections),
    }


def _lists(sequences: "Iterable[Sequential]", *, first: int = 0, within: str = "") -> Children:
    """Lists of layers by their own numbers, each `within` an object that has it under that name."""
    lists = enumerate((numbered(sequence.layers) for sequence in sequences), first)
    return {str(number): {within: layers} if within else layers for number, layers in lists}


def _convolutions(tower: Sequential) -> Children:
    """A tower's convolutions alone, by their numbers."""
    convolutions = (layer for layer in tower.layers if isinstance(layer, CONVOLUTIONS))
    return {str(number): layer for number, layer in enumerate(convolutions)}
