"""Whether a step fits into memory, estimated from the sizes that the config names."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.config.diagnostics import Diagnostic, error, warning
from tfod.config.overrides import apply_overrides
from tfod.config.rules.anchors import pyramid_levels
from tfod.config.rules.walk import detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check_memory", "machine_gigabytes"]

_BYTES = 1e9
_FLOAT = 4  # bytes
_USUAL_SIDE = 640  # of images that no resizer brings to a size, and of those that costs were measured with
_COPIES_OF_WEIGHTS = 3  # the weights, their gradients and the optimizer's averages
_COPIES_OF_SCORES = 6
_COPIES_OF_OVERLAPS = 3
_USUAL_REGIONS = {"train": 64, "eval": 300}  # of an image
_CHANNELS_OF_REGIONS, _COPIES_OF_REGIONS = 1024, 4
_SHARE_OF_EVALUATION = 0.3  # no gradients
_ANY_MACHINE = 1000.0  # gigabytes: all accelerators of a machine together have less
# Of networks whose width a config can change.
_MILLION_WEIGHTS = {"mobilenet_v1": 3.2, "mobilenet_v2": 2.2, "resnet50_v1": 23.5, "resnet101_v1": 42.5,
                    "resnet152_v1": 58.2, "inception_v2": 10.2, "inception_v3": 21.8, "mobilenet_v3_large": 1.6,
                    "mobilenet_v3_small": 0.4, "mobiledet_cpu": 3.0, "mobiledet_dsp": 5.8, "mobiledet_edgetpu": 2.8,
                    "mobiledet_gpu": 11.7}  # fmt: skip
_SSD = "model.ssd"


@dataclass(frozen=True)
class _Part:
    """What takes memory, and the fields that decide how much."""

    gigabytes: float
    fields: tuple[str, ...]


def check_memory(config: TrainEvalPipelineConfig, *, recompute: bool = False) -> Iterator[Diagnostic]:
    """A step of training or of evaluation for which this machine (a warning) or any (an error) has not the memory.

    `recompute` says whether training is to compute features again instead of keeping them.
    """
    limit, has_accelerator = machine_gigabytes()
    for section in ("train", "eval"):
        parts = _parts(config, section, recompute)
        total = sum(part.gigabytes for part in parts)
        if total <= (_ANY_MACHINE if has_accelerator else limit):
            continue
        fields = max(parts, key=lambda part: part.gigabytes).fields
        has = f"this machine has {limit:.0f}" if total <= _ANY_MACHINE else "no machine has so much"
        kind = "training" if section == "train" else "evaluation"
        value = ", ".join(f"{field.rpartition('.')[2]} {_value(config, field):g}" for field in fields)
        what = f"a step of {kind} needs about {total:,.0f} GB ({value}), and {has}"
        # A config may be checked here and train elsewhere.
        make = error if total > _ANY_MACHINE else warning
        yield make("memory", what, fields[0], _cure(config, section, limit, recompute))


def machine_gigabytes() -> tuple[float, bool]:
    """The memory of this machine, infinite where it does not say, and whether it has an accelerator with its own."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _BYTES
    except (AttributeError, OSError, ValueError):
        total = math.inf
    with suppress(OSError, ValueError):  # where no container limits it, the file is missing or says "max"
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")) / _BYTES)
    devices = ("nvidia0", "nvidiactl", "kfd", "dxg")
    return total, any(Path("/dev", name).exists() for name in devices) or os.name == "nt"


