"""Evaluations as a pipeline.config describes them."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.config.faults.fault import refuse
from tfod.config.faults.training import mask_metrics_faults, metrics_faults, recall_faults
from tfod.config.keypoints import keypoint_edges
from tfod.config.label_map import read_label_map
from tfod.config.rules.record_files import count_records
from tfod.errors import ConfigError
from tfod.evaluation.coco_metrics import CocoEvaluator
from tfod.evaluation.evaluate import EvaluationResult, Evaluator, Step, detector_step, evaluate_model, model_step
from tfod.evaluation.evaluation import Evaluation
from tfod.evaluation.pascal_metrics import PascalEvaluator
from tfod.evaluation.side_by_side import ImageOptions
from tfod.inference.detector import Detector
from tfod.input.from_config import evaluation_dataset, naming_corrupt_records
from tfod.models.detection_model import DetectionModel
from tfod.protos.eval_pb2 import EvalConfig
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.records.files import expand
from tfod.stores import is_remote
from tfod.training.averages import averaged_weights

__all__ = ["evaluation_from_config", "evaluators_from_config", "image_options_from_config"]

_COCO = "coco_detection_metrics"
_AT_RECALL = "precision_at_recall_detection_metrics"


def evaluation_from_config(
    config: TrainEvalPipelineConfig,
    model: DetectionModel | Detector,
    averages: keras.optimizers.legacy.Optimizer | None = None,
    folder: Path | None = None,
) -> Evaluation:
    """The evaluation of a model on the first `eval_input_reader`.

    Args:
      config: The whole config.
      model: A model, of which the graph is built once; or an exported one, which takes one image at a time.
      averages: An optimizer that keeps averages of the model's weights, which are evaluated if `eval_config` says so.
      folder: Where scalars and images for TensorBoard go; None for nowhere.

    Raises ConfigError where there is nothing to evaluate on, or the evaluation asks for what is missing.
    """
    if not config.eval_input_reader:
        raise ConfigError("there is nothing to evaluate on", "eval_input_reader", "name the records to evaluate on")
    read = config.eval_input_reader[0].load_instance_masks
    refuse(mask_metrics_faults(config.eval_config.metrics_set, masks_are_read=read))
    categories = dict(read_label_map(config.eval_input_reader[0].label_map_path).names)
    if isinstance(model, Detector):
        evaluate = _of_detector(config, model, categories)
    else:
        evaluate = _of_model(config, model, averages if config.eval_config.use_moving_averages else None, categories)
    return Evaluation(evaluate, categories, folder=folder, per_class=config.eval_config.all_metrics_per_category)


def _of_model(
    config: TrainEvalPipelineConfig,
    model: DetectionModel,
    averages: keras.optimizers.legacy.Optimizer | None,
    categories: Mapping[int, str],
) -> Callable[[], EvaluationResult]:
    evaluate = _pass_over_data(
        config,
        config.eval_config,
        model_step(model, regularize=config.train_config.add_regularization_loss),
        categories,
        preprocess=model.preprocess.image,
        num_classes=model.num_classes,
        resize_masks=model.preprocess.masks,
    )

    def with_averages() -> EvaluationResult:
        with averaged_weights(averages, model.trainable_variables):
            return evaluate()

    return with_averages


def _of_detector(
    config: TrainEvalPipelineConfig, detector: Detector, categories: Mapping[int, str]
) -> Callable[[], EvaluationResult]:
    one_at_a_time = EvalConfig()
    one_at_a_time.CopyFrom(config.eval_config)
    one_at_a_time.batch_size = 1
    return _pass_over_data(
        config,
        one_at_a_time,
        detector_step(detector),
        categories,
        preprocess=lambda image: (image, tf.shape(image)),
        num_classes=max(categories, default=0),
    )


def _pass_over_data(
    config: TrainEvalPipelineConfig,
    eval_config: EvalConfig,
    step: Step,
    categories: Mapping[int, str],
    **model_facts: Any,
) -> Callable[[], EvaluationResult]:
    reader = config.eval_input_reader[0]
    dataset = evaluation_dataset(reader, eval_config, **model_facts)
    files = expand(list(reader.tf_record_input_reader.input_path))
    # To count records in a store would be to read them twice.
    records = None if any(map(is_remote, files)) else count_records(files)
    evaluate = partial(
        evaluate_model,
        step,
        dataset,
        categories,
        images=image_options_from_config(eval_config),
        total=None if records is None else -(-records // max(reader.sample_1_of_n_examples, 1)),
    )

    def run() -> EvaluationResult:
        others = evaluators_from_config(eval_config, categories)
        with naming_corrupt_records(reader, for_evaluation=True):
            return evaluate(others=others)

    return run


def image_options_from_config(config: EvalConfig) -> ImageOptions | None:
    """Which images an evaluation draws; None where `eval_config` asks for none."""
    if not config.retain_original_images or config.num_visualizations == 0:
        return None
    return ImageOptions(
        config.num_visualizations,
        config.min_score_threshold,
        config.max_num_boxes_to_visualize,
        keypoint_edges(config),
    )


def evaluators_from_config(
    config: EvalConfig, categories: Mapping[int, str], where: str = "eval_config"
) -> list[Evaluator]:
    """Those that `eval_config.metrics_set` names beside COCO's; ConfigError for sets that cannot be computed."""
    refuse(recall_faults(config.recall_lower_bound, config.recall_upper_bound), where)
    recall_range = (config.recall_lower_bound, config.recall_upper_bound)
    known: dict[str, Callable[[Mapping[int, str]], Evaluator]] = {
        **_EVALUATORS,
        _AT_RECALL: partial(PascalEvaluator, prefix="PrecisionAtRecallBoxes_", recall_range=recall_range),
    }
    refuse(metrics_faults(config.metrics_set, [_COCO, *known]), where)
    return [known[name](categories) for name in config.metrics_set if name != _COCO]


_EVALUATORS: dict[str, Callable[[Mapping[int, str]], Evaluator]] = {
    "coco_mask_metrics": partial(CocoEvaluator, of_masks=True),
    "pascal_voc_detection_metrics": partial(PascalEvaluator, prefix="PascalBoxes_"),
    "pascal_voc_instance_segmentation_metrics": partial(PascalEvaluator, prefix="PascalMasks_", of_masks=True),
    "weighted_pascal_voc_detection_metrics": partial(PascalEvaluator, prefix="WeightedPascalBoxes_", pooled=True),
    "weighted_pascal_voc_instance_segmentation_metrics": partial(
        PascalEvaluator, prefix="WeightedPascalMasks_", of_masks=True, pooled=True
    ),
}
