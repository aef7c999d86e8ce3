"""Computes the COCO metrics of a checkpoint or an exported model."""

import argparse
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.model_source import add_model_flags, check_model_flags, read_config

if TYPE_CHECKING:
    from tfod.config.pipeline import PipelineConfig
    from tfod.evaluation.evaluate import EvaluationResult
    from tfod.models.detection_model import DetectionModel

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Computes the twelve COCO metrics of a checkpoint or an exported model, overall and per class.

The pictures and the label map are those of the config's first eval_input_reader, unless --input_path and
--label_map_path name others. Prints a table and writes metrics.json to --output_dir."""

_EXAMPLES = """\
  evaluate_detections.py --pipeline_config_path workspace/raccoons/pipeline.config \\
      --checkpoint_dir workspace/raccoons --output_dir workspace/raccoons/evaluation
  evaluate_detections.py --saved_model_dir exported_models/raccoons --input_path annotations/val.record \\
      --label_map_path annotations/label_map.pbtxt --output_dir evaluation"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_model_flags(parser)
    parser.add_argument(
        "--input_path", action="append", help="TFRecords to evaluate on, a file or a glob; can be repeated"
    )
    parser.add_argument("--output_dir", required=True, help="where metrics.json goes")
    return parser


def run(args: argparse.Namespace) -> None:
    """Evaluates; prints the table and writes metrics.json."""
    check_model_flags(args)
    config, config_path = read_config(args)
    _name_input(config, args.input_path)
    _require_usable(config, from_checkpoint=bool(args.checkpoint_dir))
    evaluate = _evaluate_checkpoint if args.checkpoint_dir else _evaluate_saved_model
    result, facts = evaluate(config, args)

    from tfod.config.label_map import read_label_map
    from tfod.evaluation.report import METRICS_FILE, print_table, write_metrics

    path = Path(args.output_dir) / METRICS_FILE
    write_metrics(path, result, {"config": str(config_path) if config_path else None, **facts})
    print_table(result, read_label_map(config.eval_input_reader[0].label_map_path).names)
    if result.repeated_ids:
        print(f"pictures with the source id of an earlier one: {result.repeated_ids}; each was counted for itself")
    print(f"{result.images} pictures in {result.seconds:.1f} s; all numbers are in {path}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _name_input(config: "PipelineConfig", input_path: list[str] | None) -> None:
    reader = config.eval_input_reader[0] if config.eval_input_reader else config.eval_input_reader.add()
    if input_path:
        reader.tf_record_input_reader.input_path[:] = input_path
    # Nobody looks at them here, and making them costs time.
    config.eval_config.retain_original_images = False


def _require_usable(config: "PipelineConfig", *, from_checkpoint: bool) -> None:
    """Tells all that is wrong with the config before anything slow begins."""
    from tfod.config.check import check_pipeline, require
    from tfod.config.rules.data import check_evaluation_input

    findings = check_pipeline(config, for_training=False) if from_checkpoint else []
    require([*findings, *check_evaluation_input(config)])


def _evaluate_checkpoint(
    config: "PipelineConfig", args: argparse.Namespace
) -> "tuple[EvaluationResult, dict[str, Any]]":
    from tfod.checkpoints.restore import restore_model
    from tfod.evaluation.evaluate import model_step
    from tfod.models.build import build_model

    model = build_model(config.model)
    prefix, step = restore_model(model, args.checkpoint_dir)
    compute = model_step(model, regularize=config.train_config.add_regularization_loss)
    with _averages_if_asked_for(config, model, prefix):
        result = _evaluate(config, compute, preprocess=model.preprocess.image, num_classes=model.num_classes)
    return result, {"checkpoint": prefix, "step": step}


def _averages_if_asked_for(
    config: "PipelineConfig", model: "DetectionModel", prefix: str
) -> AbstractContextManager[None]:
    """Within it the model has the moving averages of its weights, if eval_config.use_moving_averages is set."""
    import tensorflow as tf

    from tfod.training import optimizers

    optimizer = optimizers.averages_for_evaluation(config, model, tf.Variable(0, dtype=tf.int64))
    if optimizer is None:
        return nullcontext()
    tf.train.Checkpoint(model=model, optimizer=optimizer).restore(prefix).expect_partial()
    return optimizers.averaged_weights(optimizer, model.trainable_variables)


def _evaluate_saved_model(
    config: "PipelineConfig", args: argparse.Namespace
) -> "tuple[EvaluationResult, dict[str, Any]]":
    import tensorflow as tf

    from tfod.config.label_map import read_label_map
    from tfod.evaluation.evaluate import detector_step
    from tfod.inference.detector import Detector, find_saved_model

    detector = Detector.from_saved_model(args.saved_model_dir)
    config.eval_config.batch_size = 1  # what an exported model takes
    num_classes = read_label_map(config.eval_input_reader[0].label_map_path).num_classes
    result = _evaluate(
        config, detector_step(detector), preprocess=lambda image: (image, tf.shape(image)), num_classes=num_classes
    )
    return result, {"saved_model": str(find_saved_model(args.saved_model_dir)), "step": None}


def _evaluate(config: "PipelineConfig", step: Any, **options: Any) -> "EvaluationResult":
    from tfod.config.label_map import read_label_map
    from tfod.config.rules.record_files import count_records
    from tfod.evaluation.evaluate import evaluate_model
    from tfod.evaluation.pascal import pascal_evaluators
    from tfod.input.from_config import evaluation_dataset, naming_corrupt_records
    from tfod.records.files import expand

    reader = config.eval_input_reader[0]
    dataset = evaluation_dataset(reader, config.eval_config, **options)
    records = count_records(expand(list(reader.tf_record_input_reader.input_path)))
    total = -(-records // max(reader.sample_1_of_n_examples, 1))
    categories = read_label_map(reader.label_map_path).names
    pascal = pascal_evaluators(config.eval_config, categories)
    with naming_corrupt_records(reader, for_evaluation=True):
        return evaluate_model(step, dataset, categories, pascal=pascal, total=total)
