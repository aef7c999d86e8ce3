"""What is wrong with a step of data augmentation."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tfod.config.faults.fault import Fault
from tfod.config.words import is_number, is_repeated

__all__ = [
    "AUTOAUGMENT_POLICIES",
    "GRAY",
    "keypoint_order_faults",
    "sequence_faults",
    "step_choice_faults",
    "step_faults",
]

AUTOAUGMENT_POLICIES = ("v0", "v1", "v2", "v3", "test")

GRAY = "rgb_to_gray"
"""The step that leaves images one channel."""

_OF_WINDOWS = ("min_area", "min_aspect_ratio")
_CORRECT = "correct this step of the config, or remove it"
# Defaults of the original that its schema does not tell.
_DEFAULTS = {"max_target_pixels": 800_000}
_LENGTHS = {"pad_color": 3, "min_padded_size_ratio": 2, "max_padded_size_ratio": 2}
_LISTS = {"pad_color": "[0, 0, 0]", "min_padded_size_ratio": "[1, 1]", "max_padded_size_ratio": "[2, 2]"}
_LARGEST_BEFORE_A_CROP = 16_384  # pixels of a side
_WANT_COLORS = (
    "autoaugment_image", "random_adjust_hue", "random_adjust_saturation", "random_distort_color", "random_rgb_to_gray",
    "subtract_channel_mean",
)  # fmt: skip
_SIDES = "--set {block}%s=512 --set {block}%s=512"
_FLIP, _ROTATION = "keypoint_flip_permutation", "keypoint_rot_permutation"
_ORDERS = {"random_horizontal_flip": _FLIP, "random_vertical_flip": _FLIP, "random_rotation90": _ROTATION}
# Of COCO's 17 keypoints: the nose, then eyes, ears, shoulders and so on, left before right.
_COCO_FLIP = [0, *(number for left in range(1, 17, 2) for number in (left + 1, left))]
# Step -> whether its numbers are possible, what they must be, and numbers that are.
_RULES: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "autoaugment_image": (
        lambda step: step.policy_name in AUTOAUGMENT_POLICIES,
        f"policy_name must be one of {', '.join(AUTOAUGMENT_POLICIES)}",
        "--set {block}policy_name=v0",
    ),
    "normalize_image": (
        lambda step: step.original_minval < step.original_maxval,
        "original_maxval must be greater than original_minval",
        "--set {block}original_minval=0 --set {block}original_maxval=255",
    ),
    "random_distort_color": (
        lambda step: step.color_ordering in (0, 1),
        "color_ordering must be 0 or 1",
        "--set {block}color_ordering=0",
    ),
    "random_downscale_to_target_pixels": (
        lambda step: step.min_target_pixels > 0,
        "min_target_pixels must be positive",
        "--set {block}min_target_pixels=300000 --set {block}max_target_pixels=800000",
    ),
    "random_jpeg_quality": (
        lambda step: step.min_jpeg_quality >= 0 and step.max_jpeg_quality <= 100,
        "JPEG qualities go from 0 to 100",
        "--set {block}min_jpeg_quality=0 --set {block}max_jpeg_quality=100",
    ),
    "random_pad_image": (
        lambda step: all(
            step.HasField(f"{limit}_image_height") == step.HasField(f"{limit}_image_width") for limit in ("min", "max")
        ),
        "image height and width must be set together",
        "",
    ),
    "random_patch_gaussian": (
        lambda step: step.min_patch_size >= 1,
        "min_patch_size must be at least 1",
        "--set {block}min_patch_size=1",
    ),
    "random_resize_method": (
        lambda step: step.target_height > 0 and step.target_width > 0,
        "target_height and target_width must be set",
        _SIDES % ("target_height", "target_width"),
    ),
    "random_scale_crop_and_pad_to_square": (
        lambda step: (
            step.output_size > 0 and step.scale_min > 0 and step.output_size * step.scale_max <= _LARGEST_BEFORE_A_CROP
        ),
        f"output_size and scale_min must be positive, and output_size times scale_max at most {_LARGEST_BEFORE_A_CROP}",
        "--set {block}output_size=512 --set {block}scale_min=0.1 --set {block}scale_max=2",
    ),
    "random_square_crop_by_scale": (
        lambda step: step.max_border > 0 and step.num_scales > 0 and step.scale_min > 0,
        "max_border, num_scales and scale_min must be positive",
        "--set {block}max_border=128 --set {block}num_scales=8 --set {block}scale_min=0.6 --set {block}scale_max=1.3",
    ),
    "remap_labels": (
        lambda step: len(step.original_labels) > 0 and step.HasField("new_label"),
        "original_labels and new_label must be set",
        "",
    ),
    "resize_image": (
        lambda step: step.new_height > 0 and step.new_width > 0,
        "new_height and new_width must be set",
        _SIDES % ("new_height", "new_width"),
    ),
    "subtract_channel_mean": (
        lambda step: len(step.means) == 3,
        "means must be three numbers",
        "--set '{block}means=[123.68, 116.78, 103.94]'",
    ),
}


def step_choice_faults(name: str | None) -> Iterator[Fault]:
    """`name`: the step that is named. Block: one of `data_augmentation_options`."""
    if not name:
        yield Fault("the step is empty", "", "remove it, or name a step, such as random_horizontal_flip {}")


def step_faults(name: str, step: Any) -> Iterator[Fault]:
    """`step`: the message of the step `name`. Block: the step."""
    holds, rule, numbers = _RULES.get(name, (lambda _: True, "", ""))
    if not holds(step):
        yield Fault(rule, "", f"{_CORRECT}: {numbers}" if numbers else _CORRECT)
    yield from _order_faults(name, step)
    yield from _block_faults(step, "")
    for number, operation in enumerate(getattr(step, "operations", ())):
        yield from _block_faults(operation, f"operations[{number}].")


def keypoint_order_faults(name: str, step: Any, num_keypoints: int) -> Iterator[Fault]:
    """`num_keypoints`: those of an object; 0 where none are read. Block: the step."""
    field = _ORDERS.get(name)
    if field is None or not num_keypoints:
        return
    order = list(getattr(step, field))
    cure = f"give for each keypoint the number of the one that it becomes: --set '{{block}}{field}=[...]'"
    if num_keypoints == len(_COCO_FLIP) and field == _FLIP:
        cure = f"for COCO's keypoints: --set '{{block}}{field}={_COCO_FLIP}'"
    if not order and field == _FLIP:
        yield Fault(
            f"{name} has no {field}, and objects have {num_keypoints} keypoints: left is called right", "", cure
        )
    elif order and len(order) != num_keypoints:
        yield Fault(
            f"{field} has {len(order)} numbers, and objects have {num_keypoints} keypoints", f"{field}[0]", cure
        )


def sequence_faults(steps: Sequence[tuple[str | None, Any]]) -> Iterator[Fault]:
    """`steps`: name and message of each, in their order. Block: the one with the `data_augmentation_options`."""
    names = [name for name, _ in steps]
    gray = names.index(GRAY) if GRAY in names else len(names)
    for number, (name, step) in enumerate(steps[gray + 1 :], start=gray + 1):
        if name in _WANT_COLORS or any(getattr(step, "pad_color", ())):
            what = f"{name} wants three channels, and {GRAY} before it leaves one"
            yield Fault(what, f"data_augmentation_options[{number}].{name}", f"put {GRAY} behind it")


def _order_faults(name: str, step: Any) -> Iterator[Fault]:
    field = _ORDERS.get(name, "")
    order = list(getattr(step, field, ()))
    if sorted(order) != list(range(len(order))):
        cure = "give for each keypoint the number of the one that it becomes, from 0"
        yield Fault(f"{field} {order} does not have each number from 0 to {len(order) - 1} once", f"{field}[0]", cure)


def _block_faults(block: Any, path: str) -> Iterator[Fault]:
    upside_down = set()
    for field in block.DESCRIPTOR.fields:
        name = field.name
        if is_repeated(field):
            value = getattr(block, name)
            if len(value) not in (0, _LENGTHS.get(name, len(value))):
                cure = f"{_CORRECT}: --set '{{block}}{path}{name}={_LISTS[name]}'"
                yield Fault(f"{name} must be {_LENGTHS[name]} numbers", f"{path}{name}[0]", cure)
            continue
        low, high = _bound(block, name), _bound(block, upper := _partner(name))
        hopeless = name in _OF_WINDOWS and high is not None and high <= 0  # told of below
        if low is not None and high is not None and low > high and not hopeless:
            upside_down.add(name)
            cure = f"lower it, or raise {upper}: --set {{field}}={high:g}"
            yield Fault(f"{name} {low:g} exceeds {upper} {high:g}", f"{path}{name}", cure)
    yield from _window_faults(block, path, upside_down)
    yield from _padding_faults(block, path)


def _window_faults(block: Any, path: str, told: set[str]) -> Iterator[Fault]:
    """Windows of a crop need an area and an aspect ratio: in an operation what is not set is 0."""
    names = set(block.DESCRIPTOR.fields_by_name) - told
    if "min_area" in names and not 0 < block.min_area <= block.max_area <= 1:
        cure = f"{_CORRECT}: --set {{block}}{path}min_area=0.1 --set {{block}}{path}max_area=1"
        yield Fault("min_area and max_area must be set, above 0 and at most 1", f"{path}min_area", cure)
    if "min_aspect_ratio" in names and not 0 < block.min_aspect_ratio <= block.max_aspect_ratio:
        what = "min_aspect_ratio and max_aspect_ratio must be set, above 0"
        cure = f"{_CORRECT}: --set {{block}}{path}min_aspect_ratio=0.5 --set {{block}}{path}max_aspect_ratio=2"
        yield Fault(what, f"{path}min_aspect_ratio", cure)


def _padding_faults(block: Any, path: str) -> Iterator[Fault]:
    if "min_padded_size_ratio" not in block.DESCRIPTOR.fields_by_name:
        return
    least = tuple(block.min_padded_size_ratio) or (1.0, 1.0)
    greatest = tuple(block.max_padded_size_ratio) or (2.0, 2.0)
    if len(least) == len(greatest) == 2 and any(low > high for low, high in zip(least, greatest, strict=True)):
        what = f"min_padded_size_ratio {_listed(least)} exceeds max_padded_size_ratio {_listed(greatest)}"
        name = "min_padded_size_ratio" if block.min_padded_size_ratio else "max_padded_size_ratio"
        sets = " ".join(f"--set '{{block}}{path}{each}={_LISTS[each]}'" for each in list(_LISTS)[1:])
        yield Fault(what, f"{path}{name}[0]", f"{_CORRECT}: {sets}")


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _partner(name: str) -> str:
    """The upper bound that belongs to a lower one; "" for other fields."""
    if name.startswith("min"):
        return "max" + name[3:]
    return name[:-4] + "_max" if name.endswith("_min") else ""


def _bound(block: Any, name: str) -> float | None:
    """The value of the field; None where it is not set and its default is unknown, which is not 0."""
    field = block.DESCRIPTOR.fields_by_name.get(name)
    if field is None or is_repeated(field) or not is_number(field):
        return None
    if block.HasField(name):
        return float(getattr(block, name))
    return _DEFAULTS.get(name, getattr(block, name) if field.has_default_value else None)
