"""A Faster R-CNN or Mask R-CNN: parts that are missing, or that do not fit each other."""

from collections.abc import Iterator
from typing import Any

from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.config.diagnostics import Diagnostic, errors
from tfod.config.faults.anchors import (
    anchor_choice_faults,
    feature_map_faults,
    flexible_anchor_faults,
    grid_anchor_faults,
    multiscale_anchor_faults,
)
from tfod.config.faults.faster_rcnn import (
    ANCHORS_IN_PIXELS,
    anchor_frame_faults,
    mask_faults,
    own_hyperparameters_faults,
    proposal_faults,
    region_faults,
    second_predictor_faults,
    stages_faults,
    stride_faults,
)
from tfod.config.faults.losses import second_stage_loss_faults
from tfod.config.faults.model import box_code_size_faults, pyramid_levels_faults

__all__ = ["check"]

_WHERE = "model.faster_rcnn"
_CODE_SIZE = 4


def check(model: Any) -> Iterator[Diagnostic]:
    """Findings in `model.faster_rcnn`, which `model` is, that other architectures cannot have."""
    yield from errors("stages", stages_faults(model.number_of_stages), _WHERE)
    row = ARCHITECTURES.get(model.feature_extractor.type)
    if row is not None and row.family == "faster_rcnn":
        yield from _extractor(model.feature_extractor, row)
    yield from _anchors(model, row)
    if model.number_of_stages > 1:
        yield from _second_stage(model)


def _extractor(extractor: Any, row: Architecture) -> Iterator[Diagnostic]:
    where = f"{_WHERE}.feature_extractor"
    faults = [
        *stride_faults(extractor.first_stage_features_stride, row),
        *own_hyperparameters_faults(row, given=extractor.HasField("conv_hyperparams")),
    ]
    yield from errors("first-stage", faults, where)
    if levels := row.levels_in(extractor):
        yield from errors("feature-extractor", pyramid_levels_faults(*levels), f"{where}.fpn")


def _anchors(model: Any, row: Architecture | None) -> Iterator[Diagnostic]:
    generator, where = model.first_stage_anchor_generator, f"{_WHERE}.first_stage_anchor_generator"
    kind = generator.WhichOneof("anchor_generator_oneof")
    if kind not in ANCHORS_IN_PIXELS:
        yield from errors("anchors", anchor_choice_faults(kind, ANCHORS_IN_PIXELS), where)
        return
    own, sets = getattr(generator, kind), 1
    if kind == "grid_anchor_generator":
        faults = [*grid_anchor_faults(len(own.scales), len(own.aspect_ratios))]
    elif kind == "multiscale_anchor_generator":
        faults = [*multiscale_anchor_faults(len(own.aspect_ratios), own.scales_per_octave)]
        sets = max(own.max_level - own.min_level + 1, 0)
    else:
        grids = own.anchor_grid
        faults = [*flexible_anchor_faults([(len(grid.base_sizes), len(grid.aspect_ratios)) for grid in grids])]
        sets = len(grids)
    normalize = kind != "grid_anchor_generator" and own.normalize_coordinates
    yield from errors("anchors", [*faults, *anchor_frame_faults(normalize)], f"{where}.{kind}")
    if row is not None and row.family == "faster_rcnn":
        levels = row.levels_in(model.feature_extractor)
        maps = levels[1] - levels[0] + 1 if levels else 1
        yield from errors("anchors", feature_map_faults(maps, sets), where)


def _second_stage(model: Any) -> Iterator[Diagnostic]:
    mines = model.HasField("hard_example_miner")
    faults = [
        *proposal_faults(most=model.first_stage_max_proposals, batch_size=model.second_stage_batch_size, mines=mines),
        *region_faults(
            side=model.initial_crop_size, kernel_size=model.maxpool_kernel_size, stride=model.maxpool_stride
        ),
    ]
    yield from errors("second-stage", faults, _WHERE)
    predictor, where = model.second_stage_box_predictor, f"{_WHERE}.second_stage_box_predictor"
    kind = predictor.WhichOneof("box_predictor_oneof")
    yield from errors("box-predictor", second_predictor_faults(kind), where)
    if kind == "mask_rcnn_box_predictor":
        own = predictor.mask_rcnn_box_predictor
        has_convolutions = own.HasField("conv_hyperparams")
        faults = [
            *box_code_size_faults(own.box_code_size, _CODE_SIZE),
            *mask_faults(own, stages=model.number_of_stages, has_convolutions=has_convolutions),
        ]
        yield from errors("box-predictor", faults, f"{where}.{kind}")
    loss = model.second_stage_classification_loss.WhichOneof("classification_loss")
    if loss is not None:
        faults = [*second_stage_loss_faults(loss)]
        yield from errors("loss", faults, f"{_WHERE}.second_stage_classification_loss")
