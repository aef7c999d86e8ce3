"""Writes a label map with the classes of annotations, or with names given."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute

if TYPE_CHECKING:
    from tfod.config.label_map import LabelMap

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes a label map: which number stands for which class. Numbers count from 1. Classes found in
annotations are sorted by name, so that the same classes give the same map; names given keep their order.

A map that is there already and says something else is not replaced, because records and trained models mean its
numbers; --overwrite replaces it."""

_EXAMPLES = """\
  create_label_map.py -x images/train images/test -o annotations/label_map.pbtxt
  create_label_map.py --names cat dog "guinea pig" -o annotations/label_map.pbtxt"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("-x", "--xml_dir", nargs="+", metavar="FOLDER", help="folders of Pascal VOC XML files")
    source.add_argument("--names", nargs="+", metavar="NAME", help="the classes instead, in their order")
    parser.add_argument("-o", "--output_path", required=True, help="the label map to write")
    parser.add_boolean("overwrite", default=False, help="replace a map that says something else")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the map and prints it; raises DataError, ConfigError or OutputError."""
    from collections import Counter

    from tfod.annotations.voc import annotation_paths, read_voc
    from tfod.config.label_map import label_map_from_names, write_label_map

    counts: Counter[str] = Counter()
    paths = [path for folder in args.xml_dir or () for path in annotation_paths(folder)]
    for path in paths:
        counts.update(item.class_name for item in read_voc(path).objects)
    if paths and not counts:
        from tfod.errors import DataError

        where, cure = ", ".join(args.xml_dir), "name the folder with the annotated objects, or use --names"
        raise DataError(f"none of the {len(paths)} XML files holds an object", where, cure)
    label_map = label_map_from_names(args.names or sorted(counts))
    _check_earlier(args.output_path, label_map, args.overwrite)
    write_label_map(label_map, args.output_path)
    print(args.output_path)
    for item in label_map.items:
        print(f"{item.id:8d}  {item.name}" + (f"  ({counts[item.name]} objects)" if counts else ""))


def _check_earlier(path: str, label_map: "LabelMap", overwrite: bool) -> None:
    from tfod.config.label_map import read_label_map
    from tfod.errors import ConfigError, OutputError

    if overwrite or not Path(path).is_file():
        return
    try:
        earlier = {item.name: item.id for item in read_label_map(path).items}
    except ConfigError as error:
        what = f"the file is there already and is no label map: {error.what}"
        raise OutputError(what, path, "name another file, or replace it with --overwrite") from error
    new = {item.name: item.id for item in label_map.items}
    if earlier != new:
        differing = sorted(name for name in earlier | new if earlier.get(name) != new.get(name))
        first = ", ".join(f"{name} {earlier.get(name, '-')} -> {new.get(name, '-')}" for name in differing[:5])
        what = f"the label map is there already and {len(differing)} of its classes differ: {first}"
        raise OutputError(what, path, "name another file, or replace it with --overwrite")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
