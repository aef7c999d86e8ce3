"""Training a detector from a pipeline config: anew, from a fine-tuning checkpoint, or from where it stopped."""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orbit
import tensorflow as tf

from tfod.checkpoints.restore import restore_fine_tune
from tfod.config.label_map import read_label_map
from tfod.input.from_config import naming_corrupt_records, training_dataset
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel
from tfod.models.precision import mixed_precision
from tfod.progress import Progress
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.train_pb2 import TrainConfig
from tfod.records.files import expand
from tfod.training import optimizers
from tfod.training.checkpoints import CheckpointKeeper, keep_if_best, saved_step
from tfod.training.disk import require_writable, sweep
from tfod.training.events import forget_after
from tfod.training.run_folder import choose_seed, evaluation_folder, record_start, save_config
from tfod.training.seeds import set_seed
from tfod.training.selection import select_variables
from tfod.training.strategy import choose_strategy, own_folder
from tfod.training.summaries import TrainingSummaries, draw_batch
from tfod.training.trainer import Trainer
from tfod.training.watch import StepWatch, Stopped

__all__ = ["RunOptions", "RunResult", "train"]


@dataclass(frozen=True)
class RunOptions:
    """What a run does beside what its config says.

    Attributes:
      checkpoint_every_n: Steps between checkpoints; there is one more at the end.
      summary_every_n: Steps between TensorBoard's scalars; there are some more at the end.
      eval_every_n: Steps between evaluations, with one more at the end; None for at each checkpoint, 0 for never.
      record_summaries: Whether the summaries have the input pictures too.
      skip_corrupt: Whether to leave out records that cannot be read instead of stopping.
      seed: In [0, 2**31); None for that of the run in the folder, or a fresh one.
      deterministic: Whether the same seed has to give the same weights to the last bit. Slower; and a resumed run
        first reads again all that was read before.
      mixed_precision: Whether convolutions compute in bfloat16. Weights, statistics and losses stay float32, and so
        do checkpoints.
      num_workers: Processes that train together, found through TF_CONFIG.
    """

    checkpoint_every_n: int = 1000
    summary_every_n: int = 100
    eval_every_n: int | None = None
    record_summaries: bool = True
    skip_corrupt: bool = False
    seed: int | None = None
    deterministic: bool = False
    mixed_precision: bool = False
    num_workers: int = 1


@dataclass(frozen=True)
class RunResult:
    """How a run ended: after which step, by which signal (None: it is complete), and where its last checkpoint is."""

    step: int
    signal_number: int | None
    checkpoint: str | None


def train(
    config: TrainEvalPipelineConfig,
    model_dir: Path,
    options: RunOptions = RunOptions(),
    *,
    config_path: Path | None = None,
) -> RunResult:
    """Trains until `train_config.num_steps`, or goes on from the newest checkpoint in `model_dir`.

    `config` is one that `tfod.config.check` found fit; `config_path` is the file that it was read from, if any:
    it is never overwritten.
    Raises TfodError: ConfigError, DataError, CheckpointError, OutputError, or TrainingError for a loss that is
    not finite; nothing is saved then, and the checkpoints saved before stay.
    """
    # The order matters; a run may be killed at any point of it, and is started again by the same command.
    # 1. Devices, before TensorFlow computes anything.
    strategy = choose_strategy(options.num_workers)
    # 2. Which step to go on from is decided once. TensorFlow replaces the file that names the newest checkpoint
    #    after that checkpoint is whole, so that a kill while saving falls back to the one before.
    prefix = tf.train.latest_checkpoint(str(model_dir))
    start = saved_step(prefix) if prefix is not None else 0
    require_writable(model_dir)
    sweep(model_dir)
    # 3. The seed, before the first random number: the initial weights.
    seed = choose_seed(model_dir, options.seed)
    set_seed(seed, start, options.deterministic)
    with strategy.scope(), mixed_precision(options.mixed_precision):
        # 4. to 7. Model, data, weights, and the record of the past: see _Run.
        run = _Run(config, model_dir, options, prefix=prefix, start=start, seed=seed)
        if strategy.extended.should_checkpoint:
            save_config(config, model_dir, config_path)
            records = expand(list(config.train_input_reader.tf_record_input_reader.input_path))
            record_start(model_dir, records, step=start, seed=seed)
        # 8. Only now steps are made and written about.
        result = run.to_the_end()
    if run.folder != model_dir:
        shutil.rmtree(run.folder, ignore_errors=True)
    return result


