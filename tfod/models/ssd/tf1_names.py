"""An SSD under the names that TensorFlow 1's checkpoints give to its variables."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
import tf_keras as keras

from tfod.checkpoints.layout import NamedVariables
from tfod.models.backbones.checkpoint_layout import CONVOLUTIONS
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.backbones.mobilenet_v2 import MobileNetV2
from tfod.models.backbones.resnet import ResNet
from tfod.models.backbones.tf1_names import (
    TF1_EXTRACTOR,
    Named,
    backbone_tf1_names,
    has_tf1_names,
    scoped,
    tf1_end_point,
    tf1_names,
    tf1_scope,
)
from tfod.models.heads.box_predictor import BoxPredictor
from tfod.models.heads.convolutional import ConvolutionalPredictor
from tfod.models.heads.weight_shared import WeightSharedPredictor
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.necks.multi_resolution import MultiResolutionMaps
from tfod.models.necks.neck import Neck
from tfod.models.necks.pooling_pyramid import PoolingPyramid

if TYPE_CHECKING:
    from tfod.models.ssd.detector import SSD

__all__ = ["ssd_tf1_names"]


def ssd_tf1_names(model: "SSD") -> NamedVariables | None:
    """The variables of an SSD by TensorFlow 1's names; None where that had no such network."""
    if not has_tf1_names(model.backbone):
        return None
    backbone = backbone_tf1_names(model.backbone)
    neck = scoped(tf1_scope(model.backbone), _neck(model.neck, model.backbone))
    extractor = scoped(TF1_EXTRACTOR, {**backbone, **neck})
    same = not (isinstance(model.neck, FeaturePyramid) and model.neck.doubles_smoothed)
    return NamedVariables({**extractor, **_box_predictor(model.box_predictor)}, (TF1_EXTRACTOR,), same)


def _neck(neck: Neck, backbone: tf.Module) -> Named:
    if isinstance(neck, FeaturePyramid):
        return scoped("fpn", _pyramid(neck, backbone))
    if isinstance(neck, PoolingPyramid):
        return {}
    assert isinstance(neck, MultiResolutionMaps)
    names: Named = {}
    last = tf1_end_point(backbone, neck.end_points[-1])
    # TensorFlow 1 counts the maps of the backbone too, and writes sizes into names.
    for number, sequence in enumerate(neck.downsample, len(neck.end_points)):
        narrow, *halving = _convolutions(sequence)
        kernel = "x".join(map(str, halving[0].kernel_size))
        names |= tf1_names(
            sequence,
            f"{last}_1_Conv2d_{number}_1x1_{narrow.filters}",
            *_scopes(halving, f"{last}_2_Conv2d_{number}_{kernel}_s2_{halving[-1].filters}"),
        )
    return names


def _scopes(convolutions: Sequence[keras.layers.Layer], scope: str) -> tuple[str, ...]:
    """Those of a convolution, or of a depthwise and a pointwise one, that make one `scope` of TensorFlow 1."""
    return (scope,) if len(convolutions) == 1 else (f"{scope}_depthwise", scope)


def _pyramid(neck: FeaturePyramid, backbone: tf.Module) -> Named:
    coarser = _COARSER_LEVELS[type(backbone)]
    sequences = {f"projection_{number}": sequence for number, sequence in enumerate(neck.project, 1)}
    sequences |= {f"smoothing_{number}": sequence for number, sequence in enumerate(neck.smooth, 1)}
    sequences |= {f"bottom_up_{coarser(number)}": sequence for number, sequence in enumerate(neck.downsample)}
    names: Named = {}
    for scope, sequence in sequences.items():
        names |= tf1_names(sequence, scope)
    return names


# Of each backbone the scopes of the levels beyond it, from 0.
_COARSER_LEVELS: dict[type, Callable[[int], str]] = {
    MobileNetV1: lambda number: f"Conv2d_{number + 14}",
    MobileNetV2: lambda number: f"Conv2d_{number + 20}",
    ResNet: lambda number: f"block{number + 5}",
}


def _box_predictor(predictor: BoxPredictor) -> Named:
    if isinstance(predictor, ConvolutionalPredictor):
        return _convolutional(predictor)
    assert isinstance(predictor, WeightSharedPredictor)
    return scoped("WeightSharedConvolutionalBoxPredictor", _weight_shared(predictor))


def _convolutional(predictor: ConvolutionalPredictor) -> Named:
    names: Named = {}
    levels = list(zip(predictor.shared, predictor.box_heads, predictor.class_heads, strict=True))
    for level, (shared, *heads) in enumerate(levels):
        own = tf1_names(shared, *(f"Conv2d_{i}_1x1_{one.filters}" for i, one in enumerate(_convolutions(shared))))
        for sequence, scope in zip(heads, _HEADS, strict=True):
            own |= tf1_names(sequence, *_scopes(_convolutions(sequence), scope))
        names |= scoped(f"BoxPredictor_{level}", own) if len(levels) > 1 else own
    return names


_HEADS = ("BoxEncodingPredictor", "ClassPredictor")


def _weight_shared(predictor: WeightSharedPredictor) -> Named:
    shares = predictor.class_towers[0] is predictor.box_towers[0]
    towers = {"PredictionTower" if shares else "BoxPredictionTower": predictor.box_towers}
    if not shares:
        towers["ClassPredictionTower"] = predictor.class_towers
    names = {**tf1_names(predictor.box_head, "BoxPredictor"), **tf1_names(predictor.class_head, "ClassPredictor")}
    for level, sequence in enumerate(predictor.projections):
        names |= tf1_names(sequence, f"ProjectionLayer/conv2d_{level}")
    for scope, sequences in towers.items():
        for level, sequence in enumerate(sequences):
            scopes = (f"{scope}/conv2d_{number}" for number, _ in enumerate(_convolutions(sequence)))
            names |= tf1_names(sequence, *scopes, norm=f"BatchNorm/feature_{level}")
    return names


def _convolutions(sequence: Sequential) -> list[keras.layers.Layer]:
    return [layer for layer in sequence.layers if isinstance(layer, CONVOLUTIONS)]
