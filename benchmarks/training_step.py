"""Seconds a training step takes, FPNLite 320 at batch size 8: with a fixed batch, and with the input pipeline."""

from pathlib import Path

from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure", "seconds_a_step"]

_WARM_UP = 5
_STEPS = 40


def measure(work: Workload) -> list[Row]:
    """Two rows: the step on one batch and the same weights on both sides, and the whole loop."""
    limit = "the network forward and backward, no targets, losses or optimizer"
    step = work.alternate(
        ours=lambda: seconds_a_step(work, "ours", work.restoring_config, work.batch),
        original=lambda: seconds_a_step(work, "original", work.restoring_config, work.batch),
        limit=lambda: work.script("ours", "bare_step", work.config, work.batch, _WARM_UP, _STEPS).values()["seconds"],
    )
    loop = work.alternate(
        ours=lambda: seconds_a_step(work, "ours", work.config),
        original=lambda: seconds_a_step(work, "original", work.config),
    )
    return [
        Row("training step, fixed batch", "s", **step, bar=0.82, limit_is=limit),
        Row("training step, with input pipeline", "s", **loop, limit=step["limit"], limit_is=limit),
    ]


def seconds_a_step(work: Workload, side: str, config: Path, *batch: Path) -> float:
    """The mean time of a step of the command's own loop, after some to warm up."""
    arguments = side, config, work.fresh("model"), _WARM_UP + _STEPS, *batch
    times = work.script(side, "train", *arguments).values()["times"]
    if len(times) < _STEPS:
        raise RuntimeError(f"only {len(times)} of {_WARM_UP + _STEPS} steps were seen one by one")
    return (times[-1] - times[_WARM_UP]) / (len(times) - 1 - _WARM_UP)
