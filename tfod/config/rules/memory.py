"""Whether training fits into this machine's memory."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfod.config.architectures import ARCHITECTURES
from tfod.config.diagnostics import Diagnostic, warning
from tfod.config.rules.walk import detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check_memory", "gigabytes_there"]

_BATCH = "train_config.batch_size"
_MULTIPLE_WITHOUT_PYRAMID = 32


def check_memory(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """What training without a GPU needs, beside what there is."""
    found, there = detection_model(config), gigabytes_there()
    row = ARCHITECTURES.get(found[1].feature_extractor.type) if found else None
    if found is None or row is None or row.cost is None or there is None:
        return
    (field, side), batch = _longest_side(found[1].image_resizer), config.train_config.batch_size
    needed = row.cost.gigabytes_for(side, batch)
    if not side or needed <= there:
        return
    what = f"training needs about {needed:.0f} GB of memory, and this machine has {there:.0f}: it may be ended half-way"
    fitting = next((size for size in range(batch - 1, 0, -1) if row.cost.gigabytes_for(side, size) <= there), None)
    if fitting:
        yield warning("memory", what, _BATCH, f"--set {_BATCH}={fitting}, and a learning rate lower by as much")
        return
    multiple = 1 << row.coarsest_doubled(row.levels) if row.levels else _MULTIPLE_WITHOUT_PYRAMID
    sides = range((side - 1) // multiple * multiple, 0, -multiple)
    smaller = next((one for one in sides if row.cost.gigabytes_for(one, 1) <= there), multiple)
    cure = f"images of {smaller} pixels in {field} and --set {_BATCH}=1; or a smaller model; or a GPU"
    yield warning("memory", what, f"model.{found[0]}.image_resizer.{field}", cure)


def gigabytes_there() -> float | None:
    """The memory of this machine; None where there is a GPU, or where the system does not say."""
    if Path("/dev/nvidia0").exists() or not hasattr(os, "sysconf"):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _longest_side(resizer: Any) -> tuple[str, int]:
    """The field that says it, and its value; 0 where images keep their own sizes."""
    kind = resizer.WhichOneof("image_resizer_oneof")
    if kind == "fixed_shape_resizer":
        fixed = resizer.fixed_shape_resizer
        name = "height" if fixed.height >= fixed.width else "width"
        return f"{kind}.{name}", getattr(fixed, name)
    if kind == "keep_aspect_ratio_resizer":
        return f"{kind}.max_dimension", resizer.keep_aspect_ratio_resizer.max_dimension
    return "", 0
