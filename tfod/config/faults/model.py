"""What is wrong with the choice of a model, its feature extractor and its box predictor."""

from collections.abc import Iterator, Sequence
from typing import Any

from tfod.config.architectures import ARCHITECTURES, types_of
from tfod.config.faults.fault import Fault
from tfod.config.words import nearest
from tfod.config.zoo import ALL_MODELS

__all__ = [
    "background_faults",
    "bidirectional_pyramid_faults",
    "box_code_size_faults",
    "clip_range_faults",
    "convolutional_predictor_faults",
    "efficientnet_faults",
    "explicit_padding_faults",
    "extractor_type_faults",
    "gray_input_faults",
    "inception_faults",
    "initializer_faults",
    "is_of_tf1",
    "model_choice_faults",
    "num_classes_faults",
    "num_layers_faults",
    "predictor_choice_faults",
    "pyramid_levels_faults",
    "smallest_side",
    "weight_shared_predictor_faults",
    "width_faults",
]

_PREDICTORS = ("convolutional_box_predictor", "weight_shared_convolutional_box_predictor")
_BACKBONE_LEVELS = (2, 5)
_EFFICIENTNET_LEVELS = (1, 5)
_COMBINE_METHODS = ("fast_attention", "attention", "weighted_sum", "sum")
_MOST_LAYERS = 6  # two maps of the backbone and four that are added
_SMALLEST_SIDES = {"resnet_v1": 129, "efficientnet": 129, "inception_v3": 75}  # pixels; of all others 33
_NARROWEST = 32  # channels, multiplied twice in MobileNetV1
# Networks that only TensorFlow 1 had, as their types begin.
_OF_TENSORFLOW_1 = (
    "faster_rcnn_nas", "faster_rcnn_pnas", "faster_rcnn_mobilenet_v1", "ssd_mobilenet_edgetpu",
    "ssd_mobilenet_v2_mnasfpn", "ssd_mobilenet_v3", "ssd_pnasnet", "ssd_resnet34_v1_fpn",
    "ssd_resnet50_v1_ppn", "ssd_resnet101_v1_ppn", "ssd_resnet152_v1_ppn", "ssd_spaghettinet",
)  # fmt: skip
_INSTEAD = {False: "ssd_mobilenet_v2_keras", True: "ssd_mobilenet_v2_fpn_keras"}
# Names that Keras knows; "identity" and "constant" make no kernel of a convolution.
_INITIALIZERS = (
    "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "normal", "one",
    "ones", "orthogonal", "random_normal", "random_uniform", "truncated_normal", "uniform", "variance_scaling", "zero",
    "zeros",
)  # fmt: skip


