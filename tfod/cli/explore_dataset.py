"""Writes one page to explore a data set with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.data_source import FORMATS_TEXT, add_source_flags, open_from, tell_remarks

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Writes one page about a data set, for a browser: the questions that one should ask of a data set
before training, each with its answer in numbers, plots and images, and below them every image with its boxes, to
look at and to filter. Everything is in the one file. It is `tfod stats` and `tfod browse` on one page.

{FORMATS_TEXT}"""

_EXAMPLES = """\
  explore_dataset.py photos --output explore.html
  explore_dataset.py photos/train photos/val --output explore.html
  explore_dataset.py annotations/train.record --label_map annotations/label_map.pbtxt --output explore.html"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_source_flags(parser)
    parser.add_argument("-o", "--output", default="explore.html", metavar="FILE", help="the page (explore.html)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the page; raises DataError, ConfigError or OutputError."""
    import os

    from tfod.config.label_map import read_label_map
    from tfod.lessons.exploration_page import write_exploration

    label_map = read_label_map(args.label_map) if args.label_map else None
    sources = open_from(args, label_map, limit=args.limit)
    tell_remarks(sources.remarks)
    answers = write_exploration(sources, args.output, label_map, args.label_map or "")
    for answer in answers:
        print(f"{answer.question}\n  {answer.said}")
    print(f"\n{args.output}: {len(answers)} questions and all images, {os.path.getsize(args.output) / 1e6:.1f} MB")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
