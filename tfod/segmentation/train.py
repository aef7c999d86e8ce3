"""Training a U-Net: anew, or from where it stopped."""

import math
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orbit
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.checkpoints.reader import CheckpointReader, find_checkpoint
from tfod.checkpoints.restore import restore_fine_tune
from tfod.files import write_text
from tfod.models.precision import mixed_precision
from tfod.progress import Progress, format_duration
from tfod.segmentation.budget import Budget
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.describe import architecture_text
from tfod.segmentation.draw import overlaid, side_by_side
from tfod.segmentation.evaluate import EvaluationResult
from tfod.segmentation.log import RunLog
from tfod.segmentation.losses import read_losses
from tfod.segmentation.optimizers import make_optimizer
from tfod.segmentation.settings import TrainingSettings, save_settings
from tfod.segmentation.sources import PairSource
from tfod.segmentation.task import SegmentationTask, as_features_and_labels
from tfod.segmentation.unet import build_unet
from tfod.segmentation.validation import MEAN_IOU, Validation, columns
from tfod.segmentation.watch import GoalReachedError, SecondsProgress, SegmentationWatch
from tfod.training import optimizers
from tfod.training.checkpoints import CheckpointKeeper, keep_if_best, saved_step
from tfod.training.disk import require_writable, sweep
from tfod.training.events import forget_after
from tfod.training.run_folder import choose_seed, record_start
from tfod.training.seeds import set_seed
from tfod.training.selection import Selection
from tfod.training.strategy import own_folder
from tfod.training.summaries import TrainingSummaries
from tfod.training.trainer import Trainer
from tfod.training.watch import Batch, Stopped
from tfod.visualize.svg import u_shape

__all__ = ["RunData", "RunResult", "train_unet"]

_CURE = "look at those pictures, or give a lower --learning_rate or a longer --warmup"
_CLIP_NORM = 1.0
_SUMMARY_EVERY_N = 50
_CHECKPOINT_EVERY_N = 200
_PICTURES = 3
# The last evaluation may take a little longer than those before it.
_RESERVE = 1.15
_NEVER = 2**31


@dataclass(frozen=True)
class RunData:
    """What a run learns from and is judged by.

    Attributes:
      make_batches: From a seed, whether to be deterministic, and the first batch to a data set of (pictures float32
        `[B, h, w, 3]` in [0, 1], masks int32 `[B, h, w]`), without end.
      validation: Pairs that the evaluations judge by.
      files: What it was read from, for the record.
    """

    make_batches: Callable[[int, bool, int], tf.data.Dataset]
    validation: PairSource
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """How a run ended: after which step, by which signal (None: it is complete), its last evaluation (None: there was
    none), and the best mean IoU of all evaluations."""

    step: int
    signal_number: int | None
    evaluation: EvaluationResult | None
    best_mean_iou: float


def train_unet(
    settings: TrainingSettings,
    data: RunData,
    model_dir: Path,
    *,
    strategy: Any = None,
    seed: int | None = None,
    deterministic: bool = False,
) -> RunResult:
    """Trains until the steps or minutes of the settings are over, or goes on from the newest checkpoint in `model_dir`.

    Writes there checkpoints (`best/` has the one with the best mean IoU), `unet.json`, `log.csv`, `run.json`,
    `model.txt` and `model.svg`, and TensorBoard's events.
    Raises TfodError: DataError, CheckpointError, OutputError, or TrainingError for a loss that is not finite; then
    nothing is saved, and the checkpoints saved before stay.
    """
    # The order matters as in `tfod.training.loop`: a run may be killed at any point, and is started again.
    strategy = strategy or tf.distribute.get_strategy()
    prefix = tf.train.latest_checkpoint(str(model_dir))
    start = saved_step(prefix) if prefix is not None else 0
    require_writable(model_dir)
    sweep(model_dir)
    seed = choose_seed(model_dir, seed)
    set_seed(seed, start, deterministic)
    with strategy.scope(), mixed_precision(settings.mixed_precision):
        batches = data.make_batches(
            seed if deterministic else (seed + start) % 2**31, deterministic, start if deterministic else 0
        )
        run = _Run(settings, data.validation, batches, model_dir, prefix=prefix, start=start)
        if strategy.extended.should_checkpoint:
            save_settings(settings, model_dir)
            write_text(model_dir / "model.txt", architecture_text(run.model) + "\n")
            write_text(model_dir / "model.svg", u_shape(run.model.channels()) + "\n")
            record_start(model_dir, data.files, step=start, seed=seed)
        result = run.to_the_end()
    if run.folder != model_dir:
        shutil.rmtree(run.folder, ignore_errors=True)
    return result


