"""What watches the steps of a run: it ends a stage of training by the clock, and shows how much time is left."""

from collections.abc import Callable
from types import TracebackType

from tfod.progress import Progress
from tfod.segmentation.budget import Budget
from tfod.training.watch import StepWatch

__all__ = ["GoalReachedError", "SecondsProgress", "SegmentationWatch"]


class GoalReachedError(Exception):
    """A stage of training is over; the step that was under way is complete."""


class SegmentationWatch(StepWatch):
    """Raises GoalReachedError after the step at which `is_over` first says so.

    Attributes:
      is_over: Asked after each step.
    """

    def __init__(self, start: int, cure: str) -> None:
        super().__init__(start, cure)
        self.is_over: Callable[[], bool] = lambda: False

    def heed(self) -> None:
        """See StepWatch; may raise GoalReachedError too."""
        super().heed()
        if self.is_over():
            self.is_over = lambda: False
            self.finish()
            raise GoalReachedError


class SecondsProgress:
    """Progress of a run by the clock, for the watch's `progress`: the total is its time, not its steps."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._steps = 0
        start = int(budget.seconds_used())
        self._shown = Progress("training", total=max(int(budget.seconds), start + 1), unit="second", start=start)

    def __enter__(self) -> "SecondsProgress":
        self._shown.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.__exit__(kind, error, trace)

    def advance(self, count: int = 1, note: str = "") -> None:
        """Says that `count` more steps are done."""
        self._steps += count
        passed = int(self._budget.seconds_used()) - self._shown.completed
        if passed > 0:
            self._shown.advance(passed, note=note)
