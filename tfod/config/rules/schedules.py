"""What a learning rate's schedule must be: the check of a config tells it, the schedule itself insists on it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tfod.config.findings import Finding, error

__all__ = ["check_cosine_decay", "check_exponential_decay", "check_manual_steps"]


def check_cosine_decay(
    base_rate: float, *, total_steps: int, warmup_rate: float, warmup_steps: int, where: str
) -> Iterator[Finding]:
    """Errors in a `cosine_decay_learning_rate`, which is at `where`."""
    if total_steps < warmup_steps:
        what = f"total_steps {total_steps} is less than warmup_steps {warmup_steps}"
        yield error("warm-up", what, f"{where}.warmup_steps", f"--set {where}.warmup_steps={total_steps // 10}")
    elif warmup_steps and base_rate < warmup_rate:
        what = f"learning_rate_base {base_rate:g} is less than warmup_learning_rate {warmup_rate:g}"
        cure = f"--set {where}.warmup_learning_rate={base_rate / 4:g}"
        yield error("warm-up", what, f"{where}.warmup_learning_rate", cure)


def check_exponential_decay(*, decay_steps: int, where: str) -> Iterator[Finding]:
    """Errors in an `exponential_decay_learning_rate`, which is at `where`."""
    if decay_steps == 0:
        yield error("schedule", "decay_steps is 0", f"{where}.decay_steps", f"--set {where}.decay_steps=1000")


def check_manual_steps(boundaries: Sequence[int], *, where: str) -> Iterator[Finding]:
    """Errors in the steps of a `manual_step_learning_rate`, which is at `where`."""
    if not boundaries:
        cure = "add schedule { step: ... learning_rate: ... }"
        yield error("schedule", "the schedule is empty", f"{where}.schedule", cure)
    elif boundaries[0] <= 0:
        cure = "say that rate in initial_learning_rate"
        yield error("schedule", "the first step of the schedule is 0", f"{where}.schedule[0].step", cure)
    elif any(later <= earlier for earlier, later in pairwise(boundaries)):
        what = f"the steps of the schedule {list(boundaries)} do not increase"
        yield error("schedule", what, f"{where}.schedule[0].step", "put them in order")
