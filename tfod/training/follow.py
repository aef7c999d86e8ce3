"""Evaluation of a run's checkpoints beside the run: the newest one, or each as it comes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf
import tf_keras as keras

from tfod import names
from tfod.checkpoints.restore import restore_model
from tfod.checkpoints.state import newest_checkpoint
from tfod.errors import CheckpointError
from tfod.models.detection_model import DetectionModel
from tfod.stores import normal
from tfod.training.averages import restore_averages
from tfod.training.checkpoints import BEST_METRIC

if TYPE_CHECKING:
    from tfod.evaluation.evaluation import Evaluation

__all__ = ["follow", "restore_for_evaluation"]


def follow(
    model: DetectionModel,
    evaluation: "Evaluation",
    checkpoint_dir: Path,
    *,
    averages: keras.optimizers.legacy.Optimizer | None = None,
    last_step: int,
    timeout: int,
) -> dict[str, float]:
    """Evaluates the newest checkpoint of a folder, then each that follows.

    Ends with the one of `last_step`, or when none has come for `timeout` seconds; with a timeout of 0 after the newest.
    Of several that come during an evaluation the newest is evaluated.

    Args:
      model: Filled from each.
      evaluation: Of the model.
      checkpoint_dir: The folder of a run.
      averages: An optimizer whose averages of the weights are filled too.
      last_step: The run's.
      timeout: In seconds.

    Returns:
      mAP and total loss of the last one, by their tags.
    """
    found: dict[str, float] = {}
    for prefix in _checkpoints(checkpoint_dir, timeout):
        _, step = restore_for_evaluation(model, averages, prefix)
        result = evaluation.run(step)
        found = {BEST_METRIC: result.metrics[BEST_METRIC], names.TOTAL_LOSS: result.losses[names.TOTAL_LOSS]}
        if step == last_step:
            break
    return found


def restore_for_evaluation(
    model: DetectionModel, averages: keras.optimizers.legacy.Optimizer | None, place: str | Path
) -> tuple[str, int | None]:
    """Fills a model, and the averages of its weights if there are any, from a checkpoint or the newest in a folder.

    Returns:
      The checkpoint's prefix, and the training step at which it was written (None where it does not say).
    """
    prefix, step = restore_model(model, place)
    if averages is not None:
        restore_averages(averages, model.checkpoint_layout().full, prefix)
    return prefix, step


def _checkpoints(folder: Path, timeout: int) -> Iterator[str]:
    newest = newest_checkpoint(folder)
    if timeout:
        print(
            f"evaluating the checkpoints of {folder} as they come; ends with the last step of the run, or after "
            f"{timeout} s without a new one (--run_once: after the newest)",
            file=sys.stderr,
        )
        yield from tf.train.checkpoints_iterator(normal(folder), timeout=timeout)
        return
    if newest is None:
        raise CheckpointError("there is no checkpoint in this folder", str(folder), "give the folder of a training run")
    yield newest
