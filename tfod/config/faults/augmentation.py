"""What is wrong with a step of data augmentation."""

from collections.abc import Callable, Iterator
from typing import Any

from tfod.config.faults.fault import Fault
from tfod.config.text import is_repeated

__all__ = ["step_choice_faults", "step_faults"]

_CORRECT = "correct this step of the config, or remove it"
# Defaults of the original that its schema does not tell.
_DEFAULTS = {"max_target_pixels": 800_000}
_LENGTHS = {"pad_color": 3, "min_padded_size_ratio": 2, "max_padded_size_ratio": 2}
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "normalize_image": (
        lambda step: step.original_minval < step.original_maxval,
        "original_maxval must be greater than original_minval",
    ),
    "random_distort_color": (lambda step: step.color_ordering in (0, 1), "color_ordering must be 0 or 1"),
    "random_downscale_to_target_pixels": (
        lambda step: step.min_target_pixels > 0,
        "min_target_pixels must be positive",
    ),
    "random_jpeg_quality": (
        lambda step: step.min_jpeg_quality >= 0 and step.max_jpeg_quality <= 100,
        "JPEG qualities go from 0 to 100",
    ),
    "random_pad_image": (
        lambda step: all(
            step.HasField(f"{limit}_image_height") == step.HasField(f"{limit}_image_width") for limit in ("min", "max")
        ),
        "image height and width must be set together",
    ),
    "random_patch_gaussian": (lambda step: step.min_patch_size >= 1, "min_patch_size must be at least 1"),
    "random_resize_method": (
        lambda step: step.target_height > 0 and step.target_width > 0,
        "target_height and target_width must be set",
    ),
    "random_scale_crop_and_pad_to_square": (
        lambda step: step.output_size > 0 and step.scale_min > 0,
        "output_size and scale_min must be positive",
    ),
    "random_square_crop_by_scale": (
        lambda step: step.max_border > 0 and step.num_scales > 0 and step.scale_min > 0,
        "max_border, num_scales and scale_min must be positive",
    ),
    "remap_labels": (
        lambda step: len(step.original_labels) > 0 and step.HasField("new_label"),
        "original_labels and new_label must be set",
    ),
    "resize_image": (
        lambda step: step.new_height > 0 and step.new_width > 0,
        "new_height and new_width must be set",
    ),
    "subtract_channel_mean": (lambda step: len(step.means) == 3, "means must be three numbers"),
}


def step_choice_faults(name: str | None) -> Iterator[Fault]:
    """`name`: the step that is named. Block: one of `data_augmentation_options`."""
    if not name:
        yield Fault("the step is empty", "", "remove it, or name a step, such as random_horizontal_flip {}")


def step_faults(name: str, step: Any) -> Iterator[Fault]:
    """`step`: the message of the step `name`. Block: the step."""
    holds, rule = _RULES.get(name, (lambda _: True, ""))
    if not holds(step):
        yield Fault(rule, "", _CORRECT)
    yield from _block_faults(step, "")
    for number, operation in enumerate(getattr(step, "operations", ())):
        yield from _block_faults(operation, f"operations[{number}].")


def _block_faults(block: Any, path: str) -> Iterator[Fault]:
    upside_down = set()
    for field in block.DESCRIPTOR.fields:
        name, value = field.name, getattr(block, field.name)
        if is_repeated(field):
            if len(value) not in (0, _LENGTHS.get(name, len(value))):
                yield Fault(f"{name} must be {_LENGTHS[name]} numbers", f"{path}{name}[0]", _CORRECT)
            continue
        if name.endswith("probability") and not 0 <= value <= 1:
            yield Fault(f"{name} is {value:g}, no probability", f"{path}{name}", "choose from 0 to 1")
        low, high = _bound(block, name), _bound(block, upper := _partner(name))
        if low is not None and high is not None and low > high:
            upside_down.add(name)
            yield Fault(f"{name} {low:g} exceeds {upper} {high:g}", f"{path}{name}", f"lower it, or raise {upper}")
    yield from _window_faults(block, path, upside_down)


def _window_faults(block: Any, path: str, told: set[str]) -> Iterator[Fault]:
    """Windows of a crop need an area and an aspect ratio: in an operation what is not set is 0."""
    names = set(block.DESCRIPTOR.fields_by_name) - told
    if "min_area" in names and not 0 < block.min_area <= block.max_area <= 1:
        yield Fault("min_area and max_area must be set, above 0 and at most 1", f"{path}min_area", _CORRECT)
    if "min_aspect_ratio" in names and not 0 < block.min_aspect_ratio <= block.max_aspect_ratio:
        what = "min_aspect_ratio and max_aspect_ratio must be set, above 0"
        yield Fault(what, f"{path}min_aspect_ratio", _CORRECT)


def _partner(name: str) -> str:
    """The upper bound that belongs to a lower one; "" for other fields."""
    if name.startswith("min"):
        return "max" + name[3:]
    return name[:-4] + "_max" if name.endswith("_min") else ""


def _bound(block: Any, name: str) -> float | None:
    """The value of the field; None where it is not set and its default is unknown, which is not 0."""
    field = block.DESCRIPTOR.fields_by_name.get(name)
    if field is None or is_repeated(field) or field.message_type is not None:
        return None
    if block.HasField(name):
        return float(getattr(block, name))
    return _DEFAULTS.get(name, getattr(block, name) if field.has_default_value else None)
