"""What is wrong with an image resizer."""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any

from tfod.config.faults.fault import Fault

__all__ = [
    "conditional_shape_faults",
    "fixed_shape_faults",
    "input_size_faults",
    "keep_aspect_ratio_faults",
    "known_sides",
    "pad_to_multiple_faults",
    "pyramid_fit_faults",
    "resizer_choice_faults",
]

_CHANNELS = 3


def resizer_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the resizer that is named. Block: `image_resizer`."""
    if not kind:
        cure = "--set '{field}={ fixed_shape_resizer { height: 320 width: 320 } }'"
        yield Fault("no image resizer is chosen", "", cure)


def fixed_shape_faults(height: int, width: int) -> Iterator[Fault]:
    """Block: `fixed_shape_resizer`."""
    for name, side in (("height", height), ("width", width)):
        if side < 1:
            yield Fault(f"{name} {side} is no size", name, "--set {field}=320")


def input_size_faults(kind: str, sides: Mapping[str, int], least: int) -> Iterator[Fault]:
    """`kind`: the resizer; `sides`: its fields that say how large images are for sure; `least`: what a side must be, so
    that the network's last features have a pixel. Block: `image_resizer`."""
    for name, side in sides.items():
        if 0 < side < least:
            what = f"images of {side} pixels are too small for this network"
            yield Fault(what, f"{kind}.{name}", f"let both sides be {least} or more: --set {{field}}=320")


def known_sides(kind: str | None, resizer: Any) -> dict[str, int]:
    """The fields of a resizer, the message `resizer` of the `kind`, that say how large every image is.

    None where that depends on the image.
    """
    if kind == "fixed_shape_resizer":
        return {"height": resizer.height, "width": resizer.width}
    if kind == "keep_aspect_ratio_resizer" and resizer.pad_to_max_dimension:
        return {"max_dimension": resizer.max_dimension}
    return {}


def pyramid_fit_faults(
    kind: str | None, sides: Mapping[str, int], pad_to_multiple: int, levels: tuple[int, int]
) -> Iterator[Fault]:
    """A level of a pyramid is added to the next finer one, doubled: its size must be half of that one's.

    `kind` and `sides`: the resizer and its fields that say how large images are; `levels`: the first, and the last
    that is doubled. Block: `ssd`.
    """
    multiple, pad = 1 << levels[1], max(pad_to_multiple, 1)
    for name, side in sides.items():
        padded = -(-side // pad) * pad
        sizes = [-(-padded // (1 << level)) for level in range(levels[0], levels[1] + 1)]
        if side > 0 and any(fine != 2 * coarse for fine, coarse in pairwise(sizes)):
            what = f"{padded} pixels do not fit a feature pyramid up to level {levels[1]}, whose levels must halve"
            field, least = f"image_resizer.{kind}.{name}", -(-side // multiple) * multiple
            if multiple % pad:  # no side can be chosen that is not padded to one that does not fit
                field, least = "feature_extractor.pad_to_multiple", multiple
            yield Fault(what, field, f"choose a multiple of {multiple}: --set {{field}}={least}")


def keep_aspect_ratio_faults(min_dimension: int, max_dimension: int, pad_values: int) -> Iterator[Fault]:
    """`pad_values`: how many values `per_channel_pad_value` has. Block: `keep_aspect_ratio_resizer`."""
    cure = f"--set {{field}}={max(max_dimension, 1)}"
    if min_dimension < 1:
        yield Fault(f"min_dimension {min_dimension} is no size", "min_dimension", cure)
    elif min_dimension > max_dimension:
        what = f"min_dimension {min_dimension}, of the shorter side, exceeds max_dimension {max_dimension}"
        yield Fault(what, "min_dimension", cure)
    if pad_values not in (0, _CHANNELS):
        what = f"per_channel_pad_value has {pad_values} values for {_CHANNELS} channels"
        yield Fault(what, "per_channel_pad_value[0]", "--set {block}per_channel_pad_value=[0, 0, 0]")


def conditional_shape_faults(condition: int, known: Collection[int]) -> Iterator[Fault]:
    """`known`: the values of `condition` that mean something. Block: `conditional_shape_resizer`."""
    if condition not in known:
        yield Fault("the condition is INVALID", "condition", "--set {field}=GREATER, or SMALLER")


def pad_to_multiple_faults(multiple: int) -> Iterator[Fault]:
    """Block: `pad_to_multiple_resizer`."""
    if multiple < 1:
        yield Fault(f"multiple {multiple} is no size", "multiple", "let it be 1 or more")
