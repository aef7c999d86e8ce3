"""Writes TFRecords again, in another number of files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.conversion import add_shard_flags, written_files

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes the records of TFRecord files again, in another number of files. Nothing is decoded; checksums
are checked on the way. Record i goes to file i mod N; the shards of a set are read in turn, so that the result is
what converting into N files would have given. Several sets are written one after the other.

Output: all or nothing; beside it OUTPUT.manifest.json with counts, checksums, and what the input's manifests say."""

_EXAMPLES = """\
  reshard_records.py 'annotations/train.record-?????-of-00010' -o annotations/all/train.record
  reshard_records.py annotations/train.record -o annotations/sharded/train.record --shard_size 200MB
  reshard_records.py a/train.record b/train.record -o both/train.record --num_shards 8"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "records", nargs="+", metavar="RECORDS", help="TFRecord files, patterns as in a config, or folders"
    )
    parser.add_argument("-o", "--output_path", required=True, help="the TFRecord file to write")
    add_shard_flags(parser, "write this many files OUTPUT-00000-of-00010, ... (default: 1)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the files; raises DataError or OutputError."""
    import os

    from tfod.progress import Progress
    from tfod.records.files import expand, with_folders
    from tfod.records.reshard import reshard

    records = with_folders(args.records)
    total = sum(map(os.path.getsize, expand(records)))
    with Progress("resharding", total=total, unit="byte") as progress:
        written = reshard(
            records, args.output_path, args.num_shards, shard_size=args.shard_size, advance=progress.advance
        )
    print(f"{written_files(args.output_path)}, {sum(file.records for file in written)} records")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
