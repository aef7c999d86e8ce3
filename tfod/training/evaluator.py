"""Evaluation of a model as orbit's controller calls it, while a run trains or beside it."""

from pathlib import Path
from typing import Any

import orbit
import tensorflow as tf

from tfod import names
from tfod.config.label_map import read_label_map
from tfod.config.rules.record_files import count_records
from tfod.evaluation.evaluate import evaluate_model, model_step
from tfod.evaluation.pascal import pascal_evaluators
from tfod.evaluation.report import print_table, write_summaries
from tfod.evaluation.side_by_side import PictureOptions
from tfod.input.from_config import evaluation_dataset, naming_corrupt_records
from tfod.models.detection_model import DetectionModel
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.records.files import expand
from tfod.training.checkpoints import BEST_METRIC
from tfod.training.optimizers import averaged_weights

__all__ = ["Evaluator"]


class Evaluator(orbit.AbstractEvaluator):
    """Evaluates a model on the first `eval_input_reader`, as often as asked; the graph is built once.

    Args:
      model: With `eval_config.use_moving_averages` its weights are replaced by their averages meanwhile.
      optimizer: Keeps the averages; None where they are not asked for.
      step: int64 scalar variable.
      folder: Where scalars and pictures for TensorBoard go.
    """

    def __init__(
        self,
        config: TrainEvalPipelineConfig,
        model: DetectionModel,
        optimizer: Any,
        step: Any,
        folder: Path,
    ) -> None:
        super().__init__()
        self._config = config.eval_config
        self._reader = config.eval_input_reader[0]
        self._model = model
        self._averages = optimizer if config.eval_config.use_moving_averages else None
        self._step = step
        self._writer = tf.summary.create_file_writer(str(folder))
        self._categories = dict(read_label_map(self._reader.label_map_path).names)
        self._graph = model_step(model, regularize=config.train_config.add_regularization_loss)
        records = count_records(expand(list(self._reader.tf_record_input_reader.input_path)))
        self._total = -(-records // max(self._reader.sample_1_of_n_examples, 1))

    def evaluate(self, num_steps: Any) -> dict[str, float]:
        """One pass over all data, whatever `num_steps` is; returns mAP and the total loss by their tags.

        Prints a table of all classes, and writes everything for TensorBoard.
        """
        dataset = evaluation_dataset(
            self._reader,
            self._config,
            preprocess=self._model.preprocess.image,
            num_classes=self._model.num_classes,
        )
        with (
            averaged_weights(self._averages, self._model.trainable_variables),
            naming_corrupt_records(self._reader, for_evaluation=True),
        ):
            pictures = PictureOptions.from_config(self._config)
            pascal = pascal_evaluators(self._config, self._categories)
            result = evaluate_model(
                self._graph, dataset, self._categories, pascal=pascal, pictures=pictures, total=self._total
            )
        per_class = self._config.all_metrics_per_category
        write_summaries(self._writer, result, int(self._step.numpy()), per_class=per_class)
        print_table(result, self._categories)
        return {BEST_METRIC: result.metrics[BEST_METRIC], names.TOTAL_LOSS: result.losses[names.TOTAL_LOSS]}
