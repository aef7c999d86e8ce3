"""Training and evaluating a detector as a pipeline.config describes it."""

import functools
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orbit
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from tfod.annotations.untrusted import read_text
from tfod.augment.albumentations_objects import read_object_albumentations
from tfod.augment.from_config import flip_permutation
from tfod.checkpoints.restore import restore_fine_tune
from tfod.config.faults.fault import refuse
from tfod.config.faults.training import num_steps_faults
from tfod.config.gray import with_gray
from tfod.config.keypoints import keypoint_edges
from tfod.config.label_map import read_label_map
from tfod.config.pipeline import read_pipeline_config, write_pipeline_config
from tfod.files import write_text
from tfod.input.from_config import naming_corrupt_records, training_dataset
from tfod.input.tally import Tally
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel
from tfod.models.layers.recomputation import recompute_features
from tfod.protos.input_reader_pb2 import InputReader
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.train_pb2 import TrainConfig
from tfod.records.files import expand
from tfod.training.budget import Budget
from tfod.training.checkpoints import BEST_METRIC
from tfod.training.earlier_from_config import record_start_from_config, refuse_another_run
from tfod.training.follow import follow
from tfod.training.optimizer_from_config import averages_from_config, optimizer_from_config
from tfod.training.options import RunOptions
from tfod.training.run import Batches, Evaluations, Run, RunResult
from tfod.training.selection import Selection, select_variables
from tfod.training.start import Start, started_run
from tfod.training.summaries import draw_batch
from tfod.training.trainer import Learning
from tfod.training.watch import Batch

if TYPE_CHECKING:
    # Imported when it is needed: the first training step need not wait for what draws and scores.
    from tfod.evaluation.evaluation import Evaluation

__all__ = [
    "METRICS_TABLE",
    "evaluate_checkpoints",
    "evaluation_folder",
    "run_from_config",
    "save_config",
    "selection_from_config",
    "train",
]

METRICS_TABLE = "metrics.csv"
_DEFAULTS = RunOptions()


def train(
    config: TrainEvalPipelineConfig,
    model_dir: Path,
    options: RunOptions = _DEFAULTS,
    *,
    config_path: Path | None = None,
) -> RunResult:
    """Trains until `train_config.num_steps`, or goes on from the newest checkpoint in `model_dir`.

    `config` is one that `tfod.config.check` found fit; `config_path` is the file that it was read from, if any:
    it is never overwritten.
    Raises TfodError: ConfigError, DataError, CheckpointError, OutputError, or TrainingError for a loss that is
    not finite; nothing is saved then, and the checkpoints saved before stay.
    """
    config = with_gray(config)
    reader = config.train_input_reader
    permutation = flip_permutation(config.train_config.data_augmentation_options)
    augment = read_object_albumentations(options.albumentations, permutation) if options.albumentations else None
    with started_run(model_dir, options) as start:
        model = build_model(config.model)
        if options.recompute:
            recompute_features(model)
        tally = _tally(reader, options)
        dataset = training_dataset(
            reader,
            config.train_config,
            preprocess=model.preprocess.image,
            num_classes=model.num_classes,
            resize_masks=model.preprocess.masks,
            seed=start.seed_from_here,
            skip_corrupt=options.skip_corrupt,
            deterministic=options.deterministic,
            first_batch=start.first_batch,
            tally=tally,
            augment=augment,
        )
        folder = evaluation_folder(config, start.folder)

        def evaluation(optimizer: keras.optimizers.legacy.Optimizer) -> "Evaluation":
            from tfod.evaluation.from_config import evaluation_from_config

            return evaluation_from_config(config, model, optimizer, folder)

        run = run_from_config(config, start, options, model, dataset, evaluation, tally=tally)
        if start.is_chief:
            save_config(config, model_dir, config_path)
            record_start_from_config(config, start, model_dir)
            _save_albumentations(options.albumentations, model_dir)
        with naming_corrupt_records(reader), augment.failures_told() if augment else nullcontext():
            return run.to_the_end()


def run_from_config(
    config: TrainEvalPipelineConfig,
    start: Start,
    options: RunOptions,
    model: DetectionModel,
    dataset: tf.data.Dataset,
    evaluation: Callable[[keras.optimizers.legacy.Optimizer], "Evaluation"],
    *,
    tally: Tally | None = None,
) -> Run:
    """The run of a model with the optimizer, the steps and the fine-tuning checkpoint of a config.

    Raises CheckpointError where the folder holds another run, which cannot be continued, and ConfigError for one of no
    steps.

    Args:
      config: Its `train_config` counts, and whether it has an `eval_input_reader`.
      start: Where the run begins.
      options: What it does beside.
      model: With fresh weights.
      dataset: As `tfod.input.dataset.training_dataset` makes it.
      evaluation: Makes an evaluation of the model from the optimizer, which may keep averages; called when the first
        evaluation is due.
      tally: Counts what the dataset leaves out.
    """
    train_config = config.train_config
    refuse(num_steps_faults(train_config.num_steps), "train_config")
    layout = model.checkpoint_layout().full
    refuse_another_run(config, start, layout)
    step = orbit.utils.create_global_step()
    optimizer, schedule = optimizer_from_config(train_config.optimizer, step, layout)
    learning = Learning(
        optimizer,
        schedule,
        step,
        selection_from_config(layout, train_config),
        regularize=train_config.add_regularization_loss,
        clip_norm=train_config.gradient_clipping_by_norm,
    )
    if options.num_workers > 1:
        options = replace(options, eval_every_n=0)
    # A run without a limit has the original's checkpoints, and no variable more.
    budget = Budget(train_config.num_steps, options.max_minutes, in_checkpoints=options.max_minutes > 0)
    return Run(
        model,
        Batches(dataset, train_config.batch_size, functools.partial(_draw, config, model), tally),
        _evaluations(config, start, lambda: evaluation(optimizer)),
        learning,
        start,
        options,
        budget=budget,
        initialize=lambda: _restore_fine_tune(model, train_config),
        to_go_on=_to_go_on(train_config),
    )


