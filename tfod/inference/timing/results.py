"""What is to be measured of a model, and what was."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

__all__ = ["Latency", "Measurement", "PartTimes", "Request", "latency_of"]


@dataclass(frozen=True)
class Request:
    """One model with one number of threads.

    Attributes:
      model: As it was named.
      pipeline_config: Its config's file, where there is one; a checkpoint needs it.
      images: Files; without any, noise is measured on.
      runs: Of each batch size, after the warm-up.
    """

    model: str
    pipeline_config: str | None
    threads: int
    batch_sizes: Sequence[int]
    images: Sequence[str]
    runs: int


@dataclass(frozen=True)
class Latency:
    """The time of one batch, in milliseconds, over `runs` that came after the warm-up.

    Attributes:
      batch_size: Images of a batch.
      images_per_second: By the mean.
    """

    batch_size: int
    runs: int
    median_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    min_ms: float
    max_ms: float
    images_per_second: float


def latency_of(batch_size: int, seconds: Sequence[float]) -> Latency:
    """The numbers of runs that took so many seconds.

    >>> latency = latency_of(2, [0.1, 0.1, 0.1, 0.3])
    >>> round(latency.median_ms), round(latency.mean_ms), round(latency.images_per_second, 1)
    (100, 150, 13.3)
    """
    times = 1000 * np.asarray(seconds, np.float64)
    mean, least, most = float(times.mean()), float(times.min()), float(times.max())
    median, p90, p95, p99 = np.percentile(times, [50, 90, 95, 99]).tolist()
    return Latency(batch_size, len(times), median, p90, p95, p99, mean, least, most, 1000 * batch_size / mean)


@dataclass(frozen=True)
class PartTimes:
    """Where the time of a batch goes: medians in milliseconds, None for what cannot be told.

    Attributes:
      how: How it was found, for people.
    """

    preprocess: float | None
    network: float | None
    postprocess: float | None
    how: str


@dataclass(frozen=True)
class Measurement:
    """One model with one number of threads, in a process of its own.

    Attributes:
      model: As it was named.
      format: See `tfod.Detector`.
      megabytes: Of its file or folder; None where it is in a store.
      load_seconds: Until it could run, with the import of its runtime.
      first_ms: Of the first batch, in which a runtime prepares what it keeps; None where no batch can be run.
      decode_ms: The median of reading and decoding an image; None for noise.
      peak_megabytes: The most memory that the process had; None where the system does not tell.
      latencies: By batch size, in the order asked for.
      refused: Why a batch size cannot be run, by batch size.
      parts: Of the first batch size that runs; None where none does.
    """

    model: str
    format: str
    threads: int
    megabytes: float | None
    load_seconds: float
    first_ms: float | None
    decode_ms: float | None
    peak_megabytes: float | None
    latencies: list[Latency] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    parts: PartTimes | None = None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Measurement":
        """From what `to_json` gave, also after it was a file."""
        parsed = {
            "latencies": [Latency(**one) for one in content["latencies"]],
            "refused": {int(size): reason for size, reason in content["refused"].items()},
            "parts": PartTimes(**content["parts"]) if content["parts"] else None,
        }
        return cls(**{**content, **parsed})