def _parts(config: TrainEvalPipelineConfig, section: str, recompute: bool) -> list[_Part]:
    found = detection_model(config)
    row = ARCHITECTURES.get(found[1].feature_extractor.type) if found else None
    if found is None or row is None or row.cost is None or found[0] not in ("ssd", "faster_rcnn"):
        return []
    (family, model), batch = found, max(getattr(config, f"{section}_config").batch_size, 1)
    pixels, sides = _pixels(model.image_resizer, f"model.{family}.image_resizer")
    share = 1.0 if section == "train" else _SHARE_OF_EVALUATION
    multiplier = max(model.feature_extractor.depth_multiplier, 0.1) if family == "ssd" else 1.0
    kept = row.cost.recomputed if recompute and section == "train" else 1.0
    an_image = kept * share * row.cost.gigabytes_an_image * multiplier * pixels / _USUAL_SIDE**2
    batch_field = f"{section}_config.batch_size"
    # Of a single image that needs so much its size is to blame, not how many there are.
    blamed = sides if an_image > 8 and sides else (batch_field,)
    features = [_Part(row.cost.gigabytes, (batch_field,)), _Part(an_image * batch, blamed)]
    if family == "faster_rcnn":
        return [*features, _regions(model, section, share * batch)]
    return [
        *features,
        *_weights(model, row),
        *_boxes(config, model, section, pixels, share * batch, batch_field),
    ]


def _regions(model: Any, section: str, images: float) -> _Part:
    """What the second stage looks at, of which so many are counted with the features already."""
    name = "second_stage_batch_size" if section == "train" else "first_stage_max_proposals"
    count = max(getattr(model, name) - _USUAL_REGIONS[section], 0)
    numbers = max(model.initial_crop_size, 1) ** 2 * _CHANNELS_OF_REGIONS
    return _Part(images * count * numbers * _FLOAT * _COPIES_OF_REGIONS / _BYTES, (f"model.faster_rcnn.{name}",))


def _pixels(resizer: Any, where: str) -> tuple[float, tuple[str, ...]]:
    """How many pixels an image has for the model, and the fields that say so, of the `resizer` at the path `where`."""
    kind = resizer.WhichOneof("image_resizer_oneof")
    own = getattr(resizer, kind) if kind else None
    where = f"{where}.{kind}"
    if own is None or kind == "identity_resizer":
        return _USUAL_SIDE**2, ()
    if kind == "fixed_shape_resizer":
        return max(own.height, 1) * max(own.width, 1), (f"{where}.height", f"{where}.width")
    if kind == "keep_aspect_ratio_resizer":
        least = own.max_dimension if own.pad_to_max_dimension else min(own.min_dimension, own.max_dimension)
        return max(least, 1) * max(own.max_dimension, 1), (f"{where}.min_dimension", f"{where}.max_dimension")
    field, side = (
        ("size_threshold", own.size_threshold) if kind == "conditional_shape_resizer" else ("multiple", own.multiple)
    )
    return max(side, _USUAL_SIDE) ** 2, (f"{where}.{field}",)


def _weights(model: Any, row: Architecture) -> Iterator[_Part]:
    extractor, predictor = model.feature_extractor, model.box_predictor
    multiplier = extractor.depth_multiplier ** (4 if row.network == "mobilenet_v1" else 2)
    yield _Part(
        _of_weights(_MILLION_WEIGHTS.get(row.backbone, 0.0) * 1e6 * multiplier),
        (f"{_SSD}.feature_extractor.depth_multiplier",),
    )
    if row.levels_field == "fpn":
        depth, levels = extractor.fpn.additional_layer_depth, pyramid_levels(extractor) or (3, 7)
        yield _Part(
            _of_weights((levels[1] - levels[0] + 1) * 9.0 * depth**2),
            (f"{_SSD}.feature_extractor.fpn.additional_layer_depth",),
        )
    kind = predictor.WhichOneof("box_predictor_oneof")
    if kind not in ("weight_shared_convolutional_box_predictor", "convolutional_box_predictor"):
        return
    own = getattr(predictor, kind)
    depth = own.depth if kind.startswith("weight_shared") else own.max_depth
    layers, kernel = own.num_layers_before_predictor, own.kernel_size
    size = 2.0 * layers * depth**2 * (kernel**2 if kind.startswith("weight_shared") else 1)
    name = "depth" if kind.startswith("weight_shared") else "max_depth"
    yield _Part(_of_weights(size), (f"{_SSD}.box_predictor.{kind}.{name}",))


def _of_weights(count: float) -> float:
    return count * _FLOAT * _COPIES_OF_WEIGHTS / _BYTES


