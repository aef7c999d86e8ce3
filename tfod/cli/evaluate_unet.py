"""Judges a trained U-Net at original resolution."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_data_flags, add_run_flags, open_data, read_data_file
from tfod.errors import ConfigError
from tfod.files import check_folder

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Judges a trained U-Net on whole pictures at their own resolution, from one confusion matrix.

By default on the pairs that the run validated on. Prints a table; writes metrics.json, report.html (one page that needs
nothing beside it, the worst pictures first) and those pictures to --output_dir."""

_EXAMPLES = """\
  evaluate_unet.py --model_dir workspace/cracks --output_dir workspace/cracks/evaluation
  evaluate_unet.py --model_dir workspace/roads --images test --masks test_masks --output_dir judged"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_run_flags(parser)
    add_data_flags(parser)
    add = parser.add_argument
    add("--output_dir", required=True, metavar="DIR", help="where metrics.json, report.html and pictures go")
    add("--worst", type=int, default=12, help="how many of the worst pictures to show (default: 12)")
    add("--flips", choices=("none", "horizontal", "both"), default="none",
        help="the mean over mirror images is judged; said in the report (default: none)")  # fmt: skip
    add("--tile_size", type=int, default=0, help="judge in tiles of this side (default: only what is very large)")
    parser.add_boolean("boundary", default=True, help="compute boundary F1 too")
    return parser


def run(args: argparse.Namespace) -> None:
    """Evaluates, prints the table, and writes the files."""
    if args.tile_size < 0 or args.worst < 0:
        raise ConfigError("there is no negative number of them", "--tile_size, --worst", "give 0 or more")
    check_folder(args.output_dir)
    read_data_file(args, to_judge=True)

    from tfod.segmentation.data import reopen, saved_encoding
    from tfod.segmentation.evaluate import evaluate_pairs
    from tfod.segmentation.predictor import load_model, predictor_of
    from tfod.segmentation.report import print_table, write_metrics, write_report

    model, settings, prefix = load_model(args.model_dir, args.checkpoint)
    known = settings.validation
    encoding = None if args.mask_kind or args.classes else saved_encoding(known)
    data = open_data(
        args.images, args.masks, args.records, pairs=args.pairs, classes=args.classes, kind=args.mask_kind,
        encoding=encoding,
    ) or reopen(known)  # fmt: skip
    _require_same_classes(data.encoding.classes.names, settings.class_names)
    predictor = predictor_of(model, flips=args.flips, tile_size=args.tile_size)
    classes = settings.classes
    predicted: dict[int, Any] = {}
    result = evaluate_pairs(
        predictor.probabilities, data.source, len(classes.names), boundary=args.boundary, seen=predicted.__setitem__
    )
    shown = {one.number: predicted[one.number] for one in result.worst(args.worst)}
    folder = Path(args.output_dir)
    facts = {"run": args.model_dir, "checkpoint": prefix, "flips": args.flips, "tile_size": args.tile_size}
    write_metrics(folder / "metrics.json", result, classes, facts)
    told = [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if value]
    write_report(folder, result, data.source, shown, classes, run=Path(args.model_dir), facts=told)
    print_table(result, classes)
    print(f"all numbers are in {folder / 'metrics.json'}, pictures in {folder / 'report.html'}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _require_same_classes(found: Sequence[str], expected: Sequence[str]) -> None:
    if tuple(found) != tuple(expected):
        what = f"the data has the classes {', '.join(found)}; the model knows {', '.join(expected)}"
        raise ConfigError(what, "--images, --masks, --classes", "judge on data with the classes of the training")
