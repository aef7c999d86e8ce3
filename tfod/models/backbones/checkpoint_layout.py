"""Backbones as the original's checkpoints have them: Keras models, whose layers with weights are numbered."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.efficientnet import EfficientNet
from tfod.models.backbones.inception import Inception, InceptionResidual
from tfod.models.backbones.inception_resnet_v2 import InceptionResNetV2
from tfod.models.backbones.inception_v2 import InceptionV2
from tfod.models.backbones.inception_v3 import InceptionV3
from tfod.models.backbones.mobile_block import MobileBlock
from tfod.models.backbones.mobiledet import MobileDet
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.backbones.mobilenet_v2 import MobileNetV2
from tfod.models.backbones.mobilenet_v3 import MobileNetV3
from tfod.models.backbones.resnet import Bottleneck, PreactivationBottleneck, ResNet
from tfod.models.layers.sequential import Sequential

__all__ = ["CONVOLUTIONS", "backbone_layers", "backbone_layout", "numbered", "tree"]

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


def tree(children: Mapping[str, Any]) -> tf.Module:
    """A module whose attributes, whatever their names, are the children; mappings become modules too."""
    module = tf.Module()
    for name, child in children.items():
        setattr(module, name, tree(child) if isinstance(child, Mapping) else child)
    return module


def numbered(layers: Iterable[keras.layers.Layer]) -> dict[str, keras.layers.Layer]:
    """The layers with weights by their places in one of the original's lists.

    There normalisation and activation each have a place after every convolution, taken or not: of [convolution,
    activation, convolution] the second convolution has the place 3.
    """
    places: dict[str, keras.layers.Layer] = {}
    place = convolution = 0
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            places[str(convolution + 1)] = layer
        elif isinstance(layer, CONVOLUTIONS):
            places[str(place)] = layer
            place, convolution = place + 3, place
        elif not isinstance(layer, keras.layers.Activation):
            place += 1
    return places


def backbone_layout(backbone: Any, others: Iterable[keras.layers.Layer] = ()) -> tf.Module:
    """The backbone's layers as `layer_with_weights-0`, `-1`, ..., in the order of Keras' model of the network.

    `others`: layers that the original's model of it has after these.
    """
    with_weights = (layer for layer in (*backbone_layers(backbone), *others) if layer.weights)
    return tree({f"layer_with_weights-{number}": layer for number, layer in enumerate(with_weights)})


def backbone_layers(backbone: tf.Module) -> Iterable[keras.layers.Layer]:
    """The backbone's layers in the order of Keras' model of the network."""
    layers: Iterable[keras.layers.Layer] = _ORDER[type(backbone)](backbone)
    return layers


def _mobilenet_v1(backbone: MobileNetV1) -> Iterable[keras.layers.Layer]:
    yield from backbone.stem.layers
    for block in backbone.blocks:
        yield from block.layers


def _mobilenet_v2(backbone: MobileNetV2) -> Iterable[keras.layers.Layer]:
    yield from backbone.stem.layers
    for block in backbone.blocks:
        yield from (*block.expand.layers, *block.filter_and_project.layers)
    yield from backbone.top.layers


def _resnet(backbone: ResNet) -> Iterable[keras.layers.Layer]:
    yield from backbone.stem.layers
    for blocks in backbone.stages.values():
        for block in blocks:
            yield from _bottleneck(block)
    yield from backbone.post.layers


def _bottleneck(block: Bottleneck | PreactivationBottleneck) -> Iterable[keras.layers.Layer]:
    """Keras orders layers by their distance from the network's end: the two branches alternate there."""
    if isinstance(block, PreactivationBottleneck):
        yield from block.preactivation.layers
    yield from block.narrow_and_filter.layers
    for place in range(max(len(block.project.layers), len(block.widen.layers))):
        yield from block.project.layers[place : place + 1]
        yield from block.widen.layers[place : place + 1]


def _efficientnet(backbone: EfficientNet) -> Iterable[keras.layers.Layer]:
    yield from backbone.stem.layers
    for blocks in backbone.stages:
        for block in blocks:
            yield from (*block.expand_and_filter.layers, *block.excite.layers, *block.project.layers)


def _inception(backbone: Inception) -> Iterable[keras.layers.Layer]:
    for part in backbone.parts.values():
        if isinstance(part, Sequential):
            yield from part.layers
            continue
        for branch in part.branches:
            yield from branch.layers


def _inception_resnet(backbone: InceptionResNetV2) -> Iterable[keras.layers.Layer]:
    for part in backbone.parts.values():
        if isinstance(part, Sequential):
            yield from part.layers
            continue
        yield from _end_to_end([branch.layers for branch in part.branches])
        if isinstance(part, InceptionResidual):
            yield from part.widen.layers


def _end_to_end(branches: Sequence[Sequence[keras.layers.Layer]]) -> Iterable[keras.layers.Layer]:
    """Layers of branches that end at one place, those first that are farthest from it."""
    for distance in range(max(map(len, branches)), 0, -1):
        for layers in branches:
            if distance <= len(layers):
                yield layers[-distance]


def _mobilenet_v3(backbone: MobileNetV3) -> Iterable[keras.layers.Layer]:
    yield from backbone.stem.layers
    for block in backbone.blocks:
        yield from _mobile_block(block)
    yield from backbone.top.layers


def _mobiledet(backbone: MobileDet) -> Iterable[keras.layers.Layer]:
    yield from backbone.stem.layers
    for blocks in backbone.stages:
        for block in blocks:
            yield from _mobile_block(block)


def _mobile_block(block: MobileBlock) -> Iterable[keras.layers.Layer]:
    yield from (*block.expand.layers, *block.filter.layers, *block.excite.layers, *block.project.layers)


_ORDER: dict[type, Any] = {
    EfficientNet: _efficientnet,
    InceptionResNetV2: _inception_resnet,
    InceptionV2: _inception,
    InceptionV3: _inception,
    MobileDet: _mobiledet,
    MobileNetV1: _mobilenet_v1,
    MobileNetV2: _mobilenet_v2,
    MobileNetV3: _mobilenet_v3,
    ResNet: _resnet,
}
