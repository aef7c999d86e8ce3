"""Converts pictures and masks to TFRecords."""

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_data_flags, open_data, read_data_file

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Converts pictures and masks to TFRecords, with image/encoded and image/segmentation/class/encoded (a
PNG of class ids, 255 for void), as the Object Detection API and DeepLab name them. Masks may be in any form that
docs/segmentation.md tells. A picture's bytes are copied; what TensorFlow cannot decode (TIFF, 16 bits in GIF or WebP)
is written as PNG, and so is what EXIF turns.

Output: all or nothing; beside it NAME.manifest.json holds counts and checksums, and NAME.classes.txt the class table,
which the commands find there."""

_EXAMPLES = """\
  masks_to_tfrecord.py --images photos --masks masks --output_path annotations/cracks/train.record
  masks_to_tfrecord.py --pairs train.txt --classes label_colors.txt -o annotations/train.record --num_shards 8"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_data_flags(parser, records=False)
    add = parser.add_argument
    add("-o", "--output_path", required=True, metavar="FILE", help="the TFRecord file to write")
    add("--num_shards", type=int, default=1, help="write this many files OUTPUT-00000-of-00010, ... (default: 1)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Converts; prints how the masks were read and what was written."""
    from tfod.errors import ConfigError
    from tfod.progress import Progress
    from tfod.segmentation.to_records import write_pairs
    from tfod.shards import shard_names

    read_data_file(args)
    data = open_data(args.images, args.masks, None, pairs=args.pairs, classes=args.classes, kind=args.mask_kind)
    if data is None:
        raise ConfigError("no data is named", "the command line", "give --images and --masks, or --pairs, or --data")
    print(data.told)
    with Progress("converting", total=len(data.source), unit="pair") as progress:
        write_pairs(data.pairs, data.encoding, args.output_path, args.num_shards, done=progress.advance)
    paths = shard_names(args.output_path, args.num_shards)
    print(f"{paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}: {len(data.source)} pairs")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
