"""What a run's Python side does at every step: fetch the losses, check them, show them, look for signals."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from tfod import names
from tfod.errors import TrainingError

__all__ = ["CURE", "Batch", "GoalReachedError", "Remarks", "ShowsSteps", "StepWatch", "Stopped"]

CURE = (
    "look at those images and their boxes, or lower the learning rate or warm it up for longer, or set "
    "train_config.gradient_clipping_by_norm"
)


class Batch(NamedTuple):
    """The features and labels of one step, tensors by name."""

    features: Mapping[str, tf.Tensor]
    labels: Mapping[str, tf.Tensor]


class ShowsSteps(Protocol):
    """Shows people how far a run is."""

    def advance(self, count: int = 1, note: str = "") -> None:
        """Says that `count` more steps are done; `note` is shown beside."""


class Remarks(Protocol):
    """What is to be said once while a run goes on, such as `tfod.input.tally.Tally`."""

    def tell(self, *, at_end: bool = False) -> bool:
        """Says it if it is known by now, or in any case `at_end`; returns whether it has been said."""


class GoalReachedError(Exception):
    """A stage of training is over; the step that was under way is complete."""


class Stopped(KeyboardInterrupt):
    """Somebody asked the run to stop; the step that was under way is complete."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


class StepWatch:
    """Follows a run step by step.

    On a GPU the losses of a step are fetched while the next one runs, so that the device never waits for Python.
    A CPU has finished the step when the call returns, and they are fetched at once.

    Args:
      start: How many steps are done already.
      cure: What to do about a loss that is not finite.
      remarks: Asked after each step until they have been made.

    Attributes:
      tags: The names of the values that a step returns, in order; the trainer knows them once it has been traced.
      step: The last step whose losses were checked.
      batch: The batch of that step.
      progress: Where to show the steps, if anywhere.
      is_over: Asked after each step; the first True ends the stage of training.
    """

    def __init__(self, start: int, cure: str = CURE, remarks: Remarks | None = None) -> None:
        self._cure = cure
        self._remarks = remarks
        self.tags: tuple[str, ...] = ()
        self.step = start
        self.batch: Batch | None = None
        self.progress: ShowsSteps | None = None
        self.is_over: Callable[[], bool] = _never
        self._values: dict[str, float] = {}
        self._pending: tuple[tf.Tensor, Batch] | None = None
        self._overlap = bool(tf.config.list_physical_devices("GPU"))
        self._signal: int | None = None

    def step_done(self, values: tf.Tensor, features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> None:
        """Takes what the step returned, float32 `[K + 1]`, and its batch.

        May raise TrainingError, Stopped or GoalReachedError.
        """
        self._check_pending()
        self._pending = (values, Batch(features, labels))
        if not self._overlap:
            self._check_pending()
        if self._remarks is not None and self._remarks.tell():
            self._remarks = None
        self.check_signals()
        if self.is_over():
            self.is_over = _never
            self._check_pending()
            raise GoalReachedError

    def finish(self) -> dict[str, float]:
        """The values of the last step by tag. After it no step is left unchecked: what is saved now is sound."""
        self._check_pending()
        return self._values

    def last_remarks(self) -> None:
        """Has made what remarks have not been made yet."""
        if self._remarks is not None:
            self._remarks.tell(at_end=True)
            self._remarks = None

    def check_signals(self) -> None:
        """Raises Stopped if a signal was caught; no step is left unchecked."""
        if self._signal is not None:
            self._check_pending()
            raise Stopped(self._signal)

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Within it SIGINT and SIGTERM end the run after the step under way; a second one acts at once."""
        signals = (signal.SIGINT, signal.SIGTERM)
        earlier = {number: signal.getsignal(number) for number in signals}

        def note(number: int, frame: FrameType | None) -> None:
            self._signal = number
            restore()

        def restore() -> None:
            for number, handler in earlier.items():
                signal.signal(number, handler)

        for number in signals:
            signal.signal(number, note)
        try:
            yield
        finally:
            restore()

    def _check_pending(self) -> None:
        if self._pending is None:
            return
        values, batch = self._pending
        self._pending = None
        fetched = values.numpy()
        self.step += 1
        self.batch = batch
        # The shortest text that reads back as the same float32: 0.1 rather than 0.10000000149011612.
        self._values = {tag: float(str(value)) for tag, value in zip(self.tags, fetched, strict=True)}
        if not np.isfinite(fetched).all():
            raise self._not_finite()
        if self.progress is not None:
            loss, rate = self._values[names.TOTAL_LOSS], self._values[names.LEARNING_RATE]
            self.progress.advance(note=f"loss {loss:.4f}  learning rate {rate:.3g}")

    def _not_finite(self) -> TrainingError:
        losses = ", ".join(f"{tag} {value:g}" for tag, value in self._values.items())
        return TrainingError(
            f"the loss is not finite at step {self.step}: {losses}",
            f"the batch of the images {', '.join(_source_ids(self.batch))}",
            f"{self._cure}; what was saved before is kept, and the same command goes on from it",
        )


def _never() -> bool:
    return False


def _source_ids(batch: Batch | None) -> list[str]:
    if batch is None or names.SOURCE_ID not in batch.features:
        return ["(their source ids were not read)"]
    parts = tf.distribute.get_strategy().experimental_local_results(batch.features[names.SOURCE_ID])
    ids = [identity.decode(errors="replace") for part in parts for identity in part.numpy().ravel()]
    return [identity or "(without a source id)" for identity in ids]
