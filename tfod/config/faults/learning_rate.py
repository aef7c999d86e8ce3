"""What is wrong with a schedule of learning rates."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tfod.config.faults.fault import Fault

__all__ = [
    "PEAKS",
    "cosine_decay_faults",
    "exponential_decay_faults",
    "manual_steps_faults",
    "peak_faults",
    "schedule_choice_faults",
]

PEAKS = {
    "constant_learning_rate": "learning_rate",
    "exponential_decay_learning_rate": "initial_learning_rate",
    "manual_step_learning_rate": "initial_learning_rate",
    "cosine_decay_learning_rate": "learning_rate_base",
}
"""Schedule -> the field that says how high its rates are."""


def schedule_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the schedule that an optimizer's block names. Block: the optimizer's."""
    if not kind:
        cure = "--set '{field}={ constant_learning_rate { learning_rate: 0.001 } }', say"
        yield Fault("no learning rate is chosen", "learning_rate", cure)


def peak_faults(kind: str, schedule: Any) -> Iterator[Fault]:
    """`schedule`: the message of the schedule `kind`. Block: the schedule."""
    peak = max([getattr(schedule, PEAKS[kind]), *(entry.learning_rate for entry in getattr(schedule, "schedule", ()))])
    if peak <= 0:
        yield Fault(f"with a learning rate of {peak:g} nothing is learnt", PEAKS[kind], "--set {field}=0.005")


def cosine_decay_faults(
    *, base_rate: float, total_steps: int, warmup_rate: float, warmup_steps: int
) -> Iterator[Fault]:
    """Block: `cosine_decay_learning_rate`."""
    if total_steps < warmup_steps:
        what = f"total_steps {total_steps} is less than warmup_steps {warmup_steps}"
        yield Fault(what, "warmup_steps", f"--set {{field}}={total_steps // 10}")
    elif warmup_steps and base_rate < warmup_rate:
        what = f"learning_rate_base {base_rate:g} is less than warmup_learning_rate {warmup_rate:g}"
        yield Fault(what, "warmup_learning_rate", f"the warm-up rises: --set {{field}}={base_rate / 4:g}")


def exponential_decay_faults(*, decay_steps: int) -> Iterator[Fault]:
    """Block: `exponential_decay_learning_rate`."""
    if decay_steps == 0:
        yield Fault("decay_steps is 0", "decay_steps", "--set {field}=1000, say")


def manual_steps_faults(boundaries: Sequence[int]) -> Iterator[Fault]:
    """`boundaries`: the steps at which the rate changes. Block: `manual_step_learning_rate`."""
    if not boundaries:
        yield Fault("the schedule is empty", "schedule", "add schedule { step: ... learning_rate: ... }")
    elif boundaries[0] <= 0:
        cure = "give the rate of the start as initial_learning_rate"
        yield Fault("the first step of the schedule is 0", "schedule[0].step", cure)
    elif any(later <= earlier for earlier, later in pairwise(boundaries)):
        what = f"the steps {list(boundaries)} do not increase"
        yield Fault(what, "schedule[0].step", "put the schedule in order of its steps")