def _tally(reader: InputReader, options: RunOptions) -> Tally | None:
    """None for a run that has to be the same twice, which would wait for each record."""
    return None if options.deterministic else Tally(expand(list(reader.tf_record_input_reader.input_path)))


def _save_albumentations(path: str, model_dir: Path) -> None:
    """Beside the config lies what augmented instead of its steps."""
    target = model_dir / f"albumentations{Path(path).suffix}"
    if path and not (target.exists() and target.samefile(path)):
        write_text(target, read_text(path))


def _to_go_on(config: TrainConfig) -> str:
    kind = config.optimizer.WhichOneof("optimizer") or ""
    schedule = f"train_config.optimizer.{kind}.learning_rate.cosine_decay_learning_rate.total_steps"
    rate = getattr(config.optimizer, kind).learning_rate if kind else None
    decays = rate is not None and rate.WhichOneof("learning_rate") == "cosine_decay_learning_rate"
    return f"raise --num_train_steps{f' and {schedule}' if decays else ''} to let it do more"


def evaluate_checkpoints(
    config: TrainEvalPipelineConfig, checkpoint_dir: Path, model_dir: Path, *, timeout: int
) -> dict[str, float]:
    """Evaluates the newest checkpoint of a folder, then each that follows, into `<model_dir>/eval`; see `follow`."""
    from tfod.evaluation.from_config import evaluation_from_config

    config = with_gray(config)
    model = build_model(config.model)
    averages = averages_from_config(config, model.checkpoint_layout().full)
    evaluation = evaluation_from_config(config, model, averages, evaluation_folder(config, model_dir))
    last_step = config.train_config.num_steps
    return follow(model, evaluation, checkpoint_dir, averages=averages, last_step=last_step, timeout=timeout)


def selection_from_config(layout: tf.Module, config: TrainConfig, where: str = "train_config") -> Selection:
    """The variables that a `train_config`, which is at `where`, lets a run train; see `select_variables`."""
    return select_variables(
        layout,
        update=config.update_trainable_variables,
        freeze=config.freeze_variables,
        bias_multiplier=config.bias_grad_multiplier or 1.0,
        where=where,
    )


def save_config(config: TrainEvalPipelineConfig, model_dir: Path, read_from: Path | None = None) -> Path:
    """Saves the resolved config as `<model_dir>/pipeline.config`; returns where it lies.

    Tutorials keep the config that they edit in that very place. If it is the file `read_from`, it stays as
    it is, and a config that overrides made different from it is saved as `pipeline.resolved.config`.
    """
    target = model_dir / "pipeline.config"
    if read_from is not None and target.exists() and target.samefile(read_from):
        if read_pipeline_config(target) == config:
            return target
        target = model_dir / "pipeline.resolved.config"
    write_pipeline_config(config, target)
    return target


def evaluation_folder(config: TrainEvalPipelineConfig, folder: Path) -> Path:
    """Where the original puts the evaluation's summaries: `eval`, and in it a folder named as the reader is."""
    name = config.eval_input_reader[0].name if config.eval_input_reader else ""
    return folder / "eval" / name


def _evaluations(
    config: TrainEvalPipelineConfig, start: Start, make_evaluation: Callable[[], "Evaluation"]
) -> Evaluations | None:
    if not config.eval_input_reader:
        return None
    evaluation = functools.cache(make_evaluation)

    def compute(step: int) -> dict[str, float]:
        from tfod.evaluation.report import table_columns

        return table_columns(evaluation().run(step))

    return Evaluations(
        compute,
        metric=BEST_METRIC,
        metric_name="mAP",
        describe=_describe,
        folder=evaluation_folder(config, start.folder),
        table=start.folder / METRICS_TABLE,
    )


def _describe(numbers: Mapping[str, float]) -> str:
    found = numbers[BEST_METRIC]
    return f"mAP {found:.4f}" if found >= 0 else "no mAP, because no object of the evaluation counts"


def _draw(config: TrainEvalPipelineConfig, model: DetectionModel, batch: Batch) -> NDArray[np.uint8]:
    class_names = read_label_map(config.train_input_reader.label_map_path).names
    return draw_batch(batch, model.preprocess.denormalize, class_names, keypoint_edges(config.eval_config))


def _restore_fine_tune(model: DetectionModel, config: TrainConfig) -> None:
    if config.fine_tune_checkpoint:
        default = "detection" if config.from_detection_checkpoint else "classification"
        kind = config.fine_tune_checkpoint_type or default
        heads = config.load_all_detection_checkpoint_vars
        print(restore_fine_tune(model, config.fine_tune_checkpoint, kind, heads=heads).summary())
