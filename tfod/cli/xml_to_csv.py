"""Writes the boxes of a folder of Pascal VOC XML files as one CSV table."""

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes the boxes of a folder of Pascal VOC XML files as one CSV table, a line an object, with the
columns filename,width,height,class,xmin,ymin,xmax,ymax. The table appears whole or not at all."""

_EXAMPLES = """\
  xml_to_csv.py -i images/train -o annotations/train_labels.csv
  xml_to_csv.py -i images/train"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "-i", "--inputDir", "--input_dir", dest="input_dir", default=".", help="the folder of the XML (default: here)"
    )
    parser.add_argument(
        "-o", "--outputFile", "--output_file", dest="output_file", help="the table (default: INPUTDIR/labels.csv)"
    )
    parser.add_boolean("skip_bad", default=False, help="leave out and count XML files that cannot be used")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the table and says how much is in it; raises DataError or OutputError."""
    from tfod.annotations.csv_table import writing_csv
    from tfod.annotations.voc import annotation_paths, read_voc_files
    from tfod.errors import DataError

    output = args.output_file or f"{args.input_dir}/labels.csv"
    files = objects = 0
    bad: list[DataError] = []
    with writing_csv(read_voc_files(annotation_paths(args.input_dir)), output) as images:
        for image in images:
            if not isinstance(image, DataError):
                files, objects = files + 1, objects + len(image.objects)
            elif args.skip_bad:
                bad.append(image)
            else:
                raise image
    print(f"{output}: {objects} objects of {files} XML files")
    for error in bad[:5]:
        print(f"  left out: {error.where}: {error.what}")
    if len(bad) > 5:
        print(f"  and {len(bad) - 5} more")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
