"""Converts annotations from one format to another."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.conversion import add_shard_flags
from tfod.cli.data_source import FORMAT_NAMES, add_reading_flags, reading_from

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Converts annotations from one format to another, and copies the pictures to where the new format
wants them, byte for byte.

  voc       Pascal VOC XML, a file a picture         -> OUTPUT/SUBSET/*.xml beside the pictures
  coco      COCO JSON                                -> OUTPUT/annotations.json, images/
  yolo      YOLO txt with its data.yaml              -> OUTPUT/data.yaml, images/, labels/
  csv       a table: filename,width,height,class,xmin,ymin,xmax,ymax; also read: frame,xmin,xmax,ymin,ymax,class_id
  labelme   LabelMe JSON, a file a picture           -> OUTPUT/SUBSET/*.json beside the pictures
  cvat      CVAT XML for images (reads videos too)   -> OUTPUT/annotations.xml, images/
  tfrecord  TFRecords                                -> OUTPUT/data.record, data.manifest.json, label_map.pbtxt

Subsets (train, val, test) are kept. What the new format cannot say is left out, counted and listed. Boxes stay as
they are, even where they are wrong (`tfod doctor` finds those), but corners in the wrong order are swapped, and boxes
that are not finite are dropped; both are counted. The output appears whole or not at all; the input is never changed.
Names in annotation files, and links, that lead out of the data set's folder are refused."""

_EXAMPLES = """\
  convert_annotations.py photos -o photos_coco --to coco
  convert_annotations.py coco/annotations --image_dir coco/images -o yolo --from coco --to yolo
  convert_annotations.py annotations/train.record -o photos_again --from tfrecord --to voc
  convert_annotations.py labels.csv --image_dir frames --label_map label_map.pbtxt -o records --to tfrecord
  convert_annotations.py coco/annotations -o records --to tfrecord --shard_size 200MB"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument("data", nargs="?", metavar="DATA", help="the folder or the file of the annotations")
    parser.add_argument("-i", "--input", metavar="DATA", help="the same, as a flag")
    parser.add_argument("-o", "--output", required=True, help="the folder to write; it must be new or empty")
    parser.add_argument("--to", dest="target", choices=FORMAT_NAMES, required=True, help="the format of the output")
    add_reading_flags(parser)
    add_shard_flags(parser, "of TFRecords, write this many files SUBSET.record-00000-of-00010, ... (default: 1)")
    parser.add_boolean("copy_pictures", default=True, help="copy the pictures too (default: true)")
    parser.add_boolean("skip_bad", default=False, help="leave out and count what cannot be used")
    parser.add_boolean("overwrite", default=False, help="replace the output's folder, with all that is in it")
    return parser


def run(args: argparse.Namespace) -> None:
    """Converts and prints the summary; raises DataError, ConfigError or OutputError."""
    from tfod.annotations.catalogue import open_dataset
    from tfod.annotations.dataset_writer import check_output, write_dataset
    from tfod.config.label_map import read_label_map
    from tfod.errors import ConfigError
    from tfod.progress import Progress

    if args.target != "tfrecord" and (args.num_shards > 1 or args.shard_size):
        raise ConfigError(
            "only TFRecords have shards", "the command line", "leave the flag out, or write --to tfrecord"
        )
    data = _data(args)
    sources = filter(None, (data, args.image_dir, args.label_map))
    check_output(args.output, sources, args.overwrite)
    reading = reading_from(args, read_label_map(args.label_map) if args.label_map else None)
    source, dataset = open_dataset(data, args.format, reading)
    with Progress("converting", total=dataset.total, unit="picture") as progress:
        summary = write_dataset(
            dataset,
            args.target,
            args.output,
            copy_pictures=args.copy_pictures,
            one_based=reading.one_based,
            num_shards=args.num_shards,
            shard_size=args.shard_size,
            skip_bad=args.skip_bad,
            advance=progress.advance,
        )
    print(f"{args.output}: {source} to {args.target}\n{summary.text()}")


def _data(args: argparse.Namespace) -> str:
    """The data set that was named, by its place or by the flag."""
    from tfod.errors import ConfigError

    named = [path for path in (args.data, args.input) if path is not None]
    if len(named) != 1:
        what = "two data sets are named" if named else "no data set is named"
        raise ConfigError(what, "the command line", "name one folder or file: tfod convert DATA -o OUTPUT --to FORMAT")
    return str(named[0])


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