class _Run:
    """A model, its data, its checkpoints and its records, from `start` to `train_config.num_steps`."""

    def __init__(
        self,
        config: TrainEvalPipelineConfig,
        model_dir: Path,
        options: RunOptions,
        *,
        prefix: str | None,
        start: int,
        seed: int,
    ) -> None:
        self.folder = own_folder(tf.distribute.get_strategy(), model_dir)
        self._num_steps = config.train_config.num_steps
        self._start = start
        self._eval_every_n = _eval_interval(config, options)
        # 4. The model with fresh weights, the step, the optimizer.
        model = build_model(config.model)
        self._step = orbit.utils.create_global_step()
        selection = select_variables(model, config.train_config)
        optimizer, schedule = optimizers.from_config(config.train_config.optimizer, self._step)
        if config.train_config.optimizer.use_moving_average:
            optimizer.shadow_copy(model)
        # 5. The input pipeline begins to fill its buffers while the rest goes on.
        batches = _start_reading(config, model, options, seed=seed, start=start)
        # 6. The weights: the newest checkpoint's, all of them; else the fine-tuning checkpoint's, as far as it goes.
        #    The controller asks the keeper for them. (To restore both, one over the other, gives the same.)
        self._keeper = CheckpointKeeper(
            self._step,
            model.checkpoint_layout().full,
            optimizer,
            self.folder,
            resume_from=prefix,
            every_n=options.checkpoint_every_n,
            initialize=lambda: _restore_fine_tune(model, config.train_config),
        )
        self._reader = config.train_input_reader
        self._watch = StepWatch(start)
        trainer = Trainer(
            model,
            selection,
            optimizer,
            schedule,
            self._step,
            batches,
            self._watch,
            regularize=config.train_config.add_regularization_loss,
            clip_norm=config.train_config.gradient_clipping_by_norm,
        )
        self._training = orbit.Controller(
            global_step=self._step,
            trainer=trainer,
            steps_per_loop=lambda step: _steps_to_boundary(step, options),
            checkpoint_manager=self._keeper,
            summary_manager=self._summaries(config, model, options),
        )
        optimizers.create_slots(optimizer, selection.variables)
        # 7. What was recorded after that checkpoint is forgotten before anything is recorded anew.
        forget_after(self.folder / "train", start)
        eval_folder = evaluation_folder(config, self.folder)
        self._last_evaluation = forget_after(eval_folder, start)
        self._make_evaluation = functools.partial(_make_evaluation, config, model, optimizer, self._step, eval_folder)

    def to_the_end(self) -> RunResult:
        """Trains, saves and evaluates until the last step, or until a signal asks to stop."""
        stopped: Stopped | None = None
        try:
            self._catch_up_on_evaluation()
            step = self._start
            while step < self._num_steps:
                step = self._train_until(self._next_stop(step))
                if self._is_evaluation_due(step):
                    self._evaluate(step)
        except Stopped as reason:
            stopped = reason
        self._keeper.save(check_interval=False)
        step, checkpoint = int(self._step.numpy()), self._keeper.latest_checkpoint
        if stopped is not None:
            print(f"stopped by {stopped} after step {step}; saved as {checkpoint}; the same command goes on from it")
        return RunResult(step, stopped.signal_number if stopped else None, checkpoint)

    def _train_until(self, target: int) -> int:
        # The first step takes as long as a hundred others, because its graph is built. It is a run of its own, or
        # the rate and the time left would be wrong for a long time.
        step = int(self._step.numpy())
        with self._watch.heeding_signals(), naming_corrupt_records(self._reader):
            if step == self._start:
                self._training.train(step + 1, checkpoint_at_completion=False)
            if target > step + 1 or step != self._start:
                with Progress("training", total=self._num_steps, start=int(self._step.numpy())) as progress:
                    self._watch.progress = progress
                    self._training.train(target, checkpoint_at_completion=False)
                self._watch.progress = None
        self._watch.heed()
        return target

    def _next_stop(self, step: int) -> int:
        every_n = self._eval_every_n
        return min(step - step % every_n + every_n, self._num_steps) if every_n else self._num_steps

    def _is_evaluation_due(self, step: int) -> bool:
        return bool(self._eval_every_n) and (step % self._eval_every_n == 0 or step == self._num_steps)

    def _catch_up_on_evaluation(self) -> None:
        """Does the evaluation that a kill prevented or cut off: it follows the checkpoint that the run resumes from."""
        if self._start and self._is_evaluation_due(self._start) and self._last_evaluation != self._start:
            self._evaluate(self._start)

    def _evaluate(self, step: int) -> None:
        self._keeper.save(check_interval=False)
        metrics = self._evaluation.evaluate()
        if keep_if_best(self.folder, self._keeper.latest_checkpoint, step, metrics):
            print(f"the best so far: kept in {self.folder / 'best'}")

    @functools.cached_property
    def _evaluation(self) -> orbit.Controller:
        return self._make_evaluation()

    def _summaries(
        self, config: TrainEvalPipelineConfig, model: DetectionModel, options: RunOptions
    ) -> TrainingSummaries:
        def pictures() -> Any:
            assert self._watch.batch is not None
            class_names = read_label_map(config.train_input_reader.label_map_path).names
            return draw_batch(self._watch.batch, model.preprocess.denormalize, class_names)

        return TrainingSummaries(
            self.folder / "train",
            self._step,
            every_n=options.summary_every_n,
            last_step=self._num_steps,
            batch_size=config.train_config.batch_size,
            pictures=pictures if options.record_summaries else None,
        )


