"""Shows how average precision comes about, detection by detection."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_seconds, check_animation

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes an animation of average precision being built up: the detections of a class in descending order of score,
each a true or a false positive with its image, and the curve of precision over recall that grows with them. At the
end the interpolations of VOC 2007 (11 recalls), VOC 2010 (all points) and COCO (101 recalls) are drawn beside each
other. The numbers are those of the evaluator.

Truth comes from --annotations, detections from the detections.json of visualize_detections.py; without them, images
and detections are drawn. An output that ends in .png has only the last image."""

_EXAMPLES = """\
  show_map.py
  show_map.py --annotations photos/val --detections seen/detections.json --class cat --output map.gif
  show_map.py --iou_threshold 0.75 --output map.mp4"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_annotations(parser)
    add("--detections", metavar="FILE", help="a detections.json (make it with --min_score 0.01)")
    add("--class", dest="class_name", metavar="NAME", help="the class (default: the one with most objects)")
    add("--iou_threshold", type=float, default=0.5, metavar="X", help="the overlap that makes a true positive (0.5)")
    add("--seed", type=int, default=0, metavar="N", help="which images and detections are drawn (0)")
    add_seconds(parser, 0.8)
    add("-o", "--output", default="map.gif", metavar="FILE", help=".gif, .mp4, .webp; or .png (map.gif)")
    return parser
