"""A detection model of sixteen weights and data to train it on: the loop, without the wait.

As a program it trains, for tests that kill the process:
`python -m tests.training.tiny FOLDER STEPS PAUSE '{"checkpoint_every_n": 5}'`.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

from tfod import names
from tfod.checkpoints.layout import CheckpointLayout
from tfod.evaluation.coco_metrics import METRIC_NAMES
from tfod.evaluation.evaluate import EvaluationResult
from tfod.evaluation.evaluation import Evaluation
from tfod.models.detection_model import DetectionModel
from tfod.models.preprocess import MinusOneToOne, Preprocess
from tfod.models.resizer import ImageResizer
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training.checkpoints import BEST_METRIC
from tfod.training.follow import follow
from tfod.training.from_config import evaluation_folder, run_from_config, save_config
from tfod.training.options import RunOptions
from tfod.training.run import RunResult
from tfod.training.run_folder import record_start
from tfod.training.start import started_run
from tfod.training.watch import StepWatch

BATCH = 2
CONFIG = """
model { ssd { num_classes: 2 } }
train_config {
  batch_size: 2
  num_steps: %d
  optimizer {
    momentum_optimizer {
      learning_rate { cosine_decay_learning_rate {
        learning_rate_base: 0.1 total_steps: 40 warmup_learning_rate: 0.01 warmup_steps: 4
      } }
    }
    use_moving_average: false
  }
}
train_input_reader { label_map_path: "%s" }
"""


class TinyModel(DetectionModel):
    """Predicts one box a picture from the means of its three channels."""

    def __init__(self) -> None:
        super().__init__(
            "tiny", num_classes=2, preprocess=Preprocess(ImageResizer(), MinusOneToOne(), normalize_first=False)
        )
        self.kernel = tf.Variable(tf.random.normal([3, 4]), name="kernel")
        self.bias = tf.Variable(tf.zeros([4]), name="bias")
        self.mean = tf.Variable(
            tf.zeros([3]),
            trainable=False,
            name="moving_mean",
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.MEAN,
        )
        self.traces = 0

    def predict(self, inputs: Any, true_shapes: Any, *, labels: Any = None, training: bool) -> dict[str, Any]:
        self.traces += 1
        means = tf.reduce_mean(inputs, axis=[1, 2])
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(means, axis=0))
        return {names.BOX_ENCODINGS: means @ self.kernel + self.bias}

    def loss(self, prediction: Mapping[str, Any], labels: Mapping[str, Any], *, training: bool) -> dict[str, Any]:
        error = prediction[names.BOX_ENCODINGS] - labels[names.GROUNDTRUTH_BOXES][:, 0]
        return {
            names.LOCALIZATION_LOSS: tf.reduce_mean(error**2),
            names.CLASSIFICATION_LOSS: tf.reduce_mean(tf.abs(error)),
        }

    def regularization_loss(self) -> Any:
        return 0.01 * tf.reduce_sum(self.kernel**2)

    def postprocess(self, prediction: Mapping[str, Any], true_shapes: Any) -> dict[str, Any]:
        raise AssertionError("the loop does not detect")

    def checkpoint_layout(self) -> CheckpointLayout:
        return CheckpointLayout(self, self)


def example(number: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The picture of a number and its box."""
    shade = tf.cast(number % 5, tf.float32) / 5.0
    image = tf.fill([8, 8, 3], shade) * tf.constant([1.0, 0.5, -1.0])
    features = {
        names.IMAGE: image,
        names.TRUE_IMAGE_SHAPE: tf.constant([8, 8, 3]),
        names.SOURCE_ID: tf.strings.join([tf.strings.as_string(number), ".jpg"]),
    }
    labels = {
        names.NUM_GROUNDTRUTH_BOXES: tf.constant(1),
        names.GROUNDTRUTH_BOXES: tf.stack([[0.1, shade / 2, 0.9, 0.5 + shade / 2], [0.0] * 4]),
        names.GROUNDTRUTH_CLASSES: tf.constant([[0.0, 1.0], [0.0, 0.0]]),
        names.GROUNDTRUTH_WEIGHTS: tf.constant([1.0, 0.0]),
    }
    return features, labels


