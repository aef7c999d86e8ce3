"""Copies a folder of photos into train and test."""

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Copies a folder of photos, and with -x their Pascal VOC XML files, into two folders, train and test.
Nothing is moved. The choice is random, but the same for the same photos and the same --seed. `tfod split` also
keeps the shares of classes alike and frames of one video together."""

_EXAMPLES = """\
  partition_dataset.py -x -i images -r 0.1
  partition_dataset.py -x -i images -o workspace/images -r 0.2 --seed 7"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "-i",
        "--imageDir",
        "--image_dir",
        dest="image_dir",
        default=".",
        help="the photos (default: here)",
    )
    parser.add_argument(
        "-o", "--outputDir", "--output_dir", dest="output_dir", help="where train and test are made (default: IMAGEDIR)"
    )
    parser.add_argument("-r", "--ratio", type=_share, default=0.1, help="the share of test, 0 to 1 (default: 0.1)")
    parser.add_argument("-x", "--xml", action="store_true", help="copy the XML files too")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives another choice (default: 0)")
    parser.add_boolean("overwrite", default=False, help="replace folders train and test that are there already")
    return parser


def run(args: argparse.Namespace) -> None:
    """Copies and says how many; raises DataError or OutputError."""
    from pathlib import Path

    from tfod.annotations.partition import copy_part, partition_pictures
    from tfod.errors import OutputError
    from tfod.files import contents

    output = Path(args.output_dir or args.image_dir)
    parts = dict(zip(("train", "test"), partition_pictures(args.image_dir, args.ratio, args.seed), strict=True))
    for part in parts:
        place = output / part
        if place.resolve() == Path(args.image_dir).resolve():
            raise OutputError("the output would take the place of the photos", str(place), "name another --outputDir")
        if place.is_dir() and contents(place) and not args.overwrite:
            cure = "name another --outputDir, or replace it with --overwrite"
            raise OutputError("the folder is there already", str(place), cure)
    for part, names in parts.items():
        without = copy_part(args.image_dir, names, output / part, with_xml=args.xml)
        print(f"{output / part}: {len(names)} pictures")
        if without:
            print(f"  {len(without)} of them have no XML file: {', '.join(without[:5])}")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return share


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
