"""Writes one page to explore a data set with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.data_source import FORMATS_TEXT, add_source_flags, open_from, tell_remarks

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Writes one page about a data set, for a browser: the questions that one should ask of a data set before
training, each with its answer in numbers, plots and images, and below them every image with its boxes, to look at
and to filter. Everything is in the one file. It is `tfod stats` and `tfod browse` on one page.

{FORMATS_TEXT}"""

_EXAMPLES = """\
  explore_dataset.py photos --output explore.html
  explore_dataset.py photos/train photos/val --output explore.html
  explore_dataset.py annotations/train.record --label_map annotations/label_map.pbtxt --output explore.html"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_source_flags(parser)
    parser.add_argument("-o", "--output", default="explore.html", metavar="FILE", help="the page (explore.html)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    return parser
