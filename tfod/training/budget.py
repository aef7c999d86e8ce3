"""How long a run is, in steps, in minutes or both, and a learning rate over it."""

import time
from types import TracebackType

import tensorflow as tf

from tfod.progress import Progress
from tfod.training.schedules import Schedule, cosine_decay

__all__ = ["Budget", "SecondsProgress"]

# Of so many parts the schedule thinks a run to consist.
_PARTS = 100_000
# The rate at which the warm-up begins, as a share of the highest.
_FIRST_RATE = 0.05
# The last evaluation may take a little longer than those before it.
_MARGIN = 1.15
# Before an evaluation was timed, so much of the time is kept for one, or as long as it takes to build a graph.
_UNTIMED_SHARE = 0.1


class Budget(tf.Module):
    """Progress of a run from 0 to 1, by steps, by the clock, or by both: then the run ends with what is used up first.
    A run that is resumed goes on where it was.

    The clock is read while a step computes, so that a learning rate by the clock comes down to 0 just when the time is
    over, however fast the machine is and whatever else it does.

    Args:
      steps: Steps of the run; 0 for one by the clock.
      minutes: Its wall-clock minutes, evaluations included; 0 for no limit.
      in_checkpoints: Whether the run's checkpoints have it, as `budget`.
    """

    def __init__(self, steps: int, minutes: float, *, in_checkpoints: bool = True) -> None:
        super().__init__(name="budget")
        self.steps = steps
        self.minutes = minutes
        self.in_checkpoints = in_checkpoints
        self._whole = 60.0 * minutes
        # What is left of the whole when the last evaluation has taken its part.
        self._seconds = tf.Variable(self._whole, dtype=tf.float64, trainable=False, name="seconds")
        self._used = tf.Variable(0.0, dtype=tf.float64, trainable=False, name="seconds_used")
        self._began = tf.Variable(0.0, dtype=tf.float64, trainable=False, name="began")
        if steps and minutes:
            # A run may be resumed with another limit: this one says which it was saved with.
            self._limit = tf.Variable(self._whole, dtype=tf.float64, trainable=False, name="limit")

    @property
    def by_clock(self) -> bool:
        """Whether only the clock says how long the run is."""
        return not self.steps

    def start(self, used: float = 0.0, began: float | None = None) -> None:
        """The clock runs from now on, or from the time `began`, from where it was when the run was saved.

        `used` are the seconds after the run's last evaluation. They count where no checkpoint said how many were used,
        and with a limit, where the checkpoint was saved before that evaluation.
        `began`, in seconds since 1970, counts for a run with a limit: building the model is a part of it.
        """
        now = time.time()
        saved = float(self._used.numpy())
        if self.steps:
            self._used.assign(max(saved, used) if self.minutes or not saved else saved)
        if self.steps and self.minutes:
            reserved = float(self._limit.numpy()) - float(self._seconds.numpy())
            self._limit.assign(self._whole)
            self._reserve(reserved)
            now = now if began is None else began
        self._began.assign(now - float(self._used.numpy()))

    def note(self) -> None:
        """Notes how much time has been used: before the run is saved."""
        self._used.assign(self.seconds_used())

    def seconds_used(self) -> float:
        """Seconds of training and evaluating so far."""
        return time.time() - float(self._began.numpy())

    def progress(self, step: int) -> float:
        """In [0, 1]: how much of the run is done after `step` steps, now."""
        by_steps = step / self.steps if self.steps else 0.0
        return min(max(by_steps, self.time_share()), 1.0)

    def time_share(self) -> float:
        """How much of the time is used, 0 where there is no limit; above 1 where more was used."""
        return self.seconds_used() / self.seconds if self.minutes else 0.0

    @property
    def seconds(self) -> float:
        """How long training goes on, all evaluations but the last included; 0 where there is no limit."""
        return float(self._seconds.numpy())

    def reserve(self, seconds: float) -> None:
        """Training ends so much (and a bit more) before the time is over: as long as the last evaluation will take."""
        self._reserve(_MARGIN * seconds)

    def reserve_untimed(self, first_step: float) -> None:
        """The same, before an evaluation was timed, from the seconds of the first step, which builds its graph.

        Not for a run by the clock: its learning rate would jump.
        """
        if self.minutes and not self.by_clock and self.seconds == self._whole:
            self.reserve(max(first_step, _UNTIMED_SHARE * self._whole))

    def _reserve(self, seconds: float) -> None:
        if self.minutes:
            self._seconds.assign(max(self._whole - seconds, 0.5 * self._whole))

    def learning_rate(self, highest: float, warmup: float) -> Schedule:
        """Up in the share `warmup` of the run, then half a cosine down to 0; by the clock where there are no steps."""
        whole = cosine_decay(
            highest, total_steps=_PARTS, warmup_rate=_FIRST_RATE * highest, warmup_steps=round(warmup * _PARTS)
        )

        def rate(step: tf.Tensor) -> tf.Tensor:
            if self.by_clock:
                share = (tf.timestamp() - self._began) / self._seconds
            else:
                share = tf.cast(step, tf.float64) / self.steps
            return whole(tf.cast(tf.minimum(share, 1.0) * _PARTS, tf.float32))

        return rate


class SecondsProgress:
    """Progress of a run by the clock, for the watch's `progress`: the total is its time, not its steps."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
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
        passed = int(self._budget.seconds_used()) - self._shown.completed
        if passed > 0:
            self._shown.advance(passed, note=note)