def _boxes(
    config: TrainEvalPipelineConfig, model: Any, section: str, pixels: float, images: float, batch_field: str
) -> Iterator[_Part]:
    """What grows with anchors, classes and objects; `images` are those of a batch."""
    cells, (per_cell, anchor_fields) = _cells(model, pixels), _anchors_of_a_cell(model)
    anchors, classes = cells * per_cell, max(model.num_classes, 1) + 4
    where = "train_input_reader" if section == "train" else "eval_input_reader[0]"
    readers = [config.train_input_reader] if section == "train" else list(config.eval_input_reader[:1])
    rows = max((reader.max_number_of_boxes for reader in readers), default=100)
    scores = anchors * classes * _FLOAT * _COPIES_OF_SCORES * images / _BYTES
    blamed = batch_field if images > 64 else f"{_SSD}.num_classes"
    yield _Part(scores, anchor_fields if per_cell > 64 else (blamed,))
    overlaps = anchors * rows * _FLOAT * _COPIES_OF_OVERLAPS * images / _BYTES
    truth = rows * classes * _FLOAT * _COPIES_OF_OVERLAPS * images / _BYTES
    yield _Part(overlaps + truth, (f"{where}.max_number_of_boxes",) if rows > 1000 else (batch_field,))


def _cells(model: Any, pixels: float) -> float:
    levels = pyramid_levels(model.feature_extractor) or (4, 3 + max(model.feature_extractor.num_layers, 1))
    return sum(max(pixels / 4**level, 1.0) for level in range(levels[0], levels[1] + 1))


def _anchors_of_a_cell(model: Any) -> tuple[float, tuple[str, ...]]:
    kind = model.anchor_generator.WhichOneof("anchor_generator_oneof")
    where = f"{_SSD}.anchor_generator.{kind}"
    if kind == "multiscale_anchor_generator":
        own = model.anchor_generator.multiscale_anchor_generator
        return len(own.aspect_ratios) * max(own.scales_per_octave, 1), (f"{where}.scales_per_octave",)
    if kind == "ssd_anchor_generator":
        return len(model.anchor_generator.ssd_anchor_generator.aspect_ratios) + 1, (f"{where}.aspect_ratios",)
    if kind == "flexible_grid_anchor_generator":
        grids = model.anchor_generator.flexible_grid_anchor_generator.anchor_grid
        return max((len(grid.base_sizes) for grid in grids), default=1), (f"{where}.anchor_grid[0]",)
    return 1, ()


def _cure(config: TrainEvalPipelineConfig, section: str, limit: float, recompute: bool) -> str:
    """What makes a step fit."""
    settings = _smaller_settings(config, section, limit, recompute)
    total = sum(part.gigabytes for part in _parts(config, section, recompute=True))
    if section != "train" or recompute or total > limit:
        return settings
    return f"train with --recompute (about {total:,.0f} GB, in more time), or {settings}"


def _smaller_settings(config: TrainEvalPipelineConfig, section: str, limit: float, recompute: bool) -> str:
    """Settings with which a step fits: what needs most is halved, until it does."""
    smaller = type(config)()
    smaller.CopyFrom(config)
    changed: dict[str, int] = {}
    for _ in range(64):
        parts = _parts(smaller, section, recompute)
        if sum(part.gigabytes for part in parts) <= limit:
            break
        shrinkable = [part for part in parts if any(_value(smaller, field) > 1 for field in part.fields)]
        if not shrinkable:
            break
        for field in max(shrinkable, key=lambda part: part.gigabytes).fields:
            changed[field] = max(_half(_value(smaller, field)), 1)
            apply_overrides(smaller, [f"{field}={changed[field]}"])
    return " ".join(f"--set {field}={value}" for field, value in changed.items()) or "take a smaller model"


def _half(value: float) -> int:
    """The greatest power of two below `value`: sides that are powers of two fit every pyramid."""
    return 1 << max(math.ceil(math.log2(max(value, 1))) - 1, 0)


def _value(config: TrainEvalPipelineConfig, path: str) -> float:
    """The number in a field, 0 for what is none."""
    message: Any = config
    for step in path.split("."):
        name, _, number = step.rstrip("]").partition("[")
        message = getattr(message, name)[int(number)] if number else getattr(message, name)
    return float(message) if isinstance(message, int | float) else 0.0