class _Run:
    """A model, its data, its checkpoints and its records, from `start` to the end of its budget."""

    def __init__(
        self,
        settings: TrainingSettings,
        validation: PairSource,
        batches: tf.data.Dataset,
        model_dir: Path,
        *,
        prefix: str | None,
        start: int,
    ) -> None:
        strategy = tf.distribute.get_strategy()
        self.folder = own_folder(strategy, model_dir)
        self._settings = settings
        self._start = start
        self.model = build_unet(settings.model)
        self._step = orbit.utils.create_global_step()
        self._budget = Budget(settings.steps, settings.minutes)
        schedule = self._budget.learning_rate(settings.learning_rate, settings.warmup)
        optimizer = make_optimizer(
            settings.optimizer, lambda: schedule(self._step), weight_decay=settings.weight_decay,
            average_decay=settings.ema, model=self.model,
        )  # fmt: skip
        iterator = iter(strategy.experimental_distribute_dataset(_warm(batches.map(as_features_and_labels))))
        self._keeper = CheckpointKeeper(
            self._step, self.model, optimizer, self.folder, resume_from=prefix, every_n=_CHECKPOINT_EVERY_N,
            initialize=self._initialize, more={"budget": self._budget}, before_saving=self._budget.note,
        )  # fmt: skip
        self._watch = SegmentationWatch(start, _CURE)
        variables = list(self.model.trainable_variables)
        trainer = Trainer(
            SegmentationTask(self.model, read_losses(settings.loss, settings.class_weights or None)),
            Selection(variables, (1.0,) * len(variables)), optimizer, schedule, self._step, iterator, self._watch,
            regularize=False, clip_norm=_CLIP_NORM,
        )  # fmt: skip
        forget_after(self.folder / "train", start)
        self._last_evaluation = forget_after(self.folder / "eval", start)
        self._log = RunLog(self.folder, start)
        self._validation = Validation(self.model, optimizer, validation, settings.classes, self.folder / "eval")
        self._training = orbit.Controller(
            global_step=self._step,
            trainer=trainer,
            steps_per_loop=lambda step: min(n - step % n for n in (_SUMMARY_EVERY_N, _CHECKPOINT_EVERY_N)),
            checkpoint_manager=self._keeper,
            summary_manager=self._summaries(),
        )
        optimizers.create_slots(optimizer, variables)

    def to_the_end(self) -> RunResult:
        """Trains, saves and evaluates until the budget is used up, or until a signal asks to stop."""
        stopped, result = None, None
        self._budget.start()
        try:
            step = self._start
            if step and self._last_evaluation != step and self._budget.progress(step) == 1.0:
                result = self._evaluate(step)  # a kill prevented the last one
            while self._budget.progress(step) < 1.0 and not self._is_in_vain():
                goal = self._next_goal(step)
                step = self._train_until(goal)
                result = self._evaluate(step)
                if goal == 1.0:
                    break
                self._budget.reserve(_RESERVE * result.seconds)
        except Stopped as reason:
            stopped = reason
        self._keeper.save(check_interval=False)
        step = int(self._step.numpy())
        if stopped is not None:
            print(f"stopped by {stopped} after step {step}; saved; the same command goes on from it")
        best = max((line[MEAN_IOU] for line in self._log.lines), default=float("nan"))
        return RunResult(step, stopped.signal_number if stopped else None, result, best)

    def _next_goal(self, step: int) -> float:
        """The progress at which the next evaluation is due."""
        count = self._settings.evaluations
        return min((math.floor(self._budget.progress(step) * count + 1e-9) + 1) / count, 1.0)

    def _train_until(self, goal: float) -> int:
        step = int(self._step.numpy())
        target = math.ceil(goal * self._settings.steps - 1e-9) if self._settings.steps else _NEVER
        self._watch.is_over = lambda: self._budget.progress(0) >= goal if target == _NEVER else False
        with self._watch.heeding_signals(), suppress(GoalReachedError):
            if step == self._start:  # the first step builds the graph; the rate and the time left are those without it
                self._training.train(step + 1, checkpoint_at_completion=False)
            if step + 1 < target or step != self._start:
                with self._progress() as progress:
                    self._watch.progress = progress
                    self._training.train(target, checkpoint_at_completion=False)
        self._watch.progress = None
        self._watch.heed()
        return int(self._step.numpy())

    def _progress(self) -> Any:
        if self._settings.steps:
            return Progress("training", total=self._settings.steps, start=int(self._step.numpy()))
        return SecondsProgress(self._budget)

    def _evaluate(self, step: int) -> EvaluationResult:
        self._keeper.save(check_interval=False)
        result = self._validation.evaluate(step)
        numbers = columns(result, self._settings.classes)
        seconds = self._budget.seconds_used()
        self._log.add({"step": step, "seconds": seconds, **self._watch.finish(), **numbers})
        is_best = keep_if_best(self.folder, self._keeper.latest_checkpoint, step, numbers, MEAN_IOU)
        per_class = ", ".join(f"{tag[4:]} {value:.3f}" for tag, value in numbers.items() if tag.startswith("IoU/"))
        best = "; the best so far" if is_best else ""
        print(f"step {step}, {format_duration(seconds)}: mean IoU {result.scores.mean_iou:.4f} ({per_class}){best}")
        return result

    def _is_in_vain(self) -> bool:
        patience = self._settings.early_stopping
        if not patience or self._log.without_improvement(MEAN_IOU) < patience:
            return False
        print(f"stopped early: {patience} evaluations without a better mean IoU")
        return True

    def _initialize(self) -> None:
        if self._settings.encoder_checkpoint:
            reader = CheckpointReader(find_checkpoint(self._settings.encoder_checkpoint))
            kind = "detection" if "model" in reader.roots() else "classification"
            print(restore_fine_tune(self.model, self._settings.encoder_checkpoint, kind).summary())

    def _summaries(self) -> TrainingSummaries:
        def pictures() -> NDArray[np.uint8]:
            assert self._watch.batch is not None
            return _draw_batch(self._watch.batch, self._settings.classes)

        return TrainingSummaries(
            self.folder / "train", self._step, every_n=_SUMMARY_EVERY_N, last_step=self._settings.steps,
            batch_size=self._settings.batch_size, pictures=pictures,
        )  # fmt: skip


def _draw_batch(batch: Batch, classes: ClassTable) -> NDArray[np.uint8]:
    """The first pictures of a batch beside their masks, as the network sees them: uint8 `[3, h, 2w + 4, 3]`."""
    tensors = (batch.features[names.IMAGE], batch.labels[names.GROUNDTRUTH_MASK])
    pictures, masks = (tf.distribute.get_strategy().experimental_local_results(value)[0].numpy() for value in tensors)
    drawn = []
    for picture, mask in zip(pictures[:_PICTURES], masks[:_PICTURES], strict=True):
        seen = np.clip(np.rint(255.0 * picture), 0, 255).astype(np.uint8)
        drawn.append(side_by_side([seen, overlaid(seen, mask.astype(np.uint8), classes)]))
    return np.stack(drawn)


def _warm(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The data set with options that let it fill its buffers while the first step is traced."""
    options = tf.data.Options()
    options.experimental_warm_start = True
    return batches.with_options(options)
