"""Draws what a model finds on pictures."""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.inference.detector import Detector

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws what an exported model or a checkpoint finds on pictures.

Writes the pictures with boxes, names and scores to --output_dir, and detections.json with every box."""

_EXAMPLES = """\
  visualize_detections.py --saved_model_dir exported_models/raccoons --output_dir seen photos/
  visualize_detections.py --pipeline_config_path workspace/raccoons/pipeline.config \\
      --checkpoint_dir workspace/raccoons --output_dir seen 'photos/**/*.jpg' more/1.png"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "inputs", nargs="+", metavar="PICTURE", help="files, folders or globs (** for folders)"
    )
    parser.add_argument(
        "--saved_model_dir", help="an exported model: the exporter's folder or its saved_model/"
    )
    parser.add_argument("--pipeline_config_path", help="with --checkpoint_dir: the config of the model")
    parser.add_argument(
        "--checkpoint_dir", help="a run's folder (its latest checkpoint) or one prefix (.../ckpt-3)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="overrides the config"
    )
    parser.add_argument(
        "--label_map_path", help="names of the classes (default: the label map of the config)"
    )
    parser.add_argument("--output_dir", required=True, help="where the drawn pictures and detections.json go")
    parser.add_argument(
        "--min_score", type=float, default=0.5, help="leave out what scores less (default: 0.5)"
    )
    parser.add_argument("--max_boxes", type=int, default=100, help="at most so many a picture (default: 100)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Detects and draws; prints what was found."""
    _check(args)
    from tfod.inference.pictures import find_pictures

    paths = find_pictures(args.inputs)
    class_names = _class_names(args)
    detector = _detector(args)
    from tfod.visualize.detections import DETECTIONS_FILE, visualize_pictures

    output_dir = Path(args.output_dir)
    summary = visualize_pictures(
        detector,
        paths,
        output_dir,
        class_names=class_names,
        min_score=args.min_score,
        max_boxes=args.max_boxes,
    )
    counts = ", ".join(f"{count} {name}" for name, count in summary.objects.most_common()) or "nothing"
    # The median: the first picture waits for TensorFlow to prepare the graph.
    milliseconds = 1000 * statistics.median(summary.seconds)
    print(f"{len(summary.seconds)} pictures, {milliseconds:.0f} ms each; found: {counts}")
    if summary.unreadable:
        print(f"{len(summary.unreadable)} of {len(paths)} pictures could not be read; they are named above")
    print(f"drawn in {output_dir}, boxes in {output_dir / DETECTIONS_FILE}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _check(args: argparse.Namespace) -> None:
    from_checkpoint = bool(args.pipeline_config_path and args.checkpoint_dir)
    if bool(args.saved_model_dir) == from_checkpoint:
        what = "two models are named" if from_checkpoint else "no model is named"
        cure = "give --saved_model_dir, or --pipeline_config_path together with --checkpoint_dir"
        raise ConfigError(what, "the command line", cure)
    if args.max_boxes < 1:
        raise ConfigError("no box could be drawn", "--max_boxes", "give a number of 1 or more")


def _class_names(args: argparse.Namespace) -> dict[int, str]:
    """From --label_map_path, else from the label map that the model's config names, if that file is there."""
    from tfod.config.label_map import read_label_map
    from tfod.config.pipeline import read_pipeline_config

    if args.label_map_path:
        return read_label_map(args.label_map_path).names
    folder = Path(args.saved_model_dir or ".")
    configs = [args.pipeline_config_path, folder / "pipeline.config", folder.parent / "pipeline.config"]
    for config_path in configs if args.saved_model_dir else configs[:1]:
        if config_path and Path(config_path).is_file():
            for reader in read_pipeline_config(config_path, args.set).eval_input_reader:
                if Path(reader.label_map_path).is_file():
                    return read_label_map(reader.label_map_path).names
    print("no label map found: classes are shown by number; --label_map_path names them", file=sys.stderr)
    return {}


def _detector(args: argparse.Namespace) -> "Detector":
    from tfod.config.pipeline import read_pipeline_config
    from tfod.inference.detector import Detector

    if args.saved_model_dir:
        return Detector.from_saved_model(args.saved_model_dir)
    config = read_pipeline_config(args.pipeline_config_path, args.set)
    return Detector.from_checkpoint(config, args.checkpoint_dir)
