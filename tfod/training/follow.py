"""Evaluation of a run's checkpoints beside the run: the newest one, or each as it comes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import orbit
import tensorflow as tf

from tfod.checkpoints.restore import restore_model
from tfod.errors import CheckpointError, ConfigError
from tfod.models.build import build_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training import optimizers
from tfod.training.evaluator import Evaluator
from tfod.training.run_folder import evaluation_folder

__all__ = ["evaluate_checkpoints"]


def evaluate_checkpoints(
    config: TrainEvalPipelineConfig, checkpoint_dir: Path, model_dir: Path, *, timeout: int
) -> dict[str, float]:
    """Evaluates the newest checkpoint of a folder, then each that follows, into `<model_dir>/eval`.

    Ends with the one of step `train_config.num_steps`, or when none has come for `timeout` seconds; with a timeout
    of 0 after the newest. Of several that come during an evaluation the newest is evaluated.

    Returns:
      mAP and total loss of the last one, by their tags.
    """
    if not config.eval_input_reader:
        raise ConfigError("there is nothing to evaluate on", "eval_input_reader", "name the records to evaluate on")
    model = build_model(config.model)
    step = orbit.utils.create_global_step()
    averages = optimizers.averages_for_evaluation(config, model, step)
    controller = orbit.Controller(
        global_step=step,
        evaluator=Evaluator(config, model, averages, step, evaluation_folder(config, model_dir)),
    )
    metrics: dict[str, float] = {}
    for prefix in _checkpoints(checkpoint_dir, timeout):
        _, saved_step = restore_model(model, prefix)
        if averages is not None:
            tf.train.Checkpoint(model=model.checkpoint_layout().full, optimizer=averages).restore(
                prefix
            ).expect_partial()
        step.assign(saved_step or 0)
        metrics = controller.evaluate()
        if saved_step == config.train_config.num_steps:
            break
    return metrics


def _checkpoints(folder: Path, timeout: int) -> Iterator[str]:
    newest = tf.train.latest_checkpoint(str(folder))
    if timeout:
        print(
            f"evaluating the checkpoints of {folder} as they come; ends with the last step of the run, or after "
            f"{timeout} s without a new one (--run_once: after the newest)",
            file=sys.stderr,
        )
        yield from tf.train.checkpoints_iterator(str(folder), timeout=timeout)
        return
    if newest is None:
        raise CheckpointError("there is no checkpoint in this folder", str(folder), "give the folder of a training run")
    yield newest
