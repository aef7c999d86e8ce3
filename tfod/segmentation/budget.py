"""How long a run is, in steps or in minutes, and the learning rate over it."""

import time
from typing import Any

import tensorflow as tf

from tfod.training.schedules import cosine_decay

__all__ = ["Budget"]

# Of so many parts the schedule thinks a run to consist.
_PARTS = 100_000
# The rate at which the warm-up begins, as a share of the highest.
_FIRST_RATE = 0.05


class Budget(tf.Module):
    """Progress of a run from 0 to 1, by steps or by the clock. A run that is resumed goes on where it was.

    The clock is read while a step computes, so that the learning rate comes down to 0 just when the time is over,
    however fast the machine is and whatever else it does.

    Args:
      steps: Steps of the run; 0 for one by the clock.
      minutes: Its wall-clock minutes.
    """

    def __init__(self, steps: int, minutes: float) -> None:
        super().__init__(name="budget")
        self.steps = steps
        self._by_clock = not steps
        self._whole = 60.0 * minutes
        # What is left of the whole when the last evaluation has taken its part.
        self._seconds = tf.Variable(self._whole, dtype=tf.float64, trainable=False, name="seconds")
        self._used = tf.Variable(0.0, dtype=tf.float64, trainable=False, name="seconds_used")
        self._began = tf.Variable(0.0, dtype=tf.float64, trainable=False, name="began")

    def start(self) -> None:
        """The clock runs from now on, from where it was when the run was saved."""
        self._began.assign(time.time() - float(self._used.numpy()))

    def note(self) -> None:
        """Takes down how much time has been used: before the run is saved."""
        self._used.assign(self.seconds_used())

    def seconds_used(self) -> float:
        """Seconds of training and evaluating so far."""
        return time.time() - float(self._began.numpy())

    def progress(self, step: int) -> float:
        """In [0, 1]: how much of the run is done after `step` steps, now."""
        share = self.seconds_used() / self.seconds if self._by_clock else step / self.steps
        return min(share, 1.0)

    @property
    def seconds(self) -> float:
        """How long training goes on, all evaluations but the last included; for a run by the clock."""
        return float(self._seconds.numpy())

    def reserve(self, seconds: float) -> None:
        """Training ends so much before the time is over: as long as the last evaluation will take."""
        if self._by_clock:
            self._seconds.assign(max(self._whole - seconds, 0.5 * self._whole))

    def learning_rate(self, highest: float, warmup: float) -> Any:
        """A `tfod.training.schedules.Schedule`: up in the share `warmup` of the run, then half a cosine down to 0."""
        whole = cosine_decay(
            highest, total_steps=_PARTS, warmup_rate=_FIRST_RATE * highest, warmup_steps=round(warmup * _PARTS)
        )

        def rate(step: Any) -> Any:
            if self._by_clock:
                share = (tf.timestamp() - self._began) / self._seconds
            else:
                share = tf.cast(step, tf.float64) / self.steps
            return whole(tf.cast(tf.minimum(share, 1.0) * _PARTS, tf.float32))

        return rate
