"""Checks every checksum and every example of TFRecords."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Reads every record of TFRecord files, whoever wrote them, and says all that is wrong at once, with
file, record (counted from 0) and feature:

  shards that are missing, sets that are mixed or hold no record; checksums; records that are no tf.Example
  features that are missing, or of another type or length than they should have
  pictures that cannot be decoded, and sizes and formats that are not those of the picture's header
  boxes that are not finite, have no area or reach out of the picture
  classes that are not those of the label map (with --label_map)
  masks that do not fit their picture; file names that come twice
  numbers of records and objects, and checksums, that are not those of the manifest beside the records

No pixel is decoded. Exit code 0: no error (warnings do not count); 1: errors found; 2: it could not run."""

_EXAMPLES = """\
  verify_records.py annotations/train.record
  verify_records.py 'annotations/train.record-*' annotations/val.record --label_map annotations/label_map.pbtxt
  verify_records.py 'train.record-?????-of-00010' --json findings.json"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "records", nargs="+", metavar="RECORDS", help="TFRecord files, folders of them, or patterns as in a config"
    )
    parser.add_argument("-l", "--label_map", metavar="FILE", help="the label map, to compare the classes with")
    parser.add_argument("--examples", type=int, default=5, metavar="N", help="places shown of each kind (default: 5)")
    parser.add_argument("--json", metavar="FILE", help="also write everything that was found as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    """Prints what was found; returns 1 if an error is among it. Raises DataError, ConfigError or OutputError."""
    import json
    import os

    from tfod.config.label_map import read_label_map
    from tfod.doctor.verify import verify
    from tfod.files import write_text
    from tfod.progress import Progress
    from tfod.records.files import matching_files, with_folders

    label_map = read_label_map(args.label_map) if args.label_map else None
    records = with_folders(args.records)
    total = sum(map(os.path.getsize, matching_files(records)))
    with Progress("verifying", total=total, unit="byte") as progress:
        report = verify(records, label_map, progress.advance)
    if args.json:
        write_text(args.json, json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n")
    print(report.text(args.examples))
    return 1 if report.severe else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