def model_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the model that is named. Block: `model`."""
    if not kind:
        cure = "add model { ssd { ... } }, best by starting from a config of the zoo"
        yield Fault("the config has no model", "", cure)


def num_classes_faults(num_classes: int) -> Iterator[Fault]:
    """Block: that of the model."""
    if num_classes <= 0:
        yield Fault(f"num_classes is {num_classes}", "num_classes", "give the greatest id of your label map")


def extractor_type_faults(name: str, family: str, *, pyramid: bool = False) -> Iterator[Fault]:
    """`family`: that of the model; `pyramid`: whether the block asks for one. Block: `feature_extractor`.

    >>> next(extractor_type_faults("efficientdet_d0", "ssd")).cure
    '--set {field}=ssd_efficientnet-b0_bifpn_keras'
    """
    known = types_of(family)
    buildable = [one for one in known if ARCHITECTURES[one].buildable]
    # Of a family of which nothing can be built that is said elsewhere.
    if name in (buildable or known):
        return
    what = f"the feature extractor {name or '(none)'} is not available"
    if name in known:
        yield Fault(f"{what} yet", "type", f"choose one of {', '.join(buildable)}")
    elif name in ARCHITECTURES:
        what = f"{name} is a type of {ARCHITECTURES[name].family}, not of {family}"
        cure = f"take one and its checkpoint: --set {{field}}={_INSTEAD[pyramid]}" if family == "ssd" else "change it"
        yield Fault(what, "type", cure)
    elif hint := _meant_type(name, buildable):
        yield Fault(what, "type", f"--set {{field}}={hint}")
    elif f"{name}_keras" in known:
        yield Fault(what, "type", "start from another model of the zoo: tfod zoo list --trainable")
    elif name.startswith(_OF_TENSORFLOW_1):
        cure = "no checkpoint of it fits another network"
        if family == "ssd":
            cure = f"take another network and a checkpoint of that one: --set {{field}}={_INSTEAD[pyramid]}"
        yield Fault(f"{what}: only TensorFlow 1 had it", "type", cure)
    else:
        yield Fault(what, "type", f"choose one of {', '.join(buildable or known)}")


def _meant_type(name: str, buildable: Sequence[str]) -> str | None:
    """The type that a name was probably meant to be: written otherwise, misspelt, or that of a model of the zoo."""
    lowered = name.strip().lower()
    for written in (lowered, f"{lowered}_keras"):
        if written in buildable:
            return written
    if lowered.startswith(_OF_TENSORFLOW_1):
        return None
    models = (model for model in ALL_MODELS if lowered in model.names)
    if (model := next(models, None)) is not None:
        return model.feature_extractor if model.feature_extractor in buildable else None
    # A name of TensorFlow 1 is short: hardly misspelt it is meant, but not where something more was written.
    of_tf1, of_tf2 = ([one for one in buildable if ARCHITECTURES[one].era == era] for era in ("tf1", "tf2"))
    return nearest(lowered, of_tf1, cutoff=0.95) or nearest(lowered, of_tf2, cutoff=0.8)


def is_of_tf1(name: str) -> bool:
    """Whether a type is one of TensorFlow 1, whose networks were built with TF-Slim."""
    row = ARCHITECTURES.get(name)
    return row.era == "tf1" if row is not None else name.startswith(_OF_TENSORFLOW_1)


def smallest_side(extractor: str) -> int:
    """Of how many pixels images must be so that something is left of them for a feature extractor at its end."""
    row = ARCHITECTURES.get(extractor)
    # Of a Faster R-CNN without a pyramid images go through a part of the network only, crops through the rest.
    goes_through_all = row is not None and (row.family == "ssd" or row.pyramid)
    return _SMALLEST_SIDES.get(row.network, 33) if row is not None and goes_through_all else 33


def width_faults(depth_multiplier: float, min_depth: int) -> Iterator[Fault]:
    """Whether the narrowest layers have a channel at all. Block: `feature_extractor`."""
    if min_depth < 1 and int(int(_NARROWEST * depth_multiplier) * depth_multiplier) < 1:
        what = f"with a depth_multiplier of {depth_multiplier:g} layers have no channels"
        yield Fault(what, "min_depth", "--set {field}=8, or raise depth_multiplier")


def gray_input_faults(kind: str, gray: bool, extractor: str) -> Iterator[Fault]:
    """`kind`: the image resizer, which makes images of one channel if `gray`. Block: `image_resizer`.

    As in the original: ResNets and EfficientNets subtract a mean from each of three channels.
    """
    row = ARCHITECTURES.get(extractor)
    if gray and row is not None and not row.takes_gray:
        what = f"{extractor} wants images of three channels, and convert_to_grayscale leaves one"
        yield Fault(what, f"{kind}.convert_to_grayscale", "--set {field}=false, or take a MobileNet")


def initializer_faults(name: str) -> Iterator[Fault]:
    """`name`: an initializer of Keras, by either of its spellings. Block: `initializer`."""
    if name not in _INITIALIZERS and name not in map(_camel_case, _INITIALIZERS):
        hint = nearest(name.lower(), _INITIALIZERS) or "glorot_uniform"
        what = f"no initializer of Keras for convolutions is called {name!r}"
        yield Fault(what, "keras_initializer_by_name", f"--set {{field}}={hint}")


def _camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def num_layers_faults(num_layers: int) -> Iterator[Fault]:
    """How many feature maps an SSD without a pyramid is to have. Block: `feature_extractor`."""
    if not 1 <= num_layers <= _MOST_LAYERS:
        cure = f"let it be 1 to {_MOST_LAYERS}: --set {{field}}={_MOST_LAYERS}"
        yield Fault(f"num_layers is {num_layers}", "num_layers", cure)


def pyramid_levels_faults(min_level: int, max_level: int) -> Iterator[Fault]:
    """Block: `fpn`."""
    first, last = _BACKBONE_LEVELS
    if not first <= min_level <= last or max_level < min_level:
        what = f"a pyramid from level {min_level} to {max_level} cannot be built on a backbone"
        cure = f"let min_level be {first} to {last} and max_level not less"
        yield Fault(what, "", f"{cure}: --set {{block}}min_level=3 --set {{block}}max_level=7")


def bidirectional_pyramid_faults(
    *, min_level: int, max_level: int, num_iterations: int, combine_method: str
) -> Iterator[Fault]:
    """Block: `bifpn`."""
    first, last = _EFFICIENTNET_LEVELS
    if not first <= min_level <= last or max_level <= last:
        what = f"a pyramid from level {min_level} to {max_level} cannot be built on an EfficientNet"
        yield Fault(what, "", f"let min_level be {first} to {last} and max_level {last + 1} or more")
    if num_iterations < 1:
        cure = "--set {field}=3, or as the zoo's config of the model has it"
        yield Fault(f"num_iterations is {num_iterations}", "num_iterations", cure)
    if combine_method not in _COMBINE_METHODS:
        what = f"levels cannot be combined by {combine_method or '(none)'}"
        yield Fault(what, "combine_method", f"use {', '.join(_COMBINE_METHODS)}")


def efficientnet_faults(*, depth_multiplier: float, use_depthwise: bool, use_explicit_padding: bool) -> Iterator[Fault]:
    """Block: `feature_extractor`."""
    if depth_multiplier != 1:
        what = f"depth_multiplier is {depth_multiplier:g}, but an EfficientNet has the width of its number"
        yield Fault(what, "depth_multiplier", "--set {field}=1, and choose a smaller one by its type")
    for name, value in (("use_depthwise", use_depthwise), ("use_explicit_padding", use_explicit_padding)):
        if value:
            yield Fault(f"an EfficientNet cannot be built with {name}", name, "--set {field}=false")


def inception_faults(extractor: str, *, overrides: bool) -> Iterator[Fault]:
    """`overrides`: whether the config's hyperparameters hold for the backbone too. Block: `feature_extractor`."""
    if not overrides:
        field = "override_base_feature_extractor_hyperparams"
        yield Fault(f"{extractor} has no hyperparameters of its own", field, "--set {field}=true")


