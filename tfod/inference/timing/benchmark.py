"""Measuring models beside each other: each with each number of threads, one after the other, in processes of their own."""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod import errors
from tfod.export.run import run_alone
from tfod.inference.images import read_image
from tfod.inference.timing.results import Measurement
from tfod.inference.timing.subject import Pixels, kind_of

__all__ = ["MOST_IMAGES", "Plan", "SourceImages", "measure_all", "noise", "read_images"]

Images = NDArray[np.uint8]

MOST_IMAGES = 20
"""So many images are decoded; runs take them in turn."""

_CURE = "see whether it runs alone: tfod detect; a number of threads or a batch may ask for too much memory"


@dataclass(frozen=True)
class SourceImages:
    """What models are measured on.

    Attributes:
      images: Each uint8 `[H, W, 3]`.
      decode_ms: The median time to read and decode one file; None for noise.
      told: What they are, for people.
    """

    images: list[Images]
    decode_ms: float | None
    told: str


def read_images(paths: Sequence[Path]) -> SourceImages:
    """The first images of some files, decoded. Raises DataError where one cannot be read."""
    images, seconds = [], []
    for path in paths[:MOST_IMAGES]:
        began = time.perf_counter()
        images.append(read_image(path))
        seconds.append(time.perf_counter() - began)
    most = f" of {len(paths)}" if len(paths) > len(images) else ""
    return SourceImages(images, 1000 * statistics.median(seconds), f"{len(images)} images{most}")


def noise(height: int, width: int) -> SourceImages:
    """An image of noise of a size in pixels, the same at every call."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return SourceImages([image], None, f"noise of {height} x {width} pixels; --images measures on images, and decoding")


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
      models: Files, folders, checkpoints.
      runs: How often each batch is run after the warm-up.
      pipeline_config: The config's file, for checkpoints.
      pixels: How TFLite models of floats want pixels, where that is known.
    """

    models: Sequence[str]
    batch_sizes: Sequence[int]
    threads: Sequence[int]
    runs: int
    pipeline_config: str | None = None
    overrides: Sequence[str] = ()
    pixels: Pixels | None = None


def measure_all(plan: Plan, source: SourceImages) -> Iterator[Measurement]:
    """Measures each model with each number of threads.

    Raises:
      TfodError: One of them cannot be loaded or run.
    """
    for model in plan.models:  # before any of them takes minutes
        if kind_of(model) == "checkpoint" and plan.pipeline_config is None:
            cure = "give --pipeline_config_path, the config of the training run"
            raise errors.CheckpointError("a checkpoint holds weights alone", model, cure)
    with tempfile.TemporaryDirectory(prefix="tfod_benchmark_") as name:
        folder = Path(name)
        for number, image in enumerate(source.images):
            np.save(folder / f"{number}.npy", image)
        for model in plan.models:
            for threads in plan.threads:
                yield _measured(plan, model, threads, len(source.images), folder)


def _measured(plan: Plan, model: str, threads: int, images: int, folder: Path) -> Measurement:
    request: dict[str, Any] = {
        "model": model,
        "threads": threads,
        "batch_sizes": list(plan.batch_sizes),
        "runs": plan.runs,
        "images": images,
        "pipeline_config": plan.pipeline_config,
        "overrides": list(plan.overrides),
        "pixels": None if plan.pixels is None else {"scale": plan.pixels.scale, "offset": plan.pixels.offset},
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    run_alone("tfod.inference.timing.worker", [str(folder)], model, _CURE)
    content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if "error" in content:
        raise getattr(errors, content["kind"])(*content["error"])
    return Measurement.from_json(content["measurement"])
