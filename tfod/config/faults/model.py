"""What is wrong with the choice of a model, its feature extractor and its box predictor."""

from collections.abc import Iterator

from tfod.config.architectures import types_of
from tfod.config.faults.fault import Fault
from tfod.config.text import nearest

__all__ = [
    "background_faults",
    "bidirectional_pyramid_faults",
    "box_code_size_faults",
    "convolutional_predictor_faults",
    "efficientnet_faults",
    "extractor_type_faults",
    "model_choice_faults",
    "num_layers_faults",
    "predictor_choice_faults",
    "pyramid_levels_faults",
    "weight_shared_predictor_faults",
]

_PREDICTORS = ("convolutional_box_predictor", "weight_shared_convolutional_box_predictor")
_BACKBONE_LEVELS = (2, 5)
_EFFICIENTNET_LEVELS = (1, 5)
_COMBINE_METHODS = ("fast_attention", "attention", "weighted_sum", "sum")
_MOST_LAYERS = 6  # two maps of the backbone and four that are added


def model_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the model that is named. Block: `model`."""
    if not kind:
        cure = "add model { ssd { ... } }, best by starting from a config of the zoo"
        yield Fault("the config has no model", "", cure)


def extractor_type_faults(name: str, family: str) -> Iterator[Fault]:
    """`family`: that of the model, whether or not its types can be built here. Block: `feature_extractor`."""
    known = types_of(family)
    if name in known:
        return
    of_tf1 = f"{name}_keras" in known
    hint = f"{name}_keras" if of_tf1 else nearest(name, known)
    what = f"the feature extractor {name or '(none)'} is not available"
    if of_tf1:
        what += ": it is one of TensorFlow 1"
    yield Fault(what, "type", f"--set {{field}}={hint}" if hint else f"choose one of {', '.join(known)}")


def num_layers_faults(num_layers: int) -> Iterator[Fault]:
    """How many feature maps an SSD without a pyramid is to have. Block: `feature_extractor`."""
    if not 1 <= num_layers <= _MOST_LAYERS:
        yield Fault(f"num_layers is {num_layers}", "num_layers", f"let it be 1 to {_MOST_LAYERS}")


def pyramid_levels_faults(min_level: int, max_level: int) -> Iterator[Fault]:
    """Block: `fpn`."""
    first, last = _BACKBONE_LEVELS
    if not first <= min_level <= last or max_level < min_level:
        what = f"a pyramid from level {min_level} to {max_level} cannot be built on a backbone"
        yield Fault(what, "", f"let min_level be {first} to {last} and max_level not less")


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


def background_faults(*, added: bool, explicit: bool) -> Iterator[Fault]:
    """Whether the background gets a column beside the classes, and whether it is one of them. Block: `ssd`."""
    if added and explicit:
        what = "the background cannot be a class of its own and a column beside the classes"
        yield Fault(what, "explicit_background_class", "--set {block}add_background_class=false")


def predictor_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the predictor that is named for an SSD. Block: `box_predictor`."""
    if kind not in _PREDICTORS:
        what = f"an SSD cannot have the box predictor {kind or '(none)'}"
        yield Fault(what, "", f"use {' or '.join(_PREDICTORS)}")


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
        yield Fault(what, "min_depth", "lower min_depth, or raise max_depth")
    yield from _kernel_faults(use_depthwise, kernel_size)


def weight_shared_predictor_faults(
    *, depth: int, num_layers: int, use_depthwise: bool, kernel_size: int
) -> Iterator[Fault]:
    """`num_layers`: those before the predictor. Block: `weight_shared_convolutional_box_predictor`."""
    if num_layers > 0 and depth <= 0:
        what = f"{num_layers} layers before the predictor have no channels"
        yield Fault(what, "depth", "--set {field}=128")
    yield from _kernel_faults(use_depthwise, kernel_size)


def _kernel_faults(use_depthwise: bool, kernel_size: int) -> Iterator[Fault]:
    if use_depthwise and kernel_size == 1:
        cure = "--set {field}=3, or --set {block}use_depthwise=false"
        yield Fault("a depthwise convolution of 1 x 1 does nothing", "kernel_size", cure)
