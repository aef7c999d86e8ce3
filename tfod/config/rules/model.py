"""The model: what all architectures have, and that it is there."""

from collections.abc import Callable, Iterator
from typing import Any

from tfod.config.architectures import ARCHITECTURES
from tfod.config.diagnostics import Diagnostic, error, errors
from tfod.config.faults.calibration import calibration_choice_faults, points_faults, temperature_faults
from tfod.config.faults.fault import Fault
from tfod.config.faults.image_size import (
    conditional_shape_faults,
    fixed_shape_faults,
    input_size_faults,
    keep_aspect_ratio_faults,
    known_sides,
    pad_to_multiple_faults,
    resizer_choice_faults,
)
from tfod.config.faults.model import (
    extractor_type_faults,
    gray_input_faults,
    initializer_faults,
    model_choice_faults,
    num_classes_faults,
    smallest_side,
)
from tfod.config.faults.refused import refused_faults
from tfod.config.faults.suppression import suppression_faults
from tfod.config.label_map import read_label_map
from tfod.config.rules import faster_rcnn, ssd
from tfod.config.rules.walk import blocks, detection_model
from tfod.config.support import limit_of
from tfod.errors import ConfigError
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
    refused: list[Fault] = []
    if kind == "faster_rcnn":
        refused = [*refused_faults(model.feature_extractor.type)]
        yield from errors("refused", refused, f"{where}.feature_extractor")
    if limit_of(config.model.DESCRIPTOR, kind) is not None:
        return  # a family that is missing; of its parts nothing can be said
    for fault in num_classes_faults(model.num_classes):
        ids = _greatest_id(config)
        what, place, cure = fault.at(where)
        yield error("num-classes", what, place, f"{cure}: --set {place}={ids}" if ids else cure)
    extractor = model.feature_extractor
    if not refused:
        faults = extractor_type_faults(extractor.type, kind, pyramid=extractor.HasField("fpn"))
        yield from errors("feature-extractor", faults, f"{where}.feature_extractor")
    yield from _resizer(model.image_resizer, extractor.type, f"{where}.image_resizer")
    for path, block in blocks(model, f"{where}."):
        if block.DESCRIPTOR.name == "Initializer" and block.HasField("keras_initializer_by_name"):
            faults = initializer_faults(block.keras_initializer_by_name)
            yield from errors("initializer", faults, path.rstrip("."))
        if block.DESCRIPTOR.name == "BatchNonMaxSuppression":
            yield from errors("detections", suppression_faults(block), path.rstrip("."))
        elif block.DESCRIPTOR.name == "CalibrationConfig":
            yield from _calibration(block, path.rstrip("."))
    if not refused:
        yield from _FAMILIES[kind](model)


_FAMILIES: dict[str, Callable[[Any], Iterator[Diagnostic]]] = {"faster_rcnn": faster_rcnn.check, "ssd": ssd.check}


def _greatest_id(config: TrainEvalPipelineConfig) -> int | None:
    """That of the label map for training; None where there is none that can be read."""
    try:
        return read_label_map(config.train_input_reader.label_map_path).num_classes
    except ConfigError:
        return None


def _resizer(resizer: Any, extractor: str, where: str) -> Iterator[Diagnostic]:
    kind = resizer.WhichOneof("image_resizer_oneof")
    yield from errors("image-resizer", resizer_choice_faults(kind), where)
    faults = _RESIZERS.get(kind)
    if faults is not None:
        own = getattr(resizer, kind)
        yield from errors("image-resizer", faults(own), f"{where}.{kind}")
        yield from errors("image-resizer", gray_input_faults(kind, own.convert_to_grayscale, extractor), where)
        if extractor in ARCHITECTURES:
            too_small = input_size_faults(kind, known_sides(kind, own), smallest_side(extractor))
            yield from errors("image-resizer", too_small, where)


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


def _calibration(block: Any, where: str) -> Iterator[Diagnostic]:
    kind = block.WhichOneof("calibrator")
    if kind is None:
        yield from errors("calibration", calibration_choice_faults(kind), where)
    elif kind == "temperature_scaling_calibration":
        scaler = block.temperature_scaling_calibration.scaler
        yield from errors("calibration", temperature_faults(scaler), f"{where}.{kind}")
    elif kind == "function_approximation":
        faults = points_faults([pair.x for pair in block.function_approximation.x_y_pairs.x_y_pair])
        yield from errors("calibration", faults, f"{where}.{kind}")
    elif kind == "class_id_function_approximations":
        for pairs in block.class_id_function_approximations.class_id_xy_pairs_map.values():
            faults = points_faults([pair.x for pair in pairs.x_y_pair])
            yield from errors("calibration", faults, f"{where}.{kind}")
