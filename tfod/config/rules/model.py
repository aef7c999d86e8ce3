"""The model: parts that are missing, or that do not fit each other."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from tfod.config.architectures import ARCHITECTURES, types_of
from tfod.config.diagnostics import Diagnostic, error, errors, warning
from tfod.config.faults.anchors import (
    anchor_choice_faults,
    feature_map_faults,
    multiscale_anchor_faults,
    ssd_anchor_faults,
)
from tfod.config.faults.fault import Fault
from tfod.config.faults.image_size import (
    conditional_shape_faults,
    fixed_shape_faults,
    keep_aspect_ratio_faults,
    pad_to_multiple_faults,
    resizer_choice_faults,
)
from tfod.config.faults.losses import loss_choice_faults, mining_faults, sampler_faults
from tfod.config.faults.model import (
    convolutional_predictor_faults,
    extractor_type_faults,
    model_choice_faults,
    num_layers_faults,
    predictor_choice_faults,
    pyramid_levels_faults,
    weight_shared_predictor_faults,
)
from tfod.config.faults.suppression import suppression_faults
from tfod.config.rules.walk import blocks, detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check"]


def check(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Findings in `model`."""
    found = detection_model(config)
    if found is None:
        yield from errors("no-model", model_choice_faults(None), "model")
        return
    kind, model = found
    where = f"model.{kind}"
    if model.num_classes <= 0:
        what = f"num_classes is {model.num_classes}"
        yield error("num-classes", what, f"{where}.num_classes", "give the greatest id of your label map")
    extractor = f"{where}.feature_extractor"
    yield from errors(
        "feature-extractor", extractor_type_faults(model.feature_extractor.type, types_of(kind)), extractor
    )
    yield from _resizer(model.image_resizer, f"{where}.image_resizer")
    for path, block in blocks(model, f"{where}."):
        if block.DESCRIPTOR.name == "BatchNonMaxSuppression":
            yield from _non_max_suppression(block, path)
    if kind == "ssd":
        yield from _losses(model)
        yield from _feature_maps(model.feature_extractor, extractor)
        yield from _anchors(model)
        yield from _predictor(model.box_predictor)
        yield from _alignment(model)


def _feature_maps(extractor: Any, where: str) -> Iterator[Diagnostic]:
    row = ARCHITECTURES.get(extractor.type)
    if row is not None and not row.pyramid:
        yield from errors("feature-extractor", num_layers_faults(extractor.num_layers), where)
    elif row is not None and row.levels_field == "fpn":
        faults = pyramid_levels_faults(extractor.fpn.min_level, extractor.fpn.max_level)
        yield from errors("feature-extractor", faults, f"{where}.fpn")


def _resizer(resizer: Any, where: str) -> Iterator[Diagnostic]:
    kind = resizer.WhichOneof("image_resizer_oneof")
    yield from errors("image-resizer", resizer_choice_faults(kind), where)
    faults = _RESIZERS.get(kind)
    if faults is not None:
        yield from errors("image-resizer", faults(getattr(resizer, kind)), f"{where}.{kind}")


_RESIZERS: dict[str | None, Callable[[Any], Iterator[Fault]]] = {
    "fixed_shape_resizer": lambda shape: fixed_shape_faults(shape.height, shape.width),
    "keep_aspect_ratio_resizer": lambda shape: keep_aspect_ratio_faults(
        shape.min_dimension, shape.max_dimension, len(shape.per_channel_pad_value)
    ),
    "conditional_shape_resizer": lambda shape: conditional_shape_faults(
        shape.condition, (shape.GREATER, shape.SMALLER)
    ),
    "pad_to_multiple_resizer": lambda shape: pad_to_multiple_faults(shape.multiple),
}


def _non_max_suppression(block: Any, path: str) -> Iterator[Diagnostic]:
    faults = suppression_faults(
        max_per_class=block.max_detections_per_class,
        max_total=block.max_total_detections,
        iou_threshold=block.iou_threshold,
        soft_nms_sigma=block.soft_nms_sigma,
    )
    yield from errors("detections", faults, path.rstrip("."))
    if block.use_combined_nms and (block.use_class_agnostic_nms or block.change_coordinate_frame):
        clash = "use_class_agnostic_nms" if block.use_class_agnostic_nms else "change_coordinate_frame"
        what = f"use_combined_nms and {clash} exclude each other"
        yield error("detections", what, f"{path}use_combined_nms", f"--set {path}{clash}=false")


def _losses(ssd: Any) -> Iterator[Diagnostic]:
    loss, where = ssd.loss, "model.ssd.loss"
    classification = loss.classification_loss.WhichOneof("classification_loss")
    localization = loss.localization_loss.WhichOneof("localization_loss")
    yield from errors("loss", loss_choice_faults("localization", localization), f"{where}.localization_loss")
    yield from errors("loss", loss_choice_faults("classification", classification), f"{where}.classification_loss")
    if loss.HasField("hard_example_miner"):
        yield from errors("loss", mining_faults(classification), where)
    if loss.HasField("random_example_sampler"):
        sampler = loss.random_example_sampler
        faults = sampler_faults(sampler.positive_sample_fraction)
        yield from errors("loss", faults, f"{where}.random_example_sampler")


