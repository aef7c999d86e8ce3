"""Backbones under the names that TensorFlow 1's checkpoints give to their variables: a scope for each convolution."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.checkpoint_layout import CONVOLUTIONS
from tfod.models.backbones.inception import Inception, InceptionResidual
from tfod.models.backbones.inception_resnet_v2 import InceptionResNetV2
from tfod.models.backbones.inception_v2 import InceptionV2
from tfod.models.backbones.inception_v3 import InceptionV3
from tfod.models.backbones.mobiledet import MobileDet
from tfod.models.backbones.mobilenet_v1 import MobileNetV1
from tfod.models.backbones.mobilenet_v2 import EXPANSION, MobileNetV2
from tfod.models.backbones.mobilenet_v3 import MobileNetV3
from tfod.models.backbones.resnet import STAGES, Bottleneck, ResNet
from tfod.models.layers.sequential import Sequential

__all__ = [
    "TF1_EXTRACTOR",
    "Named",
    "backbone_tf1_names",
    "has_tf1_names",
    "scoped",
    "second_stage_tf1_names",
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


def second_stage_tf1_names(backbone: tf.Module) -> Named:
    """The variables of a second stage as they stand in its scope, where what repeats is counted anew."""
    names = backbone_tf1_names(backbone)
    if not isinstance(backbone, InceptionResNetV2):
        return names
    return {name.replace("/Repeat_2/", "/Repeat/"): variable for name, variable in names.items()}


def has_tf1_names(backbone: tf.Module) -> bool:
    """Whether there are checkpoints of TensorFlow 1 of that network."""
    return type(backbone) in _VARIABLES


def tf1_scope(backbone: tf.Module) -> str:
    """The scope of a whole backbone, in which the layers that stand on it lie too."""
    return _SCOPES.get(backbone.name, str(backbone.name))


def tf1_end_point(backbone: tf.Module, name: str) -> str:
    """What TF-Slim calls the end point `name` of a backbone."""
    if isinstance(backbone, MobileNetV3) and name == "top":
        return f"layer_{len(backbone.blocks) + 2}"
    return _END_POINTS.get(type(backbone), {}).get(name, name)


def scoped(scope: str, names: Mapping[str, tf.Variable]) -> Named:
    """Names within a scope."""
    return {f"{scope}/{name}": variable for name, variable in names.items()}


def tf1_names(sequence: Sequential | Iterable[keras.layers.Layer], *scopes: str, norm: str = "BatchNorm") -> Named:
    """The variables of layers: each convolution or dense layer has the next of the `scopes`, and so has the `norm` that
    follows it."""
    layers = sequence.layers if isinstance(sequence, Sequential) else sequence
    names: Named = {}
    remaining, scope = iter(scopes), ""
    for layer in layers:
        if isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense)):
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
    for number, block in zip(backbone.numbers, backbone.blocks, strict=True):
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
    for name, blocks in backbone.stages.items():
        stage = STAGES.index(name)
        for unit, block in enumerate(blocks, 1):
            assert isinstance(block, Bottleneck), "version 2 has no checkpoints of TensorFlow 1 here"
            scope = f"block{stage}/unit_{unit}/bottleneck_v1"
            yield from tf1_names(block.project, f"{scope}/shortcut").items()
            yield from tf1_names(block.narrow_and_filter, f"{scope}/conv1", f"{scope}/conv2").items()
            yield from tf1_names(block.widen, f"{scope}/conv3").items()


def _inception(backbone: Inception) -> Pairs:
    for part, module in backbone.parts.items():
        if isinstance(module, Sequential):
            yield from tf1_names(module, part).items()
            continue
        for number, branch in enumerate(module.branches):
            scopes = _inception_scopes(f"{part}/Branch_{number}", branch.layers)
            yield from tf1_names(branch.layers, *scopes).items()


def _inception_scopes(scope: str, layers: Iterable[keras.layers.Layer]) -> Iterator[str]:
    """Those of a branch's convolutions: 0a, 0b and so on, pooling counted too, and 1a for what halves."""
    steps = (layer for layer in layers if isinstance(layer, (*CONVOLUTIONS, *_POOLING)))
    for letter, layer in zip("abcde", steps, strict=False):
        if isinstance(layer, CONVOLUTIONS):
            place = "1a" if layer.strides[0] > 1 else f"0{letter}"
            yield f"{scope}/Conv2d_{place}_{'x'.join(map(str, layer.kernel_size))}"


_POOLING = (keras.layers.AveragePooling2D, keras.layers.MaxPooling2D)
# Where InceptionV3 departs from that rule.
_ODD_SCOPES = {
    "inception_resnet_v2": "InceptionResnetV2",
    "Mixed_5c/Branch_1/Conv2d_0a_1x1": "Mixed_5c/Branch_1/Conv2d_0b_1x1",
    "Mixed_5c/Branch_1/Conv2d_0b_5x5": "Mixed_5c/Branch_1/Conv_1_0c_5x5",
    "Mixed_6a/Branch_0/Conv2d_1a_3x3": "Mixed_6a/Branch_0/Conv2d_1a_1x1",
    "Mixed_6a/Branch_1/Conv2d_1a_3x3": "Mixed_6a/Branch_1/Conv2d_1a_1x1",
    "Mixed_7b/Branch_1/Conv2d_0c_3x1": "Mixed_7b/Branch_1/Conv2d_0b_3x1",
}


