"""Shows non-max suppression step by step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, add_seconds, check_animation, read_subject_from
from tfod.cli.model_source import add_model_flags

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes an animation of non-max suppression: which box is kept, which others fall and by how much they overlap it.
A table of the steps is printed.

The candidates are a detector's raw detections on the image; or, without a model, boxes drawn around the annotated
objects (--annotations), or around those of a drawn image. What is kept, and in which order, comes from the
suppression that detectors here use."""

_EXAMPLES = """\
  show_nms.py
  show_nms.py --method gaussian --sigma 0.5 --output soft.gif
  show_nms.py photo.jpg --saved_model_dir exported_models/raccoons --output nms.mp4
  show_nms.py photos/cat.jpg --annotations photos --across_classes --output nms.gif"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add_annotations(parser)
    add_model_flags(parser)
    add("--method", choices=("greedy", "linear", "gaussian"), default="greedy",
        help="greedy: what overlaps falls; linear, gaussian: its score is lowered (greedy)")  # fmt: skip
    add("--iou_threshold", type=float, default=0.5, metavar="X", help="greedy, linear: what overlaps more is hit (0.5)")
    add("--sigma", type=float, default=0.5, metavar="X", help="gaussian: scores fall by exp(-IoU² / 2 sigma) (0.5)")
    add("--score_threshold", type=float, default=0.1, metavar="X", help="what scores less is left out (0.1)")
    parser.add_boolean("across_classes", default=False, help="boxes of one class suppress those of others, too")
    add("--candidates", type=int, default=30, metavar="N", help="how many candidates are shown, the best (30)")
    add_seconds(parser, 1.0)
    add("-o", "--output", default="nms.gif", metavar="FILE", help="the animation: .gif, .mp4 or .webp (nms.gif)")
    return parser
