"""Measuring a model in a process of its own, so that threads and memory are its alone.

`python -m tfod.inference.timing.measure FOLDER` reads `request.json` there, and leaves `result.json`.
"""

import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod import errors
from tfod.export.run import bytes_of, peak_megabytes, run_alone
from tfod.inference.backends.backend import Backend
from tfod.inference.detections import WITH_SHAPES
from tfod.inference.detector import Detector
from tfod.inference.images import fitted, read_image
from tfod.inference.recognition import ModelPlace, find_model
from tfod.inference.timing.parts import part_times, seconds_of
from tfod.inference.timing.results import Latency, Measurement, Request, latency_of

__all__ = ["MOST_IMAGES", "NOISE", "measure", "measured_alone"]

Images = NDArray[np.uint8]

MOST_IMAGES = 20
"""So many files are decoded; runs take them in turn."""

NOISE = (480, 640)
"""Height and width of the image of noise that is measured on where no images are given."""

_CURE = "see whether it runs alone: tfod detect; a batch may need more memory than there is"


def measured_alone(request: Request) -> Measurement:
    """Measures in another process.

    Raises:
      TfodError: The model cannot be loaded, an image cannot be read, or the process ended.
    """
    with tempfile.TemporaryDirectory(prefix="tfod_benchmark_") as folder:
        Path(folder, "request.json").write_text(json.dumps(asdict(request)), encoding="utf-8")
        run_alone("tfod.inference.timing.measure", [folder], request.model, _CURE)
        content = json.loads(Path(folder, "result.json").read_text(encoding="utf-8"))
    if "error" in content:
        raise getattr(errors, content["kind"])(*content["error"])
    return Measurement.from_json(content)


def measure(request: Request) -> Measurement:
    """Measures in this process, in which TensorFlow has not begun; see `measured_alone`."""
    images, decode_ms = _images(request.images)
    place = find_model(request.model)
    began = time.perf_counter()
    detector = Detector(request.model, pipeline_config=request.pipeline_config, threads=request.threads)
    load_seconds = time.perf_counter() - began
    backend = detector.backend
    images = [fitted(one, backend.shape[1] or one.shape[0], backend.shape[2] or one.shape[1]) for one in images]
    latencies, refused, first_ms = _latencies(backend, images, request)
    peak = peak_megabytes()  # before parts are run by themselves, which takes memory too
    parts = None
    if latencies:
        batch = _batch(images, 0, latencies[0].batch_size)
        parts = part_times(place, backend, batch, request)
    return Measurement(
        request.model, detector.format, request.threads, _megabytes(place), load_seconds, first_ms, decode_ms, peak,
        latencies, refused, parts,
    )  # fmt: skip


def _latencies(
    backend: Backend, images: Sequence[Images], request: Request
) -> tuple[list[Latency], dict[int, str], float | None]:
    """Those of batch sizes that run, why others do not, and the milliseconds of the first batch of all."""
    latencies, refused, first_ms = [], {}, None
    for size in request.batch_sizes:
        only = backend.shape[0]
        if only not in (None, size):
            refused[size] = f"the model takes {only} at a time"
            continue
        turns = cycle([_batch(images, number, size) for number in range(min(request.runs, len(images)))])
        try:
            began = time.perf_counter()
            backend(next(turns), WITH_SHAPES)
            first_ms = first_ms or 1000 * (time.perf_counter() - began)
            [seconds] = seconds_of(request.runs, partial(_run_next, backend, turns))
        except errors.DataError as error:
            refused[size] = error.what
        else:
            latencies.append(latency_of(size, seconds))
    return latencies, refused, first_ms


def _run_next(backend: Backend, batches: Iterator[Images]) -> None:
    backend(next(batches), WITH_SHAPES)


def _megabytes(place: ModelPlace) -> float | None:
    path = Path(place.path)
    files = path.parent.glob(f"{path.name}.*") if place.format == "checkpoint" else [path]
    return sum(map(bytes_of, files)) / 1e6 or None


def _images(files: Sequence[str]) -> tuple[list[Images], float | None]:
    """Each uint8 `[H, W, 3]`; and the median milliseconds to read and decode one."""
    if not files:
        return [np.random.default_rng(0).integers(0, 256, (*NOISE, 3), np.uint8)], None
    images, seconds = [], []
    for file in files[:MOST_IMAGES]:
        began = time.perf_counter()
        images.append(read_image(file))
        seconds.append(time.perf_counter() - began)
    return images, 1000 * statistics.median(seconds)


def _batch(images: Sequence[Images], number: int, size: int) -> Images:
    """The batch of a number, uint8 `[size, H, W, 3]`; all of its images have the size of its first."""
    chosen = [images[(number * size + i) % len(images)] for i in range(size)]
    return np.stack([fitted(image, *chosen[0].shape[:2]) for image in chosen])


def _main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    request = Request(**json.loads((folder / "request.json").read_text(encoding="utf-8")))
    try:
        content: dict[str, Any] = measure(request).to_json()
    except errors.TfodError as error:
        content = {"kind": type(error).__name__, "error": [error.what, error.where, error.cure]}
    (folder / "result.json").write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
