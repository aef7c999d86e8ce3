"""Backbones under the names that TensorFlow 1's checkpoints give to their variables: a scope for each convolution."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.checkpoint_layout import CONVOLUTIONS
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.backbones.mobilenet_v2 import EXPANSION, MobileNetV2
from tfod.models.backbones.resnet import Bottleneck, ResNet
from tfod.models.layers.sequential import Sequential

__all__ = [
    "TF1_EXTRACTOR",
    "Named",
    "backbone_tf1_names",
    "has_tf1_names",
    "scoped",
    "tf1_end_point",
    "tf1_names",
    "tf1_scope",
]

Named = dict[str, tf.Variable]
TF1_EXTRACTOR = "FeatureExtractor"
"""The scope in which a detector's checkpoint has what a classifier's has without it."""

# Keras' names of a convolution's variables -> TF-Slim's.
_LEAVES = {
    "kernel": "weights",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
    "bias": "biases",
}
_NORM_LEAVES = ("gamma", "beta", "moving_mean", "moving_variance")


def backbone_tf1_names(backbone: tf.Module) -> Named:
    """The variables of a backbone by TF-Slim's names, as `MobilenetV1/Conv2d_0/weights`: those of its classifiers."""
    return scoped(tf1_scope(backbone), dict(_VARIABLES[type(backbone)](backbone)))


def has_tf1_names(backbone: tf.Module) -> bool:
    """Whether there are checkpoints of TensorFlow 1 of that network."""
    return type(backbone) in _VARIABLES


def tf1_scope(backbone: tf.Module) -> str:
    """The scope of a whole backbone, in which the layers that stand on it lie too."""
    return str(backbone.name) if isinstance(backbone, ResNet) else _SCOPES[type(backbone)]


def tf1_end_point(backbone: tf.Module, name: str) -> str:
    """What TF-Slim calls the end point `name` of a backbone."""
    return _END_POINTS[type(backbone)].get(name, name)


def scoped(scope: str, names: Mapping[str, tf.Variable]) -> Named:
    """Names within a scope."""
    return {f"{scope}/{name}": variable for name, variable in names.items()}


def tf1_names(sequence: Sequential | Iterable[keras.layers.Layer], *scopes: str, norm: str = "BatchNorm") -> Named:
    """The variables of layers: each convolution has the next of the `scopes`, and so has the `norm` that follows it."""
    layers = sequence.layers if isinstance(sequence, Sequential) else sequence
    names: Named = {}
    remaining, scope = iter(scopes), ""
    for layer in layers:
        if isinstance(layer, CONVOLUTIONS):
            scope = next(remaining)
            leaves, place = _LEAVES, scope
        elif isinstance(layer, keras.layers.BatchNormalization):
            leaves, place = {leaf: leaf for leaf in _NORM_LEAVES}, f"{scope}/{norm}"
        else:
            continue
        found = {leaf: getattr(layer, own, None) for own, leaf in leaves.items()}
        names |= {f"{place}/{leaf}": variable for leaf, variable in found.items() if variable is not None}
    return names


Pairs = Iterator[tuple[str, tf.Variable]]


def _mobilenet_v1(backbone: MobileNetV1) -> Pairs:
    yield from tf1_names(backbone.stem, "Conv2d_0").items()
    for number, block in enumerate(backbone.blocks, 1):
        yield from tf1_names(block, f"Conv2d_{number}_depthwise", f"Conv2d_{number}_pointwise").items()


def _mobilenet_v2(backbone: MobileNetV2) -> Pairs:
    yield from tf1_names(backbone.stem, "Conv").items()
    for number, block in enumerate(backbone.blocks):
        scope = f"expanded_conv_{number}" if number else "expanded_conv"
        yield from tf1_names(block.expand, f"{scope}/expand").items()
        yield from tf1_names(block.filter_and_project, f"{scope}/depthwise", f"{scope}/project").items()
    yield from tf1_names(backbone.top, "Conv_1").items()


def _resnet(backbone: ResNet) -> Pairs:
    yield from tf1_names(backbone.stem, "conv1").items()
    for stage, blocks in enumerate(backbone.stages.values(), 1):
        for unit, block in enumerate(blocks, 1):
            assert isinstance(block, Bottleneck), "version 2 has no checkpoints of TensorFlow 1 here"
            scope = f"block{stage}/unit_{unit}/bottleneck_v1"
            yield from tf1_names(block.project, f"{scope}/shortcut").items()
            yield from tf1_names(block.narrow_and_filter, f"{scope}/conv1", f"{scope}/conv2").items()
            yield from tf1_names(block.widen, f"{scope}/conv3").items()


_VARIABLES: dict[type, Any] = {MobileNetV1: _mobilenet_v1, MobileNetV2: _mobilenet_v2, ResNet: _resnet}
_SCOPES: dict[type, str] = {MobileNetV1: "MobilenetV1", MobileNetV2: "MobilenetV2"}
_END_POINTS: dict[type, Mapping[str, str]] = {
    MobileNetV1: {f"block{number}": f"Conv2d_{number}_pointwise" for number in range(1, 14)},
    MobileNetV2: {
        EXPANSION: "layer_15/expansion_output",
        "top": "layer_19",
        **{f"block{number}": f"layer_{number + 2}" for number in range(17)},
    },
    ResNet: {f"conv{stage}": f"block{stage - 1}" for stage in range(2, 6)},
}
