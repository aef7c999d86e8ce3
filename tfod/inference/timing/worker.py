"""Measuring one model with one number of threads: `python -m tfod.inference.timing.worker FOLDER`.

It reads `request.json` and the images `0.npy`, ... there, and leaves `result.json`. It is a process of its own, so that
threads and memory are the model's alone.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import TfodError
from tfod.export.run import peak_megabytes
from tfod.inference.images import fitted
from tfod.inference.timing.parts import part_times, seconds_of
from tfod.inference.timing.results import Latency, Measurement, latency_of
from tfod.inference.timing.subject import Pixels, Subject, load_subject

__all__ = ["measure"]

Images = NDArray[np.uint8]

_WARM_UP = 5


def measure(request: dict[str, Any], images: list[Images]) -> Measurement:
    """Measures as `request.json` says, on images uint8 `[H, W, 3]`, which are used in turn."""
    threads, runs = request["threads"], request["runs"]
    subject = load_subject(request["model"], threads, _config(request), _pixels(request))
    latencies: list[Latency] = []
    refused: dict[int, str] = {}
    first_ms = None
    for size in request["batch_sizes"]:
        refusal = subject.refusal(size)
        if refusal is None:
            try:
                began = time.perf_counter()
                subject.run(_batch(images, 0, size))
                first_ms = first_ms or 1000 * (time.perf_counter() - began)
                latencies.append(latency_of(size, _timed(subject, images, size, runs)))
            except TfodError:
                raise
            except Exception as error:  # runtimes raise many kinds for a size that a graph cannot hold
                refusal = f"it fails: {(str(error).strip().splitlines() or [type(error).__name__])[0][:120]}"
        if refusal is not None:
            refused[size] = refusal
    peak = peak_megabytes()  # before parts are run by themselves, which takes memory too
    parts = None
    if latencies:
        first = latencies[0]
        batch = _batch(images, 0, first.batch_size)
        parts = part_times(subject, batch, runs, threads, first.median_ms)
    return Measurement(
        request["model"],
        subject.kind,
        threads,
        subject.megabytes,
        subject.load_seconds,
        first_ms,
        peak,
        latencies,
        refused,
        parts,
    )


def _timed(subject: Subject, images: list[Images], size: int, runs: int) -> list[float]:
    batches = [_batch(images, number, size) for number in range(min(runs, len(images)))]
    turn = iter(range(_WARM_UP + runs))
    return seconds_of(lambda: subject.run(batches[next(turn) % len(batches)]), runs, _WARM_UP)


def _batch(images: list[Images], number: int, size: int) -> Images:
    """The batch of a number, uint8 `[size, H, W, 3]`; all of its images have the size of its first."""
    chosen = [images[(number * size + i) % len(images)] for i in range(size)]
    return np.stack([fitted(image, *chosen[0].shape[:2]) for image in chosen])


def _config(request: dict[str, Any]) -> Any:
    if request["pipeline_config"] is None:
        return None
    from tfod.config.pipeline import read_pipeline_config

    return read_pipeline_config(request["pipeline_config"], request["overrides"])


def _pixels(request: dict[str, Any]) -> Pixels | None:
    given = request["pixels"]
    return None if given is None else Pixels(tuple(given["scale"]), tuple(given["offset"]))


def _main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    images = [np.load(folder / f"{number}.npy") for number in range(request["images"])]
    try:
        content: dict[str, Any] = {"measurement": measure(request, images).to_json()}
    except TfodError as error:
        content = {"kind": type(error).__name__, "error": [error.what, error.where, error.cure]}
    (folder / "result.json").write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
