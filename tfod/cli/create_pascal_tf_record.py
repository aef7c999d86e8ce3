"""Converts a VOCdevkit tree (Annotations, ImageSets/Main, JPEGImages) to TFRecords."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.conversion import BOX_RULE, add_conversion_flags, convert

if TYPE_CHECKING:
    from tfod.annotations.annotated_image import AnnotatedImage
    from tfod.errors import DataError

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Converts a data set laid out as Pascal VOC to TFRecords:

  DATA_DIR/YEAR/Annotations/*.xml  DATA_DIR/YEAR/JPEGImages/*.jpg  DATA_DIR/YEAR/ImageSets/Main/SET.txt

{BOX_RULE}"""

_EXAMPLES = """\
  create_pascal_tf_record.py --data_dir VOCdevkit --year VOC2012 --set train \\
      --label_map_path annotations/label_map.pbtxt --output_path annotations/train.record
  create_pascal_tf_record.py --data_dir data/BCCD --set trainval --num_shards 10 \\
      --label_map_path annotations/label_map.pbtxt --output_path annotations/train.record"""

_MERGED_YEARS = ("VOC2007", "VOC2012")


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "--data_dir", required=True, help="the folder of the years; or one year's own, the one with ImageSets"
    )
    parser.add_argument("--set", default="train", help="train, val, trainval, test or another list (default: train)")
    parser.add_argument("--annotations_dir", default="Annotations", help="(default: Annotations)")
    parser.add_argument(
        "--year",
        default="VOC2007",
        help="VOC2007, VOC2012, merged for both, or another folder of DATA_DIR (default: VOC2007)",
    )
    parser.add_argument("--output_path", required=True, help="the TFRecord file to write")
    parser.add_argument(
        "--label_map_path",
        default="data/pascal_label_map.pbtxt",
        help="(default: data/pascal_label_map.pbtxt)",
    )
    parser.add_boolean("ignore_difficult_instances", default=False, help="leave difficult objects out")
    add_conversion_flags(parser, keep_empty=True)
    return parser


def run(args: argparse.Namespace) -> None:
    """Converts; raises DataError or OutputError."""
    from functools import partial

    from tfod.annotations.voc import read_voc_files, voc_set
    from tfod.records.write import Source

    years = _MERGED_YEARS if args.year == "merged" else (args.year,)
    sets = [voc_set(args.data_dir, year, args.set, args.annotations_dir) for year in years]
    if len(sets) == 1:
        ((paths, pictures),) = sets
        source = Source(paths, partial(read_voc_files, image_dir=pictures))
    else:
        source = Source([(path, pictures) for paths, pictures in sets for path in paths], _read_each)
    convert(
        args,
        source,
        label_map_path=args.label_map_path,
        ignore_difficult=args.ignore_difficult_instances,
    )


def _read_each(items: Iterable[tuple[str, str]]) -> Iterator[AnnotatedImage | DataError]:
    """Reads annotations each of which has a folder of pictures of its own."""
    from tfod.annotations.voc import read_voc_files

    for path, pictures in items:
        yield from read_voc_files([path], pictures)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