def _anchors(ssd: Any) -> Iterator[Diagnostic]:
    kind = ssd.anchor_generator.WhichOneof("anchor_generator_oneof")
    where = "model.ssd.anchor_generator"
    if kind is None:
        yield from errors("anchors", anchor_choice_faults(kind), where)
    elif kind == "multiscale_anchor_generator":
        generator = ssd.anchor_generator.multiscale_anchor_generator
        yield from _multiscale_anchors(generator, _levels(ssd.feature_extractor), f"{where}.{kind}")
    elif kind == "ssd_anchor_generator":
        yield from _ssd_anchors(ssd.anchor_generator.ssd_anchor_generator, ssd.feature_extractor, f"{where}.{kind}")


def _multiscale_anchors(generator: Any, levels: tuple[int, int] | None, where: str) -> Iterator[Diagnostic]:
    ratios, scales = len(generator.aspect_ratios), generator.scales_per_octave
    yield from errors("anchors", multiscale_anchor_faults(ratios, scales), where)
    mine = (generator.min_level, generator.max_level)
    if levels is None or mine == levels:
        return
    wrong = "min_level" if mine[0] != levels[0] else "max_level"
    cure = f"--set {where}.min_level={levels[0]} --set {where}.max_level={levels[1]}"
    maps, sets = (last - first + 1 for first, last in (levels, mine))
    yield from errors("anchors", feature_map_faults(maps, sets, field=wrong, cure=cure), where)
    if maps == sets:
        what = f"anchors are for levels {mine[0]} to {mine[1]}, features have {levels[0]} to {levels[1]}"
        yield warning("anchors", what, f"{where}.{wrong}", cure)


def _ssd_anchors(generator: Any, extractor: Any, where: str) -> Iterator[Diagnostic]:
    levels = _levels(extractor)
    maps, layers = levels[1] - levels[0] + 1 if levels else extractor.num_layers, generator.num_layers
    cure = f"--set {where}.num_layers={maps}"
    yield from errors("anchors", feature_map_faults(maps, layers, field="num_layers", cure=cure), where)
    if layers == maps:
        lists = {"scales": len(generator.scales), "strides": len(generator.height_stride)}
        faults = ssd_anchor_faults(layers, **lists, offsets=len(generator.height_offset))
        yield from errors("anchors", faults, where)


def _levels(extractor: Any) -> tuple[int, int] | None:
    """First and last level of an SSD's feature pyramid; None without one, or for an unknown extractor."""
    row = ARCHITECTURES.get(extractor.type)
    return row.levels_in(extractor) if row is not None and row.family == "ssd" else None


def _predictor(predictor: Any) -> Iterator[Diagnostic]:
    kind = predictor.WhichOneof("box_predictor_oneof")
    where = "model.ssd.box_predictor"
    if kind is None:
        yield from errors("box-predictor", predictor_choice_faults(kind), where)
    elif kind == "convolutional_box_predictor":
        own = predictor.convolutional_box_predictor
        faults = convolutional_predictor_faults(
            min_depth=own.min_depth,
            max_depth=own.max_depth,
            use_depthwise=own.use_depthwise,
            kernel_size=own.kernel_size,
        )
        yield from errors("box-predictor", faults, f"{where}.{kind}")
    elif kind == "weight_shared_convolutional_box_predictor":
        shared, where = predictor.weight_shared_convolutional_box_predictor, f"{where}.{kind}"
        faults = weight_shared_predictor_faults(
            depth=shared.depth,
            num_layers=shared.num_layers_before_predictor,
            use_depthwise=shared.use_depthwise,
            kernel_size=shared.kernel_size,
        )
        yield from errors("box-predictor", faults, where)
        if shared.conv_hyperparams.HasField("sync_batch_norm"):
            yield warning(
                "box-predictor",
                "with sync_batch_norm a weight-shared predictor has no batch norm at all, as in the original",
                f"{where}.conv_hyperparams.sync_batch_norm",
                "rename sync_batch_norm to batch_norm",
            )


def _alignment(ssd: Any) -> Iterator[Diagnostic]:
    """A level of a pyramid is added to the next, doubled: its size must be half of that one's."""
    levels, resizer = _levels(ssd.feature_extractor), ssd.image_resizer
    if levels is None:
        return
    kind = resizer.WhichOneof("image_resizer_oneof")
    if kind == "fixed_shape_resizer":
        sides = {name: getattr(resizer.fixed_shape_resizer, name) for name in ("height", "width")}
    elif kind == "keep_aspect_ratio_resizer" and resizer.keep_aspect_ratio_resizer.pad_to_max_dimension:
        sides = {"max_dimension": resizer.keep_aspect_ratio_resizer.max_dimension}
    else:
        return
    last = ARCHITECTURES[ssd.feature_extractor.type].coarsest_doubled(levels)
    multiple, pad = 1 << last, max(ssd.feature_extractor.pad_to_multiple, 1)
    for name, side in sides.items():
        padded = -(-side // pad) * pad
        sizes = [-(-padded // (1 << level)) for level in range(levels[0], last + 1)]
        if side > 0 and any(fine != 2 * coarse for fine, coarse in pairwise(sizes)):
            where = f"model.ssd.image_resizer.{kind}.{name}"
            yield error(
                "pyramid",
                f"{side} pixels do not fit a feature pyramid up to level {last}, whose levels must halve",
                where,
                f"choose a multiple of {multiple}: --set {where}={-(-side // multiple) * multiple}",
            )
