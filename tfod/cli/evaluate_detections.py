"""Computes the COCO metrics of a checkpoint or an exported model."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.model_source import add_model_flags, check_model_flags, read_config
from tfod.files import check_folder

if TYPE_CHECKING:
    from tfod.config.pipeline import PipelineConfig
    from tfod.evaluation.evaluation import Evaluation

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
    check_folder(args.output_dir)
    config, config_path = read_config(args)
    _name_input(config, args.input_path)
    _require_usable(config, from_checkpoint=bool(args.checkpoint_dir))
    evaluation, facts = (_of_checkpoint if args.checkpoint_dir else _of_saved_model)(config, args)
    result = evaluation.run()

    from tfod.evaluation.report import METRICS_FILE, write_metrics

    path = Path(args.output_dir) / METRICS_FILE
    write_metrics(path, result, {"config": config_path, **facts})
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
    from tfod.input.check_from_config import check_objects

    findings = check_pipeline(config, for_training=False) if from_checkpoint else []
    require([*findings, *check_evaluation_input(config), *check_objects(config, for_training=False)])


def _of_checkpoint(config: "PipelineConfig", args: argparse.Namespace) -> "tuple[Evaluation, dict[str, Any]]":
    from tfod.config.gray import with_gray
    from tfod.evaluation.from_config import evaluation_from_config
    from tfod.models.build import build_model
    from tfod.training.follow import restore_for_evaluation
    from tfod.training.optimizer_from_config import averages_from_config

    config = with_gray(config)
    model = build_model(config.model)
    averages = averages_from_config(config, model.checkpoint_layout().full)
    prefix, step = restore_for_evaluation(model, averages, args.checkpoint_dir)
    return evaluation_from_config(config, model, averages), {"checkpoint": prefix, "step": step}


def _of_saved_model(config: "PipelineConfig", args: argparse.Namespace) -> "tuple[Evaluation, dict[str, Any]]":
    from tfod.evaluation.from_config import evaluation_from_config
    from tfod.inference.detector import Detector
    from tfod.inference.recognition import find_exported_model

    evaluation = evaluation_from_config(config, Detector.from_saved_model(args.saved_model_dir))
    return evaluation, {"saved_model": find_exported_model(args.saved_model_dir), "step": None}
