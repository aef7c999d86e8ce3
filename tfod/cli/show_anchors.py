"""Shows the anchors of a pipeline config on an image, level by level."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, read_subject_from

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws the anchors of a pipeline config on an image as the network sees it, one image a feature map: which of them
match which object and at what overlap, and which are ignored. A table says it of every object, and names those
that no anchor matches. Anchors and matches are those that training uses.

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
