"""Shows a window that moves over an image."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_image, add_seconds, check_animation, read_subject_from
from tfod.errors import ConfigError

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes an animation of a window that moves over an image in fixed steps: at the left the image with the
window's outline, at the right what is in it. This is how objects were found before detectors: look at every
window, and ask a classifier what is there.

With --score a model is asked: a detector that was exported here, or any SavedModel that classifies images. Each
window shows its score, and the scores leave a heat map. It tells how many windows there are, and what that costs."""

_EXAMPLES = """\
  sliding_window.py photo.jpg
  sliding_window.py photo.jpg --step 50 --window 300 200 --size 1000 750 --seconds 0.1 --output window.mp4
  sliding_window.py photo.jpg --score exported_models/raccoons --output window.gif"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add("--step", type=int, default=200, metavar="N", help="pixels from one window to the next (200)")
    add("--window", type=int, nargs=2, default=(200, 200), metavar=("W", "H"), help="the window, in pixels (200 200)")
    add("--size", type=int, nargs=2, default=(1000, 1000), metavar=("W", "H"),
        help="the size that the image is brought to first (1000 1000)")  # fmt: skip
    add_seconds(parser, 0.2)
    add("--score", metavar="MODEL", help="an exported detector, or a SavedModel that classifies images")
    add("--class_id", type=int, metavar="N",
        help="the class that counts: a detector's id, or a classifier's column from 0 (default: the best of all)")  # fmt: skip
    add("-o", "--output", default="sliding_window.gif", metavar="FILE",
        help="the animation: .gif, .mp4 or .webp (sliding_window.gif); a heat map is written beside it")  # fmt: skip
    return parser
