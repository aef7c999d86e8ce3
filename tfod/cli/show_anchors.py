"""Shows the anchors of a pipeline config on an image, level by level."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, read_subject_from

if TYPE_CHECKING:
    from tfod.lessons.from_config import SeenByNetwork

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws the anchors of a pipeline config on an image as the network sees it, one image a feature map:
which of them match which object and at what overlap, and which are ignored. A table says it of every object, and
names those that no anchor matches. Anchors and matches are those that training uses.

The objects are those of --annotations, or those of a drawn image."""

_EXAMPLES = """\
  show_anchors.py --pipeline_config_path workspace/configs/demo.config
  show_anchors.py --pipeline_config_path pipeline.config photos/cat.jpg --annotations photos --output_dir anchors
  show_anchors.py --pipeline_config_path pipeline.config --set model.ssd.matcher.argmax_matcher.matched_threshold=0.7"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add("--pipeline_config_path", required=True, metavar="FILE", help="the config of an SSD")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="overrides the config; can be repeated")
    add_annotations(parser)
    add("-o", "--output_dir", default="anchors", metavar="FOLDER",
        help="where level_1.png and so on, and matches.csv go (anchors)")  # fmt: skip
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes an image a level and the table, and prints it."""
    from tfod.config.pipeline import read_pipeline_config
    from tfod.files import write_text

    config = read_pipeline_config(args.pipeline_config_path, args.set)
    subject = read_subject_from(args)

    from tfod.lessons.anchor_images import draw_level
    from tfod.lessons.animation import write_image
    from tfod.lessons.from_config import see_as_network

    seen = see_as_network(config, args.pipeline_config_path, subject.image, subject.boxes)
    folder = Path(args.output_dir)
    for number in range(len(seen.levels)):
        write_image(folder / f"level_{number + 1}.png", draw_level(seen, subject.classes, number))
    rows = _rows(seen, subject.classes)
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(rows)
    write_text(folder / "matches.csv", table.getvalue())
    _print(seen, rows)
    print(f"{folder}: level_1.png to level_{len(seen.levels)}.png, matches.csv")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _rows(seen: SeenByNetwork, classes: Sequence[str]) -> list[list[str]]:
    """The table: a line an object, its size in the network's pixels, its anchors on each level, the best overlap."""
    from tfod.lessons.anchors import matches_of_objects

    levels = [f"level {number}" for number in range(1, len(seen.levels) + 1)]
    rows = [["object", "class", "width", "height", *levels, "anchors", "best overlap"]]
    for number, (name, box, found) in enumerate(
        zip(classes, seen.boxes, matches_of_objects(seen.levels), strict=True), start=1
    ):
        height, width = box[2:] - box[:2]
        counts = [*found.of_levels, sum(found.of_levels)]
        rows.append(
            [str(number), name, f"{width:.0f}", f"{height:.0f}", *map(str, counts), f"{found.best_overlap:.3f}"]
        )
    return rows


def _print(seen: SeenByNetwork, rows: Sequence[Sequence[str]]) -> None:
    from tfod.boxes.matching import IGNORED

    height, width = seen.image.shape[:2]
    for number, level in enumerate(seen.levels, start=1):
        taken = int((level.matches >= 0).sum())
        print(
            f"level {number}: {level.rows} x {level.columns} cells, {level.per_cell} anchors each: "
            f"{taken} take an object, {level.count(IGNORED)} are ignored"
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.rjust(wide) for cell, wide in zip(row, widths, strict=True)))
    without = [row for row in rows[1:] if row[-2] == "0"]
    low = [row for row in rows[1:] if row[-2] != "0" and float(row[-1]) < seen.matched_overlap]
    if low:
        print(
            f"{len(low)} below the overlap of {seen.matched_overlap:g} that matches: given their best anchor by force"
        )
    if without:
        print(f"{len(without)} that no anchor takes: training never sees them as objects")
    print(f"sizes are in pixels of the network's input, {width} x {height}")


if __name__ == "__main__":
    sys.exit(main())
