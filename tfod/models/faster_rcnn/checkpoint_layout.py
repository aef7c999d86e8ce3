"""A Faster R-CNN under the names that the original's checkpoints give to its variables."""

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.backbones.checkpoint_layout import backbone_layers, backbone_layout, numbered, tree
from tfod.models.faster_rcnn.features import ImageFeatures, RegionBackbone
from tfod.models.faster_rcnn.second_stage import DenseFeatures
from tfod.models.faster_rcnn.tf1_names import faster_rcnn_tf1_names
from tfod.models.heads.checkpoint_layout import convolutional_predictor_layout, pyramid_layout
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.fpn import FeaturePyramid

if TYPE_CHECKING:
    from tfod.models.faster_rcnn.detector import FasterRCNN

__all__ = ["faster_rcnn_layout"]

Children = dict[str, Any]


def faster_rcnn_layout(model: "FasterRCNN") -> CheckpointLayout:
    """The layout of one to three stages, on any of the backbones."""
    features: Children = {"_feature_extractor_for_proposal_features": _image_features(model.image_features)}
    heads: Children = {
        "_first_stage_box_predictor_first_conv": _with_weights(model.proposal_network.slide),
        "_first_stage_box_predictor": convolutional_predictor_layout(model.proposal_network.predictor),
    }
    if model.region_features is not None and model.box_heads is not None:
        features["_feature_extractor_for_box_classifier_features"] = _region_features(model.region_features)
        heads["_mask_rcnn_box_predictor"] = {
            "_box_prediction_head": {"_box_encoder_layers": _places(model.box_heads.boxes)},
            "_class_prediction_head": {"_class_predictor_layers": _places(model.box_heads.classes)},
        }
    if model.mask_head is not None:
        layers = {"_mask_predictor_layers": numbered(model.mask_head.layers.layers)}
        heads["_mask_rcnn_box_predictor"]["_third_stage_heads"] = {"mask_predictions": layers}
    extractors = {name: part if isinstance(part, tf.Module) else tree(part) for name, part in features.items()}
    return CheckpointLayout(
        full=tree({**extractors, **heads}),
        detection=tree(extractors),
        classification=_classification(model),
        named=faster_rcnn_tf1_names(model),
    )


def _image_features(features: ImageFeatures) -> Any:
    if features.neck is None:
        return backbone_layout(features.backbone)
    assert isinstance(features.neck, FeaturePyramid)
    pyramid, coarser = pyramid_layout(features.neck)
    return {
        "classification_backbone": backbone_layout(features.backbone),
        "fpn_features_generator": pyramid,
        "coarse_feature_layers": coarser,
    }


def _region_features(features: Any) -> Any:
    if isinstance(features, DenseFeatures):
        return _with_weights(features.layers)
    return backbone_layout(features.backbone)


def _classification(model: "FasterRCNN") -> tf.Module:
    """The whole backbone, both its parts, as it was trained to classify images."""
    parts = model.region_features
    rest = backbone_layers(parts.backbone) if isinstance(parts, RegionBackbone) else ()
    return backbone_layout(model.image_features.backbone, rest)


def _with_weights(sequence: Sequential) -> Children:
    """As Keras' own sequences have their layers: those with weights are counted."""
    layers = (layer for layer in sequence.layers if layer.weights)
    return {f"layer_with_weights-{number}": layer for number, layer in enumerate(layers)}


def _places(sequence: Sequential) -> Children:
    """As the original's lists have them: every layer is counted."""
    return {str(place): layer for place, layer in enumerate(sequence.layers) if layer.weights}
