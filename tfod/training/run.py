"""A training run: steps, checkpoints, evaluations and records, of anything that can be trained."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orbit
import tensorflow as tf
from numpy.typing import NDArray

from tfod.progress import Progress, format_duration
from tfod.training.budget import Budget, SecondsProgress
from tfod.training.checkpoints import CheckpointKeeper, keep_if_best, mend_best
from tfod.training.events import forget_after
from tfod.training.optimizers import create_slots
from tfod.training.options import RunOptions
from tfod.training.start import Start
from tfod.training.summaries import TrainingSummaries
from tfod.training.table import RunTable
from tfod.training.trainer import Learning, Trainable, Trainer
from tfod.training.watch import CURE, Batch, GoalReachedError, Remarks, StepWatch, Stopped

__all__ = ["Batches", "Evaluations", "Run", "RunResult"]

_NEVER = 2**31


@dataclass(frozen=True)
class Batches:
    """What a run learns from.

    Attributes:
      dataset: Features and labels without end, tensors by name, as `Trainable.losses` takes them.
      size: Images a step.
      draw: The images of a batch, uint8 `[N, h, w, 3]`, for TensorBoard; None for no images.
      remarks: What is to be said of the dataset while it is read; None for nothing.
    """

    dataset: tf.data.Dataset
    size: int
    draw: Callable[[Batch], NDArray[np.uint8]] | None = None
    remarks: Remarks | None = None


@dataclass(frozen=True)
class Evaluations:
    """How a run is evaluated.

    Attributes:
      compute: From a step, of which the weights are, to numbers by tag, the columns of the table.
      metric: The number that the best checkpoint and early stopping go by; higher is better.
      describe: The numbers in a few words, for people.
      metric_name: What people call the metric.
      folder: Where the evaluations' summaries are, which `compute` writes.
      table: The file of the table.
    """

    compute: Callable[[int], Mapping[str, float]]
    metric: str
    metric_name: str
    describe: Callable[[Mapping[str, float]], str]
    folder: Path
    table: Path


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
      step: After which step.
      signal_number: By which signal; None: it is complete.
      checkpoint: Its last one.
      best: The highest metric of all evaluations; NaN if there was none.
    """

    step: int
    signal_number: int | None
    checkpoint: str | None
    best: float = float("nan")