def dataset(*, seed: int, first_batch: int = 0, poisoned: bool = False, **unused: Any) -> tf.data.Dataset:
    """Stands in for `training_dataset`; `poisoned`: the eighth picture has pixels that are not numbers."""

    def spoil(features: dict[str, Any], labels: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        bad = features[names.SOURCE_ID] == "7.jpg"
        features[names.IMAGE] = tf.where(bad, np.nan, features[names.IMAGE])
        return features, labels

    pictures = tf.data.Dataset.range(100).map(example)
    pictures = pictures.map(spoil) if poisoned else pictures.shuffle(100, seed=seed)
    return pictures.repeat().batch(BATCH, drop_remainder=True).skip(first_batch)


def config(steps: int, folder: Path, more: str = "") -> TrainEvalPipelineConfig:
    """A config for `TinyModel`; `more` is merged into it."""
    label_map = folder / "tiny.pbtxt"
    label_map.parent.mkdir(parents=True, exist_ok=True)
    label_map.write_text("item { id: 1 name: 'cat' } item { id: 2 name: 'dog' }")
    result = text_format.Parse(CONFIG % (steps, label_map), TrainEvalPipelineConfig())
    return text_format.Merge(more, result)


def evaluation(config: TrainEvalPipelineConfig, folder: Path, maps: Sequence[float]) -> Evaluation:
    """Finds the mAPs `maps`, one after the other."""
    found = iter(maps)

    def evaluate() -> EvaluationResult:
        metrics = dict.fromkeys((f"DetectionBoxes_{name}" for name in METRIC_NAMES), 0.5)
        metrics[BEST_METRIC] = next(found)
        return EvaluationResult(metrics, {names.TOTAL_LOSS: 0.25}, images=4, seconds=0.1, num_groundtruth={})

    return Evaluation(evaluate, {}, folder=evaluation_folder(config, folder))


def train(
    config: TrainEvalPipelineConfig,
    model_dir: Path,
    options: RunOptions | None = None,
    *,
    maps: Sequence[float] = (),
    strategy: tf.distribute.Strategy | None = None,
    **data: Any,
) -> RunResult:
    """A run as the config says, with the tiny model, its data, and evaluations that find the mAPs `maps`."""
    options = options or RunOptions(seed=1)
    with started_run(model_dir, options, strategy) as start:
        batches = dataset(seed=start.seed_from_here, first_batch=start.first_batch, **data)
        scores = evaluation(config, start.folder, maps)
        run = run_from_config(config, start, options, TinyModel(), batches, lambda optimizer: scores)
        if start.is_chief:
            save_config(config, model_dir)
            record_start(model_dir, [], step=start.step, seed=start.seed)
        return run.to_the_end()


def follow_run(
    config: TrainEvalPipelineConfig, checkpoint_dir: Path, model_dir: Path, *, timeout: int, maps: Sequence[float] = ()
) -> dict[str, float]:
    """Evaluates the checkpoints of a run of the tiny model."""
    last_step = config.train_config.num_steps
    scores = evaluation(config, model_dir, maps)
    return follow(TinyModel(), scores, checkpoint_dir, last_step=last_step, timeout=timeout)


if __name__ == "__main__":
    folder, steps, pause, run_options = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    step_done = StepWatch.step_done

    def step_done_slowly(*args: Any) -> None:
        time.sleep(pause)
        step_done(*args)

    with mock.patch.object(StepWatch, "step_done", step_done_slowly):
        run_result = train(config(steps, folder), folder, RunOptions(**json.loads(run_options)))
    sys.exit(0 if run_result.signal_number is None else 128 + run_result.signal_number)
