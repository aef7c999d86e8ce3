"""A U-Net under the names that its checkpoints have; its backbone also under those of a detector's."""

from typing import TYPE_CHECKING, Any

from tfod.checkpoints.layout import CheckpointLayout, NamedVariables
from tfod.models.backbones.checkpoint_layout import backbone_layout, tree
from tfod.models.backbones.tf1_names import TF1_EXTRACTOR, backbone_tf1_names, scoped
from tfod.models.layers.sequential import Sequential
from tfod.segmentation.encoders import BackboneEncoder, Encoder, PlainEncoder

if TYPE_CHECKING:
    from tfod.segmentation.unet import UNet

__all__ = ["unet_layout"]


def unet_layout(model: "UNet") -> CheckpointLayout:
    """The layout of a U-Net with either encoder."""
    full = tree(
        {
            "_encoder": _encoder(model.encoder),
            "_up": _by_number(model.up),
            "_gates": _by_number(model.gates),
            "_blocks": _by_number([_layers(block) for block in model.blocks]),
            "_head": model.head,
        }
    )
    if not isinstance(model.encoder, BackboneEncoder):
        return CheckpointLayout(full)
    backbone = backbone_layout(model.encoder.backbone)
    as_in_a_detector = tree({"_feature_extractor": {"classification_backbone": backbone}})
    named = NamedVariables(
        scoped(TF1_EXTRACTOR, backbone_tf1_names(model.encoder.backbone)), (TF1_EXTRACTOR,), same=False
    )
    return CheckpointLayout(full, detection=as_in_a_detector, classification=backbone, named=named)


def _encoder(encoder: Encoder) -> dict[str, Any]:
    if isinstance(encoder, BackboneEncoder):
        return {"classification_backbone": backbone_layout(encoder.backbone), "_finest": _layers(encoder.finest)}
    assert isinstance(encoder, PlainEncoder)
    return {"_blocks": _by_number([_layers(block) for block in encoder.blocks])}


def _layers(sequence: Sequential) -> dict[str, Any]:
    return {number: layer for number, layer in _by_number(sequence.layers).items() if layer.weights}


def _by_number(children: list[Any]) -> dict[str, Any]:
    return {str(number): child for number, child in enumerate(children)}