class Run:
    """A model, its data, its checkpoints and its records, from `start` to the end of its budget.

    Args:
      model: Trained; saved by its checkpoint layout.
      batches: Read from now on.
      evaluations: None for no evaluation.
      learning: How the weights change.
      start: Where the run begins; see `started_run`.
      options: Steps between checkpoints, summaries and evaluations, and early stopping.
      budget: How long it is.
      initialize: Fills the weights of a run that begins anew.
      cure: What to do about a loss that is not finite.
      to_go_on: What to do to go on with a run that has used up its budget.
    """

    def __init__(
        self,
        model: Trainable,
        batches: Batches,
        evaluations: Evaluations | None,
        learning: Learning,
        start: Start,
        options: RunOptions,
        *,
        budget: Budget,
        initialize: Callable[[], None] = lambda: None,
        cure: str = CURE,
        to_go_on: str = "raise the number of steps to let it do more",
    ) -> None:
        self._to_go_on = to_go_on
        self._evaluations = evaluations
        self._step = learning.step
        self._start = start
        self._options = options
        self._budget = budget
        # 5. The input pipeline begins to fill its buffers while the rest goes on. (For 1. to 4. see `started_run`.)
        distributed = tf.distribute.get_strategy().experimental_distribute_dataset(_warm(batches.dataset))
        iterator = iter(distributed)
        # 6. The weights: the newest checkpoint's, all of them; else what `initialize` gives, as far as it goes.
        #    The controller asks the keeper for them. (To restore both, one over the other, gives the same.)
        self._keeper = CheckpointKeeper(
            learning.step,
            model.checkpoint_layout().full,
            learning.optimizer,
            start.folder,
            resume_from=start.checkpoint,
            every_n=options.checkpoint_every_n,
            initialize=initialize,
            more={"budget": budget} if budget.in_checkpoints else None,
            before_saving=budget.note,
        )
        self._watch = StepWatch(start.step, cure, batches.remarks)
        self._training = orbit.Controller(
            global_step=learning.step,
            trainer=Trainer(model, learning, iterator, self._watch),
            steps_per_loop=options.steps_to_pause,
            checkpoint_manager=self._keeper,
            summary_manager=self._summaries(batches),
        )
        create_slots(learning.optimizer, learning.selection.variables)
        # 7. What was recorded after that checkpoint is forgotten before anything is recorded anew.
        forget_after(start.folder / "train", start.step)
        self._table = RunTable(evaluations.table, start.step) if evaluations else None
        if evaluations and self._table:
            mend_best(start.folder, self._table.lines, evaluations.metric)
        self._last_evaluation = self._forget_evaluations(start.step)

    def _forget_evaluations(self, step: int) -> int | None:
        """Forgets those after `step`, and that of `step` if a kill cut it off; returns the step of the last one."""
        if self._evaluations is None or self._table is None:
            return None
        last = forget_after(self._evaluations.folder, step)
        if self._table.lines and last is not None and self._table.last("step") < last:
            # Its line in the table is the last that is written. (A run of an earlier version has no table.)
            last = forget_after(self._evaluations.folder, last - 1)
        return last

    def to_the_end(self) -> RunResult:
        """Trains, saves and evaluates until the budget is used up or nothing gets better, or until a signal comes."""
        self._budget.start(used=self._table.last("seconds") if self._table else 0.0, began=self._start.time)
        stopped: Stopped | None = None
        is_out_of_time = False
        try:
            is_out_of_time = self._train_and_evaluate()
        except Stopped as reason:
            stopped = reason
        if int(self._step.numpy()) > self._start.step:
            self._watch.last_remarks()
        self._keeper.save(check_interval=False)
        step, checkpoint = int(self._step.numpy()), self._keeper.latest_checkpoint
        if stopped is not None:
            print(f"stopped by {stopped} after step {step}; saved as {checkpoint}; the same command goes on from it")
        elif is_out_of_time and step < self._budget.steps:
            allowed = format_duration(60.0 * self._budget.minutes)
            print(
                f"the time is over ({allowed}) after step {step} of {self._budget.steps}; saved as {checkpoint}; "
                "the same command with more time goes on from it"
            )
        elif step and step == self._start.step and self._budget.progress(step) == 1.0:
            done = f"done its {step} steps" if step >= self._budget.steps > 0 else "used its time"
            print(f"nothing to do: the run in {self._start.folder} has {done}; {self._to_go_on}")
        best = self._table.best(self._evaluations.metric) if self._table and self._evaluations else math.nan
        return RunResult(step, stopped.signal_number if stopped else None, checkpoint, best)

    def _train_and_evaluate(self) -> bool:
        """Returns whether the time was used up."""
        step = self._start.step
        # An evaluation that a kill prevented or cut off: it follows the checkpoint that the run resumes from.
        if step and self._is_evaluation_due(step) and self._last_evaluation != step:
            self._evaluate(step)
        while self._budget.progress(step) < 1.0:
            if self._is_in_vain():
                return False
            step = self._train_until(*self._next_stop(step))
            # Evaluating changes how much time is kept for evaluations: whether this was the last is decided before.
            is_over, is_out_of_time = self._budget.progress(step) == 1.0, self._budget.time_share() >= 1.0
            if self._evaluates:
                self._evaluate(step)
            if is_over:
                return is_out_of_time
        return self._budget.time_share() >= 1.0

    @property
    def _evaluates(self) -> bool:
        often = self._options.evaluations or self._options.steps_between_evaluations()
        return self._evaluations is not None and bool(often)

    def _next_stop(self, step: int) -> tuple[int, float]:
        """The step, and the share of the time, of whichever comes first, at which the next evaluation is due."""
        steps, count = self._budget.steps, self._options.evaluations
        if count and self._evaluates:
            goal = min((math.floor(self._budget.progress(step) * count + 1e-9) + 1) / count, 1.0)
            return (math.ceil(goal * steps - 1e-9) if steps else _NEVER), goal
        every_n = self._options.steps_between_evaluations() if self._evaluates else 0
        return (min(step - step % every_n + every_n, steps) if every_n else steps or _NEVER), 1.0

    def _is_evaluation_due(self, step: int) -> bool:
        """Whether there should be an evaluation after `step`; by the clock, only the last is known by its step."""
        if not self._evaluates or self._budget.progress(step) == 1.0:
            return self._evaluates
        return self._budget.steps > 0 and self._next_stop(step - 1)[0] == step

    def _train_until(self, target: int, share: float) -> int:
        """Trains to the step `target`, or until `share` of the time is used; returns the step reached."""
        step = int(self._step.numpy())
        self._watch.is_over = lambda: self._budget.time_share() >= share
        # The first step takes as long as a hundred others, because its graph is built. It is a run of its own, or
        # the rate and the time left would be wrong for a long time.
        with self._watch.catching_signals(), suppress(GoalReachedError):
            if step == self._start.step:
                began = self._budget.seconds_used()
                self._training.train(step + 1, checkpoint_at_completion=False)
                self._budget.reserve_untimed(self._budget.seconds_used() - began)
            if target > step + 1 or step != self._start.step:
                with self._progress() as progress:
                    self._watch.progress = progress
                    self._training.train(target, checkpoint_at_completion=False)
        self._watch.progress = None
        self._watch.check_signals()
        return int(self._step.numpy())

    def _progress(self) -> AbstractContextManager[Any]:
        if self._budget.by_clock:
            return SecondsProgress(self._budget)
        return Progress("training", total=self._budget.steps, start=int(self._step.numpy()))

    def _evaluate(self, step: int) -> None:
        assert self._evaluations is not None and self._table is not None
        self._keeper.save(check_interval=False)
        began = self._budget.seconds_used()
        numbers = self._evaluations.compute(step)
        seconds = self._budget.seconds_used()
        self._budget.reserve(seconds - began)
        is_best = keep_if_best(
            self._start.folder, self._keeper.latest_checkpoint, step, numbers, self._evaluations.metric
        )
        self._table.add({"step": step, "seconds": seconds, **self._watch.finish(), **numbers})
        best = "; the best so far, kept in best/" if is_best else ""
        print(f"step {step}, {format_duration(seconds)}: {self._evaluations.describe(numbers)}{best}")

    def _is_in_vain(self) -> bool:
        patience = self._options.early_stopping
        if not patience or self._evaluations is None or self._table is None:
            return False
        if self._table.without_improvement(self._evaluations.metric) < patience:
            return False
        print(f"stopped early: {patience} evaluations without a better {self._evaluations.metric_name}")
        return True

    def _summaries(self, batches: Batches) -> TrainingSummaries:
        def images() -> NDArray[np.uint8]:
            assert batches.draw is not None and self._watch.batch is not None
            return batches.draw(self._watch.batch)

        return TrainingSummaries(
            self._start.folder / "train",
            self._step,
            every_n=self._options.summary_every_n,
            last_step=self._budget.steps,
            batch_size=batches.size,
            images=images if batches.draw and self._options.record_summaries else None,
        )


def _warm(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The data set with options that let it fill its buffers while the first step is traced."""
    options = tf.data.Options()
    options.experimental_warm_start = True
    return batches.with_options(options)
