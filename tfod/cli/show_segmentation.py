"""Shows kinds of segmentation, IoU and Dice in pixels, and what a U-Net sees."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, read_subject_from

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws three images about segmentation, of one image with masks:
  kinds.png    semantic, instance and panoptic segmentation beside each other
  overlap.png  IoU and Dice of a mask and a prediction, counted in pixels
  unet.png     what the mask becomes on a U-Net's way down and up: the size of the features at each level, and how much
               of the image one of their cells sees (the receptive field)

The masks are those of --annotations (COCO, LabelMe, CVAT, YOLO, TFRecord), or those of a drawn image."""

_EXAMPLES = """\
  show_segmentation.py
  show_segmentation.py photos/cat.jpg --annotations photos/annotations.json --output_dir segmentation
  show_segmentation.py --levels 6 --size 512"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add_annotations(parser)
    add("--levels", type=int, default=5, metavar="N", help="the U-Net's levels, with the deepest (5)")
    add("--size", type=int, default=256, metavar="N", help="the side of the U-Net's input, in pixels (256)")
    add("-o", "--output_dir", default="segmentation", metavar="FOLDER", help="where the images go (segmentation)")
    return parser
