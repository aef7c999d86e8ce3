"""What the commands that write TFRecords share: their flags, the conversion, the summary."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, positive

if TYPE_CHECKING:
    from tfod.records.write import Source

__all__ = ["BOX_RULE", "DEFAULT_SHARD_SIZE", "add_conversion_flags", "add_shard_flags", "convert", "written_files"]

DEFAULT_SHARD_SIZE = "200MB"
_SIZE = re.compile(r"(?P<number>\d{1,18}(\.\d+)?) ?(?P<unit>[KMGT]?)B?")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}

BOX_RULE = """Boxes: corners in the wrong order are swapped; what sticks out of the picture is cut off; boxes
without area, wholly outside or not finite are dropped. All of it is counted, with places, in the summary.
Pictures: the bytes are copied as they are, and their header decides size and format, not the annotation.
TensorFlow ignores EXIF's orientation: such pictures are counted, and where the annotation's size shows that it was
made on the turned picture, its boxes are turned to the stored pixels.
Output: all or nothing; beside it OUTPUT.manifest.json holds counts, checksums and the settings. All cores work; the
bytes do not depend on how many. Interrupted, the same command uses the shards that were done and have not changed."""


def add_conversion_flags(parser: CommandParser, *, keep_empty: bool) -> None:
    """Adds the flags of every conversion; `keep_empty` is the default of the flag of that name."""
    add_shard_flags(parser, "write this many files OUTPUT-00000-of-00010, ... (default: 1)")
    parser.add_argument(
        "--voc_origin",
        choices=("raw", "one_based"),
        default="raw",
        help="box coordinates as they are, as in the original, or counted from 1, so that xmin and ymin are moved"
        " by 1 (default: raw)",
    )
    parser.add_boolean(
        "keep_empty",
        default=keep_empty,
        help=f"write pictures without objects, as background (default: {str(keep_empty).lower()})",
    )
    parser.add_boolean("skip_unknown_classes", default=False, help="leave objects out whose class the label map lacks")
    parser.add_boolean("skip_bad", default=False, help="leave pictures out that, or whose annotations, cannot be used")
    parser.add_argument("--workers", type=positive, metavar="N", help="processes that convert (default: all cores)")
    parser.add_argument(
        "--beam",
        nargs="?",
        const="",
        metavar="OPTIONS",
        help="convert with Apache Beam, each shard on its own; OPTIONS are those of a pipeline, as one text, such as"
        " '--runner=FlinkRunner --flink_master=HOST:8081' (default: this machine)",
    )


def add_shard_flags(parser: CommandParser, num_shards_help: str) -> None:
    """Adds `--num_shards` and `--shard_size`, of which one can be given."""
    shards = parser.add_mutually_exclusive_group()
    shards.add_argument("--num_shards", type=positive, default=1, metavar="N", help=num_shards_help)
    shards.add_argument(
        "--shard_size",
        nargs="?",
        const=DEFAULT_SHARD_SIZE,
        type=_size,
        metavar="SIZE",
        help=f"write as many files as make each about so large, 500MB or 1GB (without a size: {DEFAULT_SHARD_SIZE})",
    )


def convert(args: argparse.Namespace, source: Source, *, label_map_path: str, ignore_difficult: bool = False) -> None:
    """Writes the records of all pictures to `args.output_path` as the flags say, and prints the summary."""
    from tfod.config.label_map import read_label_map
    from tfod.progress import Progress
    from tfod.records.convert import ConversionRules
    from tfod.records.manifest import manifest_path
    from tfod.records.write import write_records

    rules = ConversionRules(
        voc_origin=args.voc_origin,
        keep_empty=args.keep_empty,
        ignore_difficult=ignore_difficult,
        skip_unknown_classes=args.skip_unknown_classes,
        skip_bad=args.skip_bad,
    )
    work = source, args.output_path, read_label_map(label_map_path), args.num_shards, rules
    if args.beam is None:
        progress = Progress("converting", total=len(source.items), unit="picture")
        summary = write_records(*work, shard_size=args.shard_size, workers=args.workers, progress=progress)
    else:
        from tfod.records.beam import write_records_with_beam

        summary = write_records_with_beam(*work, shard_size=args.shard_size, options=shlex.split(args.beam))
    print(f"{written_files(args.output_path)}\n{summary.text()}\nmore in {manifest_path(args.output_path)}")


def written_files(output_path: str) -> str:
    """The files of a set that has been written, as people read them."""
    from tfod.records.manifest import file_entries, manifest_path, read_manifest

    files = file_entries(read_manifest(manifest_path(output_path)) or {"files": []})
    first = os.path.join(os.path.dirname(output_path), files[0].name)
    size = f"{sum(file.bytes for file in files) / 1e6:.1f} MB"
    return f"{first} and {len(files) - 1} more, {size}" if len(files) > 1 else f"{first}, {size}"


def _size(text: str) -> int:
    """Bytes as people write them; ValueError for anything else, and below one byte.

    >>> _size("200MB"), _size("1.5 GB"), _size("4096")
    (200000000, 1500000000, 4096)
    """
    match = _SIZE.fullmatch(text.strip().upper())
    if match is None or (size := int(float(match["number"]) * _UNITS[match["unit"]])) < 1:
        raise ValueError(f"{text!r} is no size; write 200MB or 1GB")
    return size
