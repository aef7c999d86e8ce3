"""Shows one example of TFRecords, as a picture and as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute

if TYPE_CHECKING:
    from rich.table import Table

    from tfod.explore.find_example import FoundExample
    from tfod.visualize.record import ExampleObject

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Shows one example of TFRecord files, whoever wrote them: every feature and every object as tables, and
the picture as training gets it, with its boxes, or tinted by its class mask, in --output.

Records count from 0, through all files; verify_records.py counts within each, as this does if one file is named."""

_EXAMPLES = """\
  inspect_records.py annotations/train.record
  inspect_records.py 'annotations/train.record-*' --name raccoon-17.jpg --output workspace/raccoon-17.png
  inspect_records.py annotations/train.record-00002-of-00010 --record 41"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "records", nargs="+", metavar="RECORDS", help="TFRecord files, folders of them, or patterns as in a config"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-r", "--record", type=_number, default=0, metavar="N", help="its number, from 0 (default: 0)")
    which.add_argument("-n", "--name", help="its picture's file name, with or without its extension")
    parser.add_argument("-l", "--label_map", metavar="FILE", help="names for records that have class numbers only")
    parser.add_argument("-o", "--output", metavar="FILE", help="the picture to write (default: NAME_boxes.png)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Prints the tables and writes the picture; raises DataError, ConfigError or OutputError."""
    from tfod.annotations.pictures import picture_stem
    from tfod.config.label_map import read_label_map
    from tfod.explore.find_example import find_example
    from tfod.records.files import with_folders
    from tfod.terminal import print_table
    from tfod.visualize.record import draw_example, example_objects
    from tfod.visualize.save import save_image

    class_names = read_label_map(args.label_map).names if args.label_map else {}
    found = find_example(with_folders(args.records), args.record, args.name)
    objects = example_objects(found.features, class_names)
    print(f"{found.file}, record {found.record}: {found.size} bytes from byte {found.offset}\n")
    print_table(_feature_table(found))
    if objects:
        print_table(_object_table(found, objects))
    drawn = draw_example(found.features, objects, f"{found.file}, record {found.record}")
    output = args.output or f"{picture_stem(found.name)}_boxes.png"
    save_image(drawn, output)
    print(f"{output}: the picture, drawn")


def _feature_table(found: FoundExample) -> Table:
    from rich.table import Table

    from tfod.explore.find_example import feature_rows

    table = Table("feature", "type", title="Features", title_justify="left")
    table.add_column("values", justify="right")
    table.add_column("first ones", overflow="fold")
    for name, kind, count, text in feature_rows(found.features):
        table.add_row(_plain(name), kind, str(count), _plain(text))
    return table


def _object_table(found: FoundExample, objects: Sequence[ExampleObject]) -> Table:
    from rich.table import Table

    from tfod import names

    width, height = (found.number(key, 1.0) for key in (names.IMAGE_WIDTH, names.IMAGE_HEIGHT))
    table = Table(title=f"Objects, in pixels of {width:.0f} x {height:.0f}", title_justify="left")
    for heading in ("", "id", "xmin", "ymin", "xmax", "ymax", "width", "height"):
        table.add_column(heading, justify="right")
    table.add_column("class", overflow="fold")
    table.add_column("flags")
    for number, item in enumerate(objects, start=1):
        xmin, ymin, xmax, ymax = (side * (width, height)[index % 2] for index, side in enumerate(item.box))
        sides = [f"{value:.1f}" for value in (xmin, ymin, xmax, ymax, xmax - xmin, ymax - ymin)]
        flags = [name for name in ("difficult", "truncated") if getattr(item, name)]
        table.add_row(str(number), str(item.class_id), *sides, _plain(item.name), ", ".join(flags))
    return table


def _plain(text: str) -> str:
    """Text of strangers, without what a terminal, or the table, would obey."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "�" for letter in text))


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
