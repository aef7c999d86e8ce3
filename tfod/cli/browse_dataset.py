"""Writes one page that shows every picture of a data set with its boxes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.data_source import FORMATS_TEXT, add_source_flags, open_from, tell_remarks

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Writes one page that shows every picture of a data set with its boxes, for a browser. It can
be filtered by class, by size, by split, by name, and by what the doctor found (docs/doctor.md), and is moved through
with the arrow keys. Everything is in the one file: it needs no network and can be sent to others.

{FORMATS_TEXT}"""

_EXAMPLES = """\
  browse_dataset.py photos --output workspace/photos/browse.html
  browse_dataset.py photos/train photos/val --label_map annotations/label_map.pbtxt --alike --output browse.html
  browse_dataset.py annotations/train.record --label_map annotations/label_map.pbtxt --output records.html"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_source_flags(parser)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the page to write (.html)")
    parser.add_argument("--thumbnail", type=int, default=224, metavar="N", help="pixels of a thumbnail's side (224)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures")
    parser.add_boolean("alike", default=False, help="also look for pictures that look nearly the same")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the page; raises DataError, ConfigError or OutputError."""
    import os

    from tfod.config.label_map import read_label_map
    from tfod.doctor.examination import Checks, examine
    from tfod.errors import DataError
    from tfod.explore.browse import write_page

    label_map = read_label_map(args.label_map) if args.label_map else None
    sources = open_from(args, label_map, limit=args.limit)
    tell_remarks(sources.remarks)
    report = examine(sources, Checks(label_map, args.label_map or "", alike=args.alike))
    if not report.pictures:
        raise DataError("there is no picture", sources.name, "name annotated pictures")
    side = min(max(args.thumbnail, 32), 1024)
    write_page(sources, report.findings, args.output, side=side)
    print(f"{args.output}: {report.pictures} pictures, {os.path.getsize(args.output) / 1e6:.1f} MB")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