def explicit_padding_faults(extractor: str, *, use_explicit_padding: bool) -> Iterator[Fault]:
    """Of networks that cannot have it. Block: `feature_extractor`."""
    if use_explicit_padding:
        name = "use_explicit_padding"
        yield Fault(f"{extractor} cannot be built with {name}", name, "--set {field}=false")


def background_faults(*, added: bool, explicit: bool) -> Iterator[Fault]:
    """Whether the background gets a column beside the classes, and whether it is one of them. Block: `ssd`."""
    if added and explicit:
        what = "the background cannot be a class of its own and a column beside the classes"
        yield Fault(what, "explicit_background_class", "--set {block}add_background_class=false")


def predictor_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the predictor that is named for an SSD. Block: `box_predictor`."""
    if kind not in _PREDICTORS:
        what = f"an SSD cannot have the box predictor {kind or '(none)'}"
        shared = "weight_shared_convolutional_box_predictor { depth: 128 num_layers_before_predictor: 4 }"
        yield Fault(what, "", f"use {' or '.join(_PREDICTORS)}: --set '{{field}}={{ {shared} }}'")


def box_code_size_faults(box_code_size: int, code_size: int) -> Iterator[Fault]:
    """`code_size`: how many numbers the box coder makes of a box. Block: that of the predictor."""
    if box_code_size != code_size:
        what = f"box_code_size is {box_code_size}, but the box coder makes {code_size} numbers of a box"
        yield Fault(what, "box_code_size", f"--set {{field}}={code_size}")


def convolutional_predictor_faults(
    *, min_depth: int, max_depth: int, use_depthwise: bool, kernel_size: int
) -> Iterator[Fault]:
    """Block: `convolutional_box_predictor`."""
    if min_depth > max_depth:
        what = f"min_depth {min_depth} is above max_depth {max_depth}"
        yield Fault(what, "min_depth", f"lower min_depth, or raise max_depth: --set {{field}}={max_depth}")
    yield from _kernel_faults(use_depthwise, kernel_size)


def weight_shared_predictor_faults(
    *, depth: int, num_layers: int, use_depthwise: bool, kernel_size: int
) -> Iterator[Fault]:
    """`num_layers`: those before the predictor. Block: `weight_shared_convolutional_box_predictor`."""
    if num_layers > 0 and depth <= 0:
        what = f"{num_layers} layers before the predictor have no channels"
        yield Fault(what, "depth", "--set {field}=128")
    yield from _kernel_faults(use_depthwise, kernel_size)


def clip_range_faults(clip: Any) -> Iterator[Fault]:
    """`clip`: what has `min` and `max`. Block: `box_encodings_clip_range`."""
    if clip.min > clip.max:
        what = f"box codes cannot be clipped to {clip.min:g} to {clip.max:g}"
        yield Fault(what, "min", f"exchange them: --set {{block}}min={clip.max:g} --set {{block}}max={clip.min:g}")


def _kernel_faults(use_depthwise: bool, kernel_size: int) -> Iterator[Fault]:
    if use_depthwise and kernel_size == 1:
        cure = "--set {field}=3, or --set {block}use_depthwise=false"
        yield Fault("a depthwise convolution of 1 x 1 does nothing", "kernel_size", cure)