def _inception_v3(backbone: InceptionV3) -> Pairs:
    for name, variable in _inception(backbone):
        scope = "/".join(name.split("/")[:3])  # of a convolution within a module
        yield name.replace(scope, _ODD_SCOPES.get(scope, scope)), variable


def _inception_resnet_v2(backbone: InceptionResNetV2) -> Pairs:
    for part, module in backbone.parts.items():
        scope = _inception_resnet_scope(part)
        if isinstance(module, Sequential):
            yield from tf1_names(module, scope).items()
            continue
        halves = part in ("Mixed_6a", "Mixed_7a")
        for number, branch in enumerate(module.branches):
            places = (f"{scope}/Branch_{number}/{place}" for place in _inception_resnet_places(branch.layers, halves))
            yield from tf1_names(branch.layers, *places).items()
        if isinstance(module, InceptionResidual):
            yield from tf1_names(module.widen, f"{scope}/Conv2d_1x1").items()


def _inception_resnet_scope(part: str) -> str:
    kind = part.split("_")[0]
    if part == "block8_10":
        return "Block8"
    return f"{_REPEATS[kind]}/{part}" if kind in _REPEATS else part


def _inception_resnet_places(layers: Iterable[keras.layers.Layer], halves: bool) -> Iterator[str]:
    """The names of a branch's convolutions: one that is alone has no letter, the last that halves, or could, has 1a."""
    steps = [layer for layer in layers if isinstance(layer, (*CONVOLUTIONS, *_POOLING))]
    for letter, layer in zip("abc", steps, strict=False):
        if isinstance(layer, CONVOLUTIONS):
            place = "1a_" if halves and layer is steps[-1] else f"0{letter}_" if len(steps) > 1 else ""
            yield f"Conv2d_{place}{'x'.join(map(str, layer.kernel_size))}"


_REPEATS = {"block35": "Repeat", "block17": "Repeat_1", "block8": "Repeat_2"}


def _mobilenet_v3(backbone: MobileNetV3) -> Pairs:
    yield from tf1_names(backbone.stem, "Conv").items()
    for number, block in enumerate(backbone.blocks):
        scope = f"expanded_conv_{number}" if number else "expanded_conv"
        excite = [f"{scope}/squeeze_excite/{name}" for name in _EXCITATION]
        yield from tf1_names(block.expand, f"{scope}/expand").items()
        yield from tf1_names(block.filter, f"{scope}/depthwise").items()
        yield from tf1_names(block.excite, *excite).items()
        yield from tf1_names(block.project, f"{scope}/project").items()
    yield from tf1_names(backbone.top, "Conv_1").items()


_EXCITATION = ("Conv", "Conv_1")


def _mobiledet(backbone: MobileDet) -> Pairs:
    yield from tf1_names(backbone.stem, "Conv").items()
    seen: Counter[str] = Counter()
    blocks = zip(chain(*backbone.kinds), chain(*backbone.stages), strict=True)
    for kind, block in blocks:
        name = _MOBILEDET_BLOCKS[kind]
        scope = f"{name}_{seen[name]}" if seen[name] else name
        seen[name] += 1
        layers = [*block.expand.layers, *block.filter.layers, *block.project.layers]
        yield from tf1_names(layers, *(f"{scope}/{one}" for one in _numbered_scopes(layers))).items()
        yield from tf1_names(block.excite, *(f"{scope}/SqueezeExcite/{one}" for one in _EXCITATION)).items()


def _numbered_scopes(layers: Iterable[keras.layers.Layer]) -> Iterator[str]:
    """Those that TF-Slim chooses for convolutions that are given none."""
    number = 0
    for layer in layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            yield "SeparableConv2d"
        elif isinstance(layer, CONVOLUTIONS):
            yield f"Conv_{number}" if number else "Conv"
            number += 1


_MOBILEDET_BLOCKS = {
    "unexpanded": "IBNNoExpansion", "bottleneck": "IBN", "fused": "FusedConv", "tucker": "TuckerConv",
}  # fmt: skip
_VARIABLES: dict[type, Any] = {
    InceptionResNetV2: _inception_resnet_v2,
    InceptionV2: _inception,
    InceptionV3: _inception_v3,
    MobileDet: _mobiledet,
    MobileNetV1: _mobilenet_v1,
    MobileNetV2: _mobilenet_v2,
    MobileNetV3: _mobilenet_v3,
    ResNet: _resnet,
}
# Of all others it is their name.
_SCOPES = {
    "inception_resnet_v2": "InceptionResnetV2",
    "inception_v2": "InceptionV2",
    "inception_v3": "InceptionV3",
    "mobiledet_cpu": "MobileDetCPU",
    "mobiledet_dsp": "MobileDetDSP",
    "mobiledet_edgetpu": "MobileDetEdgeTPU",
    "mobiledet_gpu": "MobileDetGPU",
    "mobilenet_v1": "MobilenetV1",
    "mobilenet_v2": "MobilenetV2",
    "mobilenet_v3_large": "MobilenetV3",
    "mobilenet_v3_small": "MobilenetV3",
}
_END_POINTS: dict[type, Mapping[str, str]] = {
    MobileNetV1: {f"block{number}": f"Conv2d_{number}_pointwise" for number in range(1, 14)},
    MobileNetV2: {
        EXPANSION: "layer_15/expansion_output",
        "top": "layer_19",
        **{f"block{number}": f"layer_{number + 2}" for number in range(17)},
    },
    ResNet: {f"conv{stage}": f"block{stage - 1}" for stage in range(2, 6)},
}
