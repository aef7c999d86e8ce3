"""What the commands that read a data set in any format share: which data sets, in which format, read how."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser

if TYPE_CHECKING:
    from tfod.annotations.annotated_image import AnnotatedImage, Remark
    from tfod.annotations.format import Reading
    from tfod.annotations.source import Sources
    from tfod.config.label_map import LabelMap

__all__ = [
    "FORMATS_TEXT",
    "FORMAT_NAMES",
    "add_reading_flags",
    "add_source_flags",
    "each_image",
    "open_from",
    "reading_from",
    "tell_remarks",
]

# As in tfod/annotations/catalogue.py, which a quick --help does not import; a test compares the two.
FORMAT_NAMES = ("voc", "coco", "yolo", "csv", "labelme", "cvat", "tfrecord")

_MOST_TOLD = 20  # kinds of remarks

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


def each_image(sources: Sources, *, skip_bad: bool) -> Iterator[tuple[str, AnnotatedImage]]:
    """The images of the data sets, each with its split; what the readers have to tell of them all follows on stderr.

    An image that cannot be used is left out and told or, without `skip_bad`, raised; an entry that belongs to no image
    is told.
    """
    from tfod.annotations.annotated_image import AnnotatedImage, Remark
    from tfod.annotations.format import PassedOverError, StrayError
    from tfod.progress import Progress

    remarks = sources.remarks
    try:
        with Progress("reading", sources.total, "picture") as progress:
            for split, image in sources:
                if isinstance(image, AnnotatedImage):
                    remarks += image.remarks
                    yield split, image
                elif skip_bad or isinstance(image, PassedOverError | StrayError):
                    remarks.append(Remark("", f"left out: {image.what}", image.where))
                else:
                    raise image
                progress.advance()
    finally:
        tell_remarks(remarks)


def tell_remarks(remarks: Iterable[Remark]) -> None:
    """Prints what the readers have to tell to stderr, alike ones as one."""
    from tfod.terminal import shown

    places: dict[str, list[str]] = {}
    for remark in remarks:
        places.setdefault(remark.what, []).append(remark.where)
    for what, (first, *others) in islice(places.items(), _MOST_TOLD):
        more = f", and {len(others)} more" if others else ""
        print(f"note: {shown(first)}{more}: {shown(what)}", file=sys.stderr)
    if len(places) > _MOST_TOLD:
        print(f"note: and {len(places) - _MOST_TOLD} more; tfod doctor tells them all", file=sys.stderr)
