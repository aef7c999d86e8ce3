"""Shows how two boxes overlap."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, add_seconds

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws two boxes, what they share and what they cover together, with the numbers: intersection, union, IoU,
GIoU and DIoU. An output that ends in .gif, .mp4 or .webp is an animation: one box slides over the other, and the
curves of the three measures grow under it.

The boxes are those of --boxes; of annotations and what a detector found (the detections.json of
visualize_detections.py); or drawn at random (--random). IoU is given as two conventions have it: continuous, where a
box from 0 to 10 is 10 wide, and with pixels counted, where 0 and 10 are the first and the last pixel, 11 in all."""

_EXAMPLES = """\
  show_iou.py
  show_iou.py photo.jpg --boxes 39 63 203 112 54 66 198 114 --output iou.png
  show_iou.py --random --seed 3 --output iou.png iou.gif
  show_iou.py photos/cat.jpg --annotations photos --detections seen/detections.json --output iou.png"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add("--boxes", type=float, nargs=8, metavar="N", help="xmin ymin xmax ymax of the first and of the second box")
    parser.add_boolean("random", default=False, help="two boxes at random that overlap")
    add_annotations(parser)
    add("--detections", metavar="FILE", help="a detections.json; the best of its boxes is put on each annotated one")
    add_seconds(parser, 0.08)
    add("-o", "--output", nargs="+", default=["iou.png", "iou.gif"], metavar="FILE",
        help="images (.png, .jpg) and animations (.gif, .mp4, .webp) to write (iou.png iou.gif)")  # fmt: skip
    return parser
