"""The model: parts that are missing, or that do not fit each other."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tfod.config.architectures import ARCHITECTURES, types_of
from tfod.config.findings import Finding, error, warning
from tfod.config.rules.walk import blocks, detection_model
from tfod.config.text import nearest
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check"]


def check(config: TrainEvalPipelineConfig) -> Iterator[Finding]:
    """Findings in `model`."""
    found = detection_model(config)
    if found is None:
        cure = "add model { ssd { ... } }, best by starting from a config of the zoo"
        yield error("no-model", "the config has no model", "model", cure)
        return
    kind, model = found
    where = f"model.{kind}"
    if model.num_classes <= 0:
        what = f"num_classes is {model.num_classes}"
        yield error("num-classes", what, f"{where}.num_classes", "give the greatest id of your label map")
    yield from _feature_extractor(kind, model)
    yield from _resizer(model.image_resizer, f"{where}.image_resizer")
    for path, block in blocks(model, f"{where}."):
        if block.DESCRIPTOR.name == "BatchNonMaxSuppression":
            yield from _non_max_suppression(block, path)
    if kind == "ssd":
        yield from _losses(model)
        yield from _anchors(model)
        yield from _predictor(model.box_predictor)
        yield from _alignment(model)


def _feature_extractor(kind: str, model: Any) -> Iterator[Finding]:
    where = f"model.{kind}.feature_extractor.type"
    name, types = model.feature_extractor.type, types_of(kind)
    if name in types:
        return
    hint = f"{name}_keras" if f"{name}_keras" in types else nearest(name, types)
    known = ", ".join(types)
    what = f"there is no feature extractor {name!r}" if name else "no feature extractor is named"
    if name and hint == f"{name}_keras":
        what = f"{name} is a feature extractor of TensorFlow 1"
    yield error("feature-extractor", what, where, f"--set {where}={hint}" if hint else f"choose one of {known}")


def _resizer(resizer: Any, where: str) -> Iterator[Finding]:
    kind = resizer.WhichOneof("image_resizer_oneof")
    if kind is None:
        cure = "add fixed_shape_resizer { height: 320 width: 320 }"
        yield error("image-resizer", "nothing says to what size pictures are brought", where, cure)
    elif kind == "fixed_shape_resizer":
        shape = resizer.fixed_shape_resizer
        for name in ("height", "width"):
            if getattr(shape, name) <= 0:
                path = f"{where}.{kind}.{name}"
                yield error("image-resizer", f"pictures have no {name}", path, f"--set {path}=320")
    elif kind == "keep_aspect_ratio_resizer":
        shape, path = resizer.keep_aspect_ratio_resizer, f"{where}.{kind}"
        if not 0 < shape.min_dimension <= shape.max_dimension:
            what = f"the shorter side is to be {shape.min_dimension}, the longer at most {shape.max_dimension}"
            cure = f"--set {path}.min_dimension={max(shape.max_dimension, 1)}"
            yield error("image-resizer", what, f"{path}.min_dimension", cure)
        if len(shape.per_channel_pad_value) not in (0, 3):
            what = f"per_channel_pad_value has {len(shape.per_channel_pad_value)} values for 3 channels"
            cure = f"--set {path}.per_channel_pad_value=[0, 0, 0]"
            yield error("image-resizer", what, f"{path}.per_channel_pad_value[0]", cure)


def _non_max_suppression(block: Any, path: str) -> Iterator[Finding]:
    if block.max_detections_per_class > block.max_total_detections:
        yield error(
            "detections",
            f"{block.max_detections_per_class} detections a class, but {block.max_total_detections} in all",
            f"{path}max_detections_per_class",
            f"--set {path}max_total_detections={block.max_detections_per_class}",
        )
    if not 0 <= block.iou_threshold <= 1:
        what, where = f"iou_threshold is {block.iou_threshold:g}", f"{path}iou_threshold"
        yield error("detections", what, where, f"an IoU lies between 0 and 1: --set {where}=0.6")
    if block.soft_nms_sigma < 0:
        what, where = f"soft_nms_sigma is {block.soft_nms_sigma:g}", f"{path}soft_nms_sigma"
        yield error("detections", what, where, f"--set {where}=0 switches soft suppression off")
    if block.use_combined_nms and (block.use_class_agnostic_nms or block.change_coordinate_frame):
        clash = "use_class_agnostic_nms" if block.use_class_agnostic_nms else "change_coordinate_frame"
        what = f"use_combined_nms and {clash} exclude each other"
        yield error("detections", what, f"{path}use_combined_nms", f"--set {path}{clash}=false")


def _losses(ssd: Any) -> Iterator[Finding]:
    loss, where = ssd.loss, "model.ssd.loss"
    for part, example in (
        ("localization", "weighted_smooth_l1"),
        ("classification", "weighted_sigmoid_focal"),
    ):
        name = f"{part}_loss"
        if getattr(loss, name).WhichOneof(name) is None:
            cure = f"--set '{where}.{name}={{ {example} {{}} }}'"
            yield error("loss", f"no {part} loss is chosen", f"{where}.{name}", cure)
    focal = loss.classification_loss.WhichOneof("classification_loss") == "weighted_sigmoid_focal"
    if focal and loss.HasField("hard_example_miner"):
        what = "focal loss and hard example mining exclude each other"
        yield error("loss", what, f"{where}.hard_example_miner", "remove hard_example_miner { ... }")


def _anchors(ssd: Any) -> Iterator[Finding]:
    kind = ssd.anchor_generator.WhichOneof("anchor_generator_oneof")
    where = "model.ssd.anchor_generator"
    if kind is None:
        cure = "add multiscale_anchor_generator { ... } or ssd_anchor_generator { ... }"
        yield error("anchors", "no anchors are chosen", where, cure)
        return
    generator, where = getattr(ssd.anchor_generator, kind), f"{where}.{kind}"
    levels = _levels(ssd.feature_extractor)
    if kind == "multiscale_anchor_generator":
        for name in ("aspect_ratios", "scales_per_octave"):
            if not getattr(generator, name):
                cure = f"--set '{where}.aspect_ratios=[1.0, 2.0, 0.5]'" if name == "aspect_ratios" else "give 2"
                yield error("anchors", f"without {name} there is no anchor", f"{where}.{name}", cure)
        mine = (generator.min_level, generator.max_level)
        if levels and mine != levels:
            make = error if mine[1] - mine[0] != levels[1] - levels[0] else warning
            yield make(
                "anchors",
                f"anchors are for levels {mine[0]} to {mine[1]}, features have {levels[0]} to {levels[1]}",
                f"{where}.min_level" if mine[0] != levels[0] else f"{where}.max_level",
                f"--set {where}.min_level={levels[0]} --set {where}.max_level={levels[1]}",
            )
    elif kind == "ssd_anchor_generator":
        maps = levels[1] - levels[0] + 1 if levels else ssd.feature_extractor.num_layers
        if generator.num_layers != maps:
            what = f"anchors are for {generator.num_layers} feature maps, the extractor gives {maps}"
            yield error("anchors", what, f"{where}.num_layers", f"--set {where}.num_layers={maps}")
        elif len(generator.scales) not in (0, maps):
            what = f"{len(generator.scales)} scales for {maps} feature maps"
            yield error("anchors", what, f"{where}.scales[0]", f"give {maps} scales, or none")


def _levels(extractor: Any) -> tuple[int, int] | None:
    """First and last level of an SSD's feature pyramid; None without one, or for an unknown extractor."""
    row = ARCHITECTURES.get(extractor.type)
    return row.levels_in(extractor) if row is not None and row.family == "ssd" else None


def _predictor(predictor: Any) -> Iterator[Finding]:
    kind = predictor.WhichOneof("box_predictor_oneof")
    where = "model.ssd.box_predictor"
    if kind is None:
        cure = "add weight_shared_convolutional_box_predictor { ... }"
        yield error("box-predictor", "no box predictor is chosen", where, cure)
    elif kind == "weight_shared_convolutional_box_predictor":
        shared, where = getattr(predictor, kind), f"{where}.{kind}"
        if shared.num_layers_before_predictor > 0 and shared.depth <= 0:
            what = f"{shared.num_layers_before_predictor} layers before the predictor have no channels"
            yield error("box-predictor", what, f"{where}.depth", f"--set {where}.depth=128")
        if shared.conv_hyperparams.HasField("sync_batch_norm"):
            yield warning(
                "box-predictor",
                "with sync_batch_norm a weight-shared predictor has no batch norm at all, as in the original",
                f"{where}.conv_hyperparams.sync_batch_norm",
                "rename sync_batch_norm to batch_norm",
            )


def _alignment(ssd: Any) -> Iterator[Finding]:
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
