"""What is wrong with anchors."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tfod.config.faults.fault import Fault

__all__ = [
    "ANCHORS_OF_SEVERAL_MAPS",
    "EVERY_KIND_OF_ANCHORS",
    "anchor_choice_faults",
    "feature_map_faults",
    "flexible_anchor_faults",
    "grid_anchor_faults",
    "multiscale_anchor_faults",
    "shared_predictor_faults",
    "ssd_anchor_faults",
]

ANCHORS_OF_SEVERAL_MAPS = ("ssd_anchor_generator", "multiscale_anchor_generator", "flexible_grid_anchor_generator")
"""The kinds of anchors for detectors with several feature maps."""
EVERY_KIND_OF_ANCHORS = (*ANCHORS_OF_SEVERAL_MAPS, "grid_anchor_generator")
# Fields of a ssd_anchor_generator.
_LISTS_OF_LAYERS = ("scales", "height_stride", "width_stride", "height_offset", "width_offset")


def anchor_choice_faults(kind: str | None, known: Collection[str]) -> Iterator[Fault]:
    """`kind`: the generator that is named; `known`: those that the detector can have. Block: `anchor_generator`."""
    if kind not in known:
        what = f"anchors of the kind {kind} are not possible here" if kind else "no anchors are chosen"
        yield Fault(what, "", f"use {' or '.join(known)}")


def multiscale_anchor_faults(aspect_ratios: int, scales_per_octave: int) -> Iterator[Fault]:
    """`aspect_ratios`: how many there are. Block: `multiscale_anchor_generator`."""
    yield from _no_anchor("aspect_ratios", aspect_ratios, "[1.0, 2.0, 0.5]")
    yield from _no_anchor("scales_per_octave", scales_per_octave, "2")


def grid_anchor_faults(scales: int, aspect_ratios: int) -> Iterator[Fault]:
    """How many there are of each. Block: `grid_anchor_generator`."""
    yield from _no_anchor("scales", scales, "[0.25, 0.5, 1.0, 2.0]")
    yield from _no_anchor("aspect_ratios", aspect_ratios, "[1.0, 2.0, 0.5]")


def _no_anchor(field: str, count: int, example: str) -> Iterator[Fault]:
    if count < 1:
        yield Fault(f"without {field} there is no anchor", field, f"--set '{{field}}={example}'")


def ssd_anchor_faults(generator: Any) -> Iterator[Fault]:
    """`generator`: what has the fields of a `ssd_anchor_generator`. Lists have one entry for each layer, or none.

    >>> from types import SimpleNamespace
    >>> lists = {name: [] for name in ("height_stride", "height_offset", "width_offset")}
    >>> boxes = {"aspect_ratios": [1.0], "interpolated_scale_aspect_ratio": 1.0, "reduce_boxes_in_lowest_layer": True}
    >>> generator = SimpleNamespace(num_layers=6, scales=range(6), width_stride=[8], **lists, **boxes)
    >>> [fault.what for fault in ssd_anchor_faults(generator)]
    ['width_stride has length 1, but there are 6 layers']
    """
    num_layers = generator.num_layers
    if num_layers < 1:
        yield Fault(f"num_layers is {num_layers}", "num_layers", "let it be 1 or more: --set {field}=6")
        return
    for name in _LISTS_OF_LAYERS:
        length = len(getattr(generator, name))
        if length not in (0, num_layers):
            what = f"{name} has length {length}, but there are {num_layers} layers"
            yield Fault(what, f"{name}[0]", f"give {num_layers}, or none: --set '{{block}}{name}=[]'")
    reduced = generator.reduce_boxes_in_lowest_layer and num_layers == 1
    if not (generator.aspect_ratios or generator.interpolated_scale_aspect_ratio > 0 or reduced):
        yield from _no_anchor("aspect_ratios", 0, "[1.0, 2.0, 0.5]")


def flexible_anchor_faults(grids: Sequence[tuple[int, int]]) -> Iterator[Fault]:
    """How many `base_sizes` and `aspect_ratios` each `anchor_grid` has. Block: `flexible_grid_anchor_generator`."""
    unlike = [number for number, (sizes, ratios) in enumerate(grids) if sizes != ratios]
    for number in unlike:
        sizes, ratios = grids[number]
        what = f"there are {sizes} base_sizes and {ratios} aspect_ratios"
        yield Fault(what, f"anchor_grid[{number}]", "give as many of each")
    empty = [number for number, (sizes, _) in enumerate(grids) if not sizes]
    if empty and not unlike:
        cure = "give it base_sizes and as many aspect_ratios"
        yield Fault("there is no anchor for this feature map", f"anchor_grid[{empty[0]}]", cure)


def feature_map_faults(feature_maps: int, anchor_sets: int, *, field: str = "", cure: str = "") -> Iterator[Fault]:
    """Every feature map needs anchors of its own. Block: `anchor_generator`, or the generator in it.

    `field` and `cure` are for those who know which field is wrong.
    """
    if feature_maps != anchor_sets:
        what = f"there are {feature_maps} feature maps, but anchors for {anchor_sets}"
        yield Fault(what, field, cure or "give it as many levels or layers as the feature extractor has")


def shared_predictor_faults(anchors_per_cell: Sequence[int], kind: str | None) -> Iterator[Fault]:
    """The anchors at a cell of each feature map, and their kind, where all maps share a box predictor.

    Block: `anchor_generator`.
    """
    if len(set(anchors_per_cell)) > 1:
        what = f"one predictor for all feature maps cannot give them {list(anchors_per_cell)} anchors a cell"
        if kind == "ssd_anchor_generator":
            yield Fault(what, f"{kind}.reduce_boxes_in_lowest_layer", "--set {field}=false")
        else:
            yield Fault(what, "", "give all feature maps as many, or use convolutional_box_predictor")
