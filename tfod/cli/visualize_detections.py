"""Draws what a model finds on pictures."""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.model_source import add_model_flags, check_model_flags, read_class_names, read_config
from tfod.errors import ConfigError
from tfod.files import check_folder

if TYPE_CHECKING:
    from tfod.visualize.detected import DrawingResult

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
    add = parser.add_argument
    add("inputs", nargs="+", metavar="PICTURE", help="files, folders or globs ('photos/**/*.jpg')")
    add_model_flags(parser)
    add("--output_dir", required=True, help="where the drawn pictures and detections.json go")
    add("--min_score", type=float, default=0.5, help="leave out what scores less (default: 0.5)")
    add("--max_boxes", type=int, default=100, help="at most so many a picture, the best ones (default: 100)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Detects and draws; prints what was found."""
    check_model_flags(args)
    check_folder(args.output_dir)
    if args.max_boxes < 1:
        raise ConfigError("no box could be drawn", "--max_boxes", "give a number of 1 or more")
    if not 0 <= args.min_score <= 1:
        raise ConfigError(f"no score is compared with {args.min_score}", "--min_score", "give a number from 0 to 1")
    config, _ = read_config(args)
    class_names = read_class_names(config, is_asked_for=bool(args.label_map_path))

    from tfod.inference.images import find_images

    paths = find_images(args.inputs)

    from tfod.inference.detector import Detector
    from tfod.visualize.detected import visualize_pictures

    if args.saved_model_dir:
        detector = Detector.from_saved_model(args.saved_model_dir)
    else:
        detector = Detector.from_checkpoint(config, args.checkpoint_dir)
    options = {"class_names": class_names, "min_score": args.min_score, "max_boxes": args.max_boxes}
    summary = visualize_pictures(detector, paths, Path(args.output_dir), **options)
    _print(summary, Path(args.output_dir))


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _print(summary: "DrawingResult", output_dir: Path) -> None:
    from tfod.visualize.detected import DETECTIONS_FILE

    counts = ", ".join(f"{count} {name}" for name, count in summary.objects.most_common()) or "nothing"
    # The median: the first picture waits for TensorFlow to prepare the graph.
    milliseconds = 1000 * statistics.median(summary.seconds)
    print(f"{len(summary.seconds)} pictures, {milliseconds:.0f} ms each; found: {counts}")
    if summary.unreadable:
        print(f"{len(summary.unreadable)} more could not be read; they are named above and in {DETECTIONS_FILE}")
    print(f"drawn in {output_dir}, boxes in {output_dir / DETECTIONS_FILE}")
