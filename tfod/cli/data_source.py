"""What the commands that read a data set in any format share: which data sets, in which format, read how."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser

if TYPE_CHECKING:
    from tfod.annotations.format import Reading
    from tfod.annotations.source import Sources
    from tfod.config.label_map import LabelMap

__all__ = [
    "FORMATS_TEXT",
    "FORMAT_NAMES",
    "add_reading_flags",
    "add_source_flags",
    "open_from",
    "reading_from",
    "tell_remarks",
]

# As in tfod/annotations/catalogue.py, which a quick --help does not import; a test compares the two.
FORMAT_NAMES = ("voc", "coco", "yolo", "csv", "labelme", "cvat", "tfrecord")

FORMATS_TEXT = """DATA is a folder of annotations or a file of them, in any format: Pascal VOC, COCO, YOLO, CSV,
LabelMe, CVAT, TFRecord. Several may be given; they count as splits of one data set, as do its parts train,
val and test."""


def add_source_flags(parser: CommandParser) -> None:
    """Adds DATA and the flags about it."""
    parser.add_argument("data", nargs="+", metavar="DATA", help="folders or files of annotations")
    add_reading_flags(parser)


def add_reading_flags(parser: CommandParser) -> None:
    """Adds the flags that say how annotations are read."""
    parser.add_argument("--from", dest="format", choices=FORMAT_NAMES, help="the annotations' format (default: seen)")
    parser.add_argument("--image_dir", metavar="FOLDER", help="the folder of the pictures, if it is another")
    parser.add_argument("-l", "--label_map", metavar="FILE", help="the label map: names for classes that are numbers")
    parser.add_argument(
        "--voc_origin", choices=("raw", "one_based"), default="raw",
        help="Pascal VOC's coordinates as they are, or counted from 1, when read and when written (default: raw)",
    )  # fmt: skip
    parser.add_boolean("follow_links", default=False, help="follow links that lead out of the data set's folder")


def reading_from(args: argparse.Namespace, label_map: LabelMap | None) -> Reading:
    """How annotations are read, as the flags say."""
    from tfod.annotations.format import Reading

    names = {item.id: item.name for item in label_map.items} if label_map else {}
    return Reading(args.image_dir, args.voc_origin == "one_based", names, args.follow_links)


def open_from(
    args: argparse.Namespace,
    label_map: LabelMap | None = None,
    lists: Sequence[str] = (),
    limit: int | None = None,
) -> Sources:
    """The data sets that the flags name; raises DataError."""
    from tfod.annotations.source import open_sources

    return open_sources(args.data, args.format, reading_from(args, label_map), lists, limit)


def tell_remarks(sources: Sources) -> None:
    """Prints what the readers have to tell, to stderr: annotations without a picture, files passed over."""
    for source in sources.sources:
        for remark in source.dataset.remarks:
            print(f"note: {remark.where}: {remark.what}", file=sys.stderr)
