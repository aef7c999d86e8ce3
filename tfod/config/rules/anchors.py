"""An SSD's anchors: lists of unlike lengths, and anchors that do not fit the feature maps or the box predictor."""

from collections.abc import Iterator
from typing import Any

from tfod.config.architectures import ARCHITECTURES
from tfod.config.diagnostics import Diagnostic, errors, warning
from tfod.config.faults.anchors import (
    ANCHORS_OF_SEVERAL_MAPS,
    anchor_choice_faults,
    feature_map_faults,
    flexible_anchor_faults,
    multiscale_anchor_faults,
    shared_predictor_faults,
    ssd_anchor_faults,
)

__all__ = ["check_anchors", "pyramid_levels"]

_WHERE = "model.ssd.anchor_generator"
_BOXES_OF_A_REDUCED_LAYER = 3


def check_anchors(model: Any) -> Iterator[Diagnostic]:
    """Findings about `anchor_generator`; `model`: the block `ssd`."""
    kind, extractor = model.anchor_generator.WhichOneof("anchor_generator_oneof"), model.feature_extractor
    if kind is None:
        yield from errors("anchors", anchor_choice_faults(kind, ANCHORS_OF_SEVERAL_MAPS), _WHERE)
    if kind == "multiscale_anchor_generator":
        yield from _multiscale(model.anchor_generator.multiscale_anchor_generator, extractor, f"{_WHERE}.{kind}")
    elif kind == "ssd_anchor_generator":
        yield from _ssd(model.anchor_generator.ssd_anchor_generator, model, f"{_WHERE}.{kind}")
    elif kind == "flexible_grid_anchor_generator":
        yield from _flexible(model.anchor_generator.flexible_grid_anchor_generator, model, f"{_WHERE}.{kind}")


def pyramid_levels(extractor: Any) -> tuple[int, int] | None:
    """First and last level of an SSD's feature pyramid; None without one, or for an unknown extractor."""
    row = ARCHITECTURES.get(extractor.type)
    return row.levels_in(extractor) if row is not None and row.family == "ssd" else None


def _feature_maps(extractor: Any) -> int | None:
    """How many feature maps there are; None for an unknown extractor."""
    if extractor.type not in ARCHITECTURES:
        return None
    levels = pyramid_levels(extractor)
    return (
        max(levels[1] - levels[0] + 1, 0)
        if levels
        else ARCHITECTURES[extractor.type].feature_maps or int(extractor.num_layers)
    )


def _multiscale(generator: Any, extractor: Any, where: str) -> Iterator[Diagnostic]:
    ratios, scales = len(generator.aspect_ratios), generator.scales_per_octave
    yield from errors("anchors", multiscale_anchor_faults(ratios, scales), where)
    maps, mine = _feature_maps(extractor), (generator.min_level, generator.max_level)
    if maps is None:
        return
    levels = pyramid_levels(extractor) or (mine[0], mine[0] + maps - 1)
    wrong = "min_level" if mine[0] != levels[0] else "max_level"
    cure = f"--set {{block}}min_level={levels[0]} --set {{block}}max_level={levels[1]}"
    sets = max(mine[1] - mine[0] + 1, 0)
    yield from errors("anchors", feature_map_faults(maps, sets, field=wrong, cure=cure), where)
    if maps == sets and mine != levels:
        cure = f"--set {where}.min_level={levels[0]} --set {where}.max_level={levels[1]}"
        what = f"anchors are for levels {mine[0]} to {mine[1]}, features have {levels[0]} to {levels[1]}"
        yield warning("anchors", what, f"{where}.{wrong}", cure)


def _ssd(generator: Any, model: Any, where: str) -> Iterator[Diagnostic]:
    maps, layers = _feature_maps(model.feature_extractor), generator.num_layers
    if maps is not None and 0 < layers != maps:
        faults = feature_map_faults(maps, layers, field="num_layers", cure=f"--set {{field}}={maps}")
    else:
        faults = ssd_anchor_faults(generator)
    found = [*errors("anchors", faults, where)]
    yield from found
    if not found:
        boxes = [len(generator.aspect_ratios) + (generator.interpolated_scale_aspect_ratio > 0)] * layers
        if generator.reduce_boxes_in_lowest_layer:
            boxes[0] = _BOXES_OF_A_REDUCED_LAYER
        yield from _shared_predictor(model, boxes)


def _flexible(generator: Any, model: Any, where: str) -> Iterator[Diagnostic]:
    boxes = [(len(grid.base_sizes), len(grid.aspect_ratios)) for grid in generator.anchor_grid]
    maps, faults = _feature_maps(model.feature_extractor), [*flexible_anchor_faults(boxes)]
    if maps is not None:
        cure = f"give {maps} anchor_grid {{ ... }}, one for each feature map"
        faults += feature_map_faults(maps, len(boxes), field="anchor_grid", cure=cure)
    yield from errors("anchors", faults, where)
    if not faults:
        yield from _shared_predictor(model, [sizes for sizes, _ in boxes])


def _shared_predictor(model: Any, boxes: list[int]) -> Iterator[Diagnostic]:
    if model.box_predictor.HasField("weight_shared_convolutional_box_predictor"):
        kind = model.anchor_generator.WhichOneof("anchor_generator_oneof")
        yield from errors("anchors", shared_predictor_faults(boxes, kind), _WHERE)
