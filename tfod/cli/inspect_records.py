"""Shows one example of TFRecords, as a picture and as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute, natural

if TYPE_CHECKING:
    from tfod.explore.find_example import FoundExample
    from tfod.visualize.record import ExampleObject

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Shows one example of TFRecord files, whoever wrote them: every feature and every object as tables, and
the picture as training gets it, with boxes, masks and keypoints, or tinted by its class mask, in --output.

Records count from 0, through all files; verify_records.py counts within each, as this does if one file is named."""

_MOST = 500  # objects that are told and drawn

_EXAMPLES = """\
  inspect_records.py annotations/train.record
  inspect_records.py 'annotations/train.record-*' --name raccoon-17.jpg --output workspace/raccoon-17.png
  inspect_records.py annotations/train.record-00002-of-00010 --record 41
  inspect_records.py annotations/train.record --pipeline_config_path workspace/people/pipeline.config"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "records", nargs="+", metavar="RECORDS", help="TFRecord files, folders of them, or patterns as in a config"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-r", "--record", type=natural, default=0, metavar="N", help="its number, from 0 (default: 0)")
    which.add_argument("-n", "--name", help="its picture's file name, with or without its extension")
    parser.add_argument("-l", "--label_map", metavar="FILE", help="names for records that have class numbers only")
    parser.add_argument("--pipeline_config_path", metavar="FILE", help="a config: its label map, and between which "
        "keypoints there are lines (keypoint_edge)")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", help="the picture to write (default: NAME_boxes.png)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Prints the tables and writes the picture; raises DataError, ConfigError or OutputError."""
    from tfod.annotations.pictures import picture_stem
    from tfod.annotations.untrusted import as_file_name
    from tfod.config.label_map import read_label_map
    from tfod.explore.find_example import find_example
    from tfod.records.files import with_folders
    from tfod.visualize.record import draw_example, example_objects
    from tfod.visualize.save import save_image

    class_names, edges = _config_facts(args.pipeline_config_path) if args.pipeline_config_path else ({}, [])
    if args.label_map:
        class_names = read_label_map(args.label_map).names
    found = find_example(with_folders(args.records), args.record, args.name)
    sides = (found.features.get(f"image/object/bbox/{side}", ()) for side in ("xmin", "ymin", "xmax", "ymax"))
    more = min(map(len, sides)) - _MOST
    objects = example_objects(found.features, class_names, _MOST)
    print(f"{found.file}, record {found.record}: {found.size} bytes from byte {found.offset}\n")
    _print_features(found)
    if objects:
        _print_objects(found, objects)
    if more > 0:
        print(f"and {more} more objects, which are not drawn either")
    drawn = draw_example(found.features, objects, f"{found.file}, record {found.record}", edges)
    output = args.output or as_file_name(f"{picture_stem(found.name)}_boxes.png")
    save_image(drawn, output)
    print(f"{output}: the picture, drawn")


def _config_facts(path: str) -> tuple[Mapping[int, str], Sequence[tuple[int, int]]]:
    """The names of classes, and the lines between keypoints, of a config."""
    from tfod.config.keypoints import keypoint_edges
    from tfod.config.pipeline import read_pipeline_config
    from tfod.inference.class_names import names_in_label_map

    config = read_pipeline_config(path)
    return names_in_label_map(config), keypoint_edges(config.eval_config)


def _print_features(found: FoundExample) -> None:
    from tfod.explore.find_example import feature_rows
    from tfod.terminal import print_table

    headings = ("feature", "type", "values", "first ones")
    rows = [[name, kind, str(count), text] for name, kind, count, text in feature_rows(found.features)]
    print_table("Features", headings, rows, texts=("feature", "type", "first ones"))


def _print_objects(found: FoundExample, objects: Sequence[ExampleObject]) -> None:
    from tfod import names
    from tfod.terminal import print_table

    width, height = (found.number(key, 1.0) for key in (names.IMAGE_WIDTH, names.IMAGE_HEIGHT))
    headings = ["", "id", "xmin", "ymin", "xmax", "ymax", "width", "height", "class", "flags"]
    posed = any(item.keypoints for item in objects)
    headings += ["keypoints"] if posed else []
    rows = []
    for number, item in enumerate(objects, start=1):
        xmin, ymin, xmax, ymax = (side * (width, height)[index % 2] for index, side in enumerate(item.box))
        sides = [f"{value:.1f}" for value in (xmin, ymin, xmax, ymax, xmax - xmin, ymax - ymin)]
        flags = [name for name in ("difficult", "truncated") if getattr(item, name)]
        labelled = sum(visibility > 0 for _, _, visibility in item.keypoints)
        points = [f"{labelled} of {len(item.keypoints)}"] if posed else []
        rows.append([str(number), str(item.class_id), *sides, item.name, ", ".join(flags), *points])
    title = f"Objects, in pixels of {width:.0f} x {height:.0f}"
    print_table(title, headings, rows, texts=("class", "flags", "keypoints"))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
