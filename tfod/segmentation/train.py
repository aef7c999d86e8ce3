"""Training a U-Net: anew, or from where it stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orbit
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.checkpoints.named_reader import open_checkpoint
from tfod.checkpoints.object_reader import find_checkpoint
from tfod.checkpoints.restore import restore_fine_tune
from tfod.files import write_text
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.describe import architecture_text
from tfod.segmentation.draw import overlaid, side_by_side
from tfod.segmentation.earlier import refuse_another_run
from tfod.segmentation.losses import read_losses
from tfod.segmentation.optimizers import make_optimizer
from tfod.segmentation.settings import LOG_FILE, TrainingSettings, save_settings
from tfod.segmentation.sources import PairSource
from tfod.segmentation.task import SegmentationTask, as_features_and_labels
from tfod.segmentation.unet import UNet, build_unet
from tfod.segmentation.validation import MEAN_IOU, Validation, columns
from tfod.training.budget import Budget
from tfod.training.options import RunOptions
from tfod.training.run import Batches, Evaluations, Run, RunResult
from tfod.training.run_folder import record_start
from tfod.training.selection import select_variables
from tfod.training.start import Start, started_run
from tfod.training.summaries import MOST_IMAGES, first_replica
from tfod.training.trainer import Learning
from tfod.training.watch import Batch
from tfod.visualize.figures import u_shape

__all__ = ["RunData", "train_unet"]

_CURE = "look at those pictures, or give a lower --learning_rate or a longer --warmup"
_CLIP_NORM = 1.0
_SUMMARY_EVERY_N = 50
_CHECKPOINT_EVERY_N = 200


@dataclass(frozen=True)
class RunData:
    """What a run learns from and is evaluated on.

    Attributes:
      make_batches: From a seed, whether to be deterministic, and the first batch to a data set of (images float32
        `[B, h, w, 3]` in [0, 1], masks int32 `[B, h, w]`), without end.
      validation: Pairs for the evaluations.
      files: What it was read from, for the record.
    """

    make_batches: Callable[[int, bool, int], tf.data.Dataset]
    validation: PairSource
    files: tuple[str, ...] = ()


def train_unet(
    settings: TrainingSettings,
    data: RunData,
    model_dir: Path,
    *,
    strategy: tf.distribute.Strategy | None = None,
    seed: int | None = None,
    deterministic: bool = False,
) -> RunResult:
    """Trains until the steps or minutes of the settings are over, or goes on from the newest checkpoint in `model_dir`.

    Writes there checkpoints (`best/` has the one with the best mean IoU), `unet.json`, `log.csv`, `run.json`,
    `model.txt` and `model.svg`, and TensorBoard's events.
    Raises TfodError: DataError, CheckpointError, OutputError, or TrainingError for a loss that is not finite; then
    nothing is saved, and the checkpoints saved before stay.
    """
    options = RunOptions(
        checkpoint_every_n=_CHECKPOINT_EVERY_N,
        summary_every_n=_SUMMARY_EVERY_N,
        evaluations=settings.evaluations,
        early_stopping=settings.early_stopping,
        seed=seed,
        deterministic=deterministic,
        mixed_precision=settings.mixed_precision,
    )
    with started_run(model_dir, options, strategy or tf.distribute.get_strategy()) as start:
        model = build_unet(settings.model)
        run = _run(settings, data, start, options, model)
        if start.is_chief:
            save_settings(settings, model_dir)
            write_text(model_dir / "model.txt", architecture_text(model) + "\n")
            write_text(model_dir / "model.svg", u_shape(model.channels()) + "\n")
            record_start(model_dir, data.files, step=start.step, seed=start.seed)
        return run.to_the_end()


def _run(settings: TrainingSettings, data: RunData, start: Start, options: RunOptions, model: UNet) -> Run:
    layout = model.checkpoint_layout().full
    refuse_another_run(settings, data.files, start, layout)
    step = orbit.utils.create_global_step()
    budget = Budget(settings.steps, settings.minutes)
    schedule = budget.learning_rate(settings.learning_rate, settings.warmup)
    optimizer = make_optimizer(
        settings.optimizer,
        lambda: schedule(step),
        weight_decay=settings.weight_decay,
        average_decay=settings.ema,
        model=layout,
    )
    batches = data.make_batches(start.seed_from_here, start.deterministic, start.first_batch)
    classes = settings.classes
    validation = Validation(model, optimizer, data.validation, classes, start.folder / "eval")
    return Run(
        SegmentationTask(model, read_losses(settings.loss, settings.class_weights or None)),
        Batches(batches.map(as_features_and_labels), settings.batch_size, lambda batch: _draw_batch(batch, classes)),
        Evaluations(
            lambda step: columns(validation.evaluate(step), classes),
            metric=MEAN_IOU,
            metric_name="mean IoU",
            describe=_describe,
            folder=start.folder / "eval",
            table=start.folder / LOG_FILE,
        ),
        Learning(optimizer, schedule, step, select_variables(layout), regularize=False, clip_norm=_CLIP_NORM),
        start,
        options,
        budget=budget,
        initialize=lambda: _fill_encoder(model, settings.encoder_checkpoint),
        cure=_CURE,
        to_go_on="give more --steps or --minutes to let it do more",
    )


def _describe(numbers: Mapping[str, float]) -> str:
    per_class = ", ".join(f"{tag[4:]} {value:.3f}" for tag, value in numbers.items() if tag.startswith("IoU/"))
    return f"mean IoU {numbers[MEAN_IOU]:.4f} ({per_class})"


def _fill_encoder(model: UNet, checkpoint: str) -> None:
    if checkpoint:
        kind = open_checkpoint(find_checkpoint(checkpoint)).kind() or "classification"
        print(restore_fine_tune(model, checkpoint, kind).summary())


def _draw_batch(batch: Batch, classes: ClassTable) -> NDArray[np.uint8]:
    """The first images of a batch beside their masks, as the network sees them: uint8 `[3, h, 2w + 4, 3]`."""
    tensors = (batch.features[names.IMAGE], batch.labels[names.GROUNDTRUTH_MASK])
    images, masks = (first_replica(value)[:MOST_IMAGES].numpy() for value in tensors)
    drawn = []
    for image, mask in zip(images, masks, strict=True):
        seen = np.clip(np.rint(255.0 * image), 0, 255).astype(np.uint8)
        drawn.append(side_by_side([seen, overlaid(seen, mask.astype(np.uint8), classes)]))
    return np.stack(drawn)
