"""Converts a folder of photos and Pascal VOC XML files, or a CSV table of boxes, to TFRecords."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.conversion import BOX_RULE, add_conversion_flags, convert

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Converts a folder of Pascal VOC XML files, as LabelImg writes them, and their photos to
TFRecords. Photos are looked for beside the XML, and in JPEGImages or images beside
the XML's folder, or in --image_dir.
Pictures without objects are left out, as in the tutorial's script; --keep_empty writes them as background.

{BOX_RULE}"""

_EXAMPLES = """\
  generate_tfrecord.py -x images/train -l annotations/label_map.pbtxt -o annotations/train.record
  generate_tfrecord.py -x xml -i photos -l annotations/label_map.pbtxt -o annotations/val.record --list val.txt
  generate_tfrecord.py --csv_input train_labels.csv -i photos -l label_map.pbtxt -o train.record --num_shards 10"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("-x", "--xml_dir", help="the folder of the XML files")
    source.add_argument("--csv_input", help="a table instead, with filename,width,height,class,xmin,ymin,xmax,ymax")
    parser.add_argument("-l", "--labels_path", required=True, help="the label map")
    parser.add_argument("-o", "--output_path", required=True, help="the TFRecord file to write")
    parser.add_argument("-i", "--image_dir", help="the folder of the photos, if it is another")
    parser.add_argument("-c", "--csv_path", help="also write the boxes of the XML files as such a table")
    parser.add_argument("--list", metavar="FILE", help="convert only the pictures named in FILE, one name a line")
    add_conversion_flags(parser, keep_empty=False)
    return parser


def run(args: argparse.Namespace) -> None:
    """Converts; raises DataError or OutputError."""
    from contextlib import ExitStack
    from functools import partial

    from tfod.annotations.csv_table import read_csv, writing_csv
    from tfod.annotations.voc import annotation_paths, read_voc_files
    from tfod.records.write import Source

    with ExitStack() as stack:
        if args.csv_input:
            source = Source(read_csv(args.csv_input, args.image_dir, args.list))
        else:
            paths = annotation_paths(args.xml_dir, args.list)
            source = Source(paths, partial(read_voc_files, image_dir=args.image_dir))
        if args.csv_path:
            source = Source(list(stack.enter_context(writing_csv(source.read(source.items), args.csv_path))))
        convert(args, source, label_map_path=args.labels_path)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
