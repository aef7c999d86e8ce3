"""What the commands that write TFRecords share: their flags, the conversion, the summary."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser

if TYPE_CHECKING:
    from tfod.annotations.annotated_image import AnnotatedImage
    from tfod.errors import DataError
    from tfod.progress import Progress

__all__ = ["BOX_RULE", "add_conversion_flags", "convert"]

BOX_RULE = """Boxes: corners in the wrong order are swapped; what sticks out of the picture is cut off; boxes
without area, wholly outside or not finite are dropped. All of it is counted, with places, in the summary.
Pictures: the bytes are copied as they are, and their header decides size and format, not the annotation.
TensorFlow ignores EXIF's orientation: such pictures are counted, and where the annotation's size shows that it was
made on the turned picture, its boxes are turned to the stored pixels.
Output: all or nothing; beside it OUTPUT.summary.json holds the counts and the rules."""


def add_conversion_flags(parser: CommandParser, *, keep_empty: bool) -> None:
    """Adds the flags of every conversion; `keep_empty` is the default of the flag of that name."""
    parser.add_argument(
        "--num_shards", type=int, default=1, help="write this many files OUTPUT-00000-of-00010, ... (default: 1)"
    )
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


def convert(
    args: argparse.Namespace,
    images: Iterable[AnnotatedImage | DataError],
    total: int,
    *,
    label_map_path: str,
    ignore_difficult: bool = False,
) -> None:
    """Writes the records of `total` images to `args.output_path` as the flags say, and prints the summary."""
    from tfod.config.label_map import read_label_map
    from tfod.progress import Progress
    from tfod.records.convert import ConversionRules
    from tfod.records.files import shard_names
    from tfod.records.write import write_records

    rules = ConversionRules(
        voc_origin=args.voc_origin,
        keep_empty=args.keep_empty,
        ignore_difficult=ignore_difficult,
        skip_unknown_classes=args.skip_unknown_classes,
        skip_bad=args.skip_bad,
    )
    label_map = read_label_map(label_map_path)
    with Progress("converting", total=total, unit="picture") as progress:
        summary = write_records(_counted(images, progress), args.output_path, label_map, args.num_shards, rules)
    paths = shard_names(args.output_path, args.num_shards)
    print(f"{paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}\n{summary.text()}")


def _counted(images: Iterable[AnnotatedImage | DataError], progress: Progress) -> Iterator[AnnotatedImage | DataError]:
    for image in images:
        yield image
        progress.advance()
