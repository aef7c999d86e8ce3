"""What SSDs and the first stage of Faster R-CNN share, under the names of the original's checkpoints."""

from collections.abc import Iterable
from typing import Any

from tfod import names
from tfod.models.backbones.checkpoint_layout import numbered
from tfod.models.heads.convolutional import ConvolutionalPredictor
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.fpn import FeaturePyramid

__all__ = ["BOX_LAYERS", "CLASS_LAYERS", "convolutional_predictor_layout", "lists_of_layers", "pyramid_layout"]

Children = dict[str, Any]

BOX_LAYERS, CLASS_LAYERS = "_box_encoder_layers", "_class_predictor_layers"


def convolutional_predictor_layout(predictor: ConvolutionalPredictor) -> Children:
    """A predictor with convolutions of its own for each feature map."""
    heads = {
        names.BOX_ENCODINGS: lists_of_layers(predictor.box_heads, within=BOX_LAYERS),
        names.CLASS_PREDICTIONS: lists_of_layers(predictor.class_heads, within=CLASS_LAYERS),
    }
    return {"_prediction_heads": heads, "_shared_nets": lists_of_layers(predictor.shared)}


def pyramid_layout(neck: FeaturePyramid) -> tuple[Children, Children]:
    """The levels that a pyramid makes of the backbone's, and its coarser ones."""
    *finer, top = neck.project
    pyramid = {
        "top_layers": numbered(top.layers),
        "residual_blocks": lists_of_layers(reversed(finer)),
        "conv_layers": lists_of_layers(reversed(neck.smooth)),
    }
    return pyramid, lists_of_layers(neck.downsample)


def lists_of_layers(sequences: Iterable[Sequential], *, first: int = 0, within: str = "") -> Children:
    """Lists of layers by their own numbers, each `within` an object that has it under that name."""
    lists = enumerate((numbered(sequence.layers) for sequence in sequences), first)
    return {str(number): {within: layers} if within else layers for number, layers in lists}
