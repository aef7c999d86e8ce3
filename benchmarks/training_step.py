"""Seconds a training step takes, FPNLite 320 at batch size 8.

With a fixed batch, for the zoo's classes and for the few of the photos; and with the input pipeline.
"""

from pathlib import Path
from typing import Any

from benchmarks.results import Row
from benchmarks.scripts.repeated import STEPS_A_TURN
from benchmarks.workload import Workload

__all__ = ["measure", "seconds_a_step"]

_TURNS = 8  # and one to warm up


def measure(work: Workload) -> list[Row]:
    """Three rows: the step on one batch, of the zoo's model and from the same weights on both sides; and the loop."""
    limit = "the network forward and backward, no targets, losses or optimizer"
    zoo = _both(work, work.zoo_config, work.zoo_batch, limit=_bare(work.zoo_config, work.zoo_batch))
    step = _both(work, work.restoring_config, work.batch, limit=_bare(work.config, work.batch))
    loop = _both(work, work.config)
    return [
        Row("training step, fixed batch, the zoo's 90 classes", "s", **zoo, bar=0.82, limit_is=limit),
        Row("training step, fixed batch", "s", **step, bar=0.82, limit_is=limit),
        Row("training step, with input pipeline", "s", **loop, limit=step["limit"], limit_is=limit),
    ]


def seconds_a_step(work: Workload, config: Path, batch: Path) -> float:
    """The mean time of a step of our own command's loop, after some to warm up."""
    turns = _seconds(work.script(*_training(work, "ours", config, batch)).values())
    return sum(turns) / len(turns)


def _both(work: Workload, config: Path, *batch: Path, **scripts: Any) -> dict[str, list[float]]:
    """By side the mean seconds of a step in each turn of each round; `scripts` take turns with the sides."""
    found: dict[str, list[float]] = {}
    for _ in range(work.rounds):
        sides = {side: _training(work, side, config, *batch) for side in ("ours", "original")}
        for name, values in work.in_turns(**sides, **scripts).items():
            found.setdefault(name, []).extend(values.get("seconds") or _seconds(values))
    return found


def _bare(config: Path, batch: Path) -> tuple[Any, ...]:
    return "ours", "bare_step", config, batch, _TURNS


def _training(work: Workload, side: str, config: Path, *batch: Path) -> tuple[Any, ...]:
    return side, "train", side, config, work.fresh("model"), STEPS_A_TURN * (1 + _TURNS), *batch


def _seconds(values: dict[str, Any]) -> list[float]:
    """Of a step in each turn but the first, which warms up; a turn's first step began in the turn before."""
    turns = [turn for turn in values["turns"][1:] if len(turn) == STEPS_A_TURN]
    if len(turns) < _TURNS:
        raise RuntimeError(f"only {len(turns)} of {_TURNS} turns were seen step by step")
    return [(last - first) / (end - start) for (first, start), *_, (last, end) in turns]