def _start_reading(
    config: TrainEvalPipelineConfig, model: DetectionModel, options: RunOptions, *, seed: int, start: int
) -> Any:
    """An iterator of (features, labels) whose buffers are being filled from now on."""
    dataset = training_dataset(
        config.train_input_reader,
        config.train_config,
        preprocess=model.preprocess.image,
        num_classes=model.num_classes,
        seed=seed if options.deterministic else (seed + start) % 2**31,
        skip_corrupt=options.skip_corrupt,
        deterministic=options.deterministic,
        first_batch=start if options.deterministic else 0,
    )
    warm = tf.data.Options()
    warm.experimental_warm_start = True
    return iter(tf.distribute.get_strategy().experimental_distribute_dataset(dataset.with_options(warm)))


def _restore_fine_tune(model: DetectionModel, config: TrainConfig) -> None:
    if config.fine_tune_checkpoint:
        default = "detection" if config.from_detection_checkpoint else "classification"
        kind = config.fine_tune_checkpoint_type or default
        print(restore_fine_tune(model, config.fine_tune_checkpoint, kind).summary())


def _make_evaluation(
    config: TrainEvalPipelineConfig, model: DetectionModel, optimizer: Any, step: Any, folder: Path
) -> orbit.Controller:
    # Imported when it is needed: the first training step need not wait for what draws and scores.
    from tfod.training.evaluator import Evaluator

    return orbit.Controller(global_step=step, evaluator=Evaluator(config, model, optimizer, step, folder))


def _eval_interval(config: TrainEvalPipelineConfig, options: RunOptions) -> int:
    """Steps between evaluations, 0 for none: without data to evaluate, or with several workers."""
    if not config.eval_input_reader or options.num_workers > 1:
        return 0
    return options.checkpoint_every_n if options.eval_every_n is None else options.eval_every_n


def _steps_to_boundary(step: int, options: RunOptions) -> int:
    """To the next step at which something is written; orbit comes back to Python only there."""
    return min(n - step % n for n in (options.checkpoint_every_n, options.summary_every_n))
