"""Shows kinds of segmentation, IoU and Dice in pixels, and what a U-Net sees."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, read_subject_from
from tfod.errors import ConfigError, DataError

if TYPE_CHECKING:
    from tfod.lessons.subject import Subject

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws three images about segmentation, of one image with masks:
  kinds.png    semantic, instance and panoptic segmentation beside each other
  overlap.png  IoU and Dice of a mask and a prediction, counted in pixels
  unet.png     what the mask becomes on a U-Net's way down and up: the size of the features at each level, and how much
               of the image one of their cells sees (the receptive field)

The masks are those of --annotations (COCO, LabelMe, CVAT, YOLO, TFRecord), of a mask file as the U-Net's commands
take them (--mask), or those of a drawn image."""

_EXAMPLES = """\
  show_segmentation.py
  show_segmentation.py photos/cat.jpg --annotations photos/annotations.json --output_dir segmentation
  show_segmentation.py photos/cat.jpg --mask masks/cat.png
  show_segmentation.py --levels 6 --size 512"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add_annotations(parser)
    add("--mask", metavar="FILE", help="the image's mask: class ids, colours or black and white; regions are objects")
    add("--levels", type=int, default=5, metavar="N", help="the U-Net's levels, with the deepest (5)")
    add("--size", type=int, default=256, metavar="N", help="the side of the U-Net's input, in pixels (256)")
    add("-o", "--output_dir", default="segmentation", metavar="FOLDER", help="where the images go (segmentation)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the three images and prints what is on them."""
    _check(args)
    import numpy as np

    from tfod.lessons.animation import write_image
    from tfod.lessons.segmentation import dice, mask_iou, unet_levels
    from tfod.lessons.segmentation_images import draw_kinds, draw_mask_overlap, draw_unet, guess_mask

    subject = _subject(args)
    if not subject.masks.any():
        cure = "name annotations with masks: COCO, LabelMe, CVAT, YOLO's polygons or TFRecords"
        raise DataError("no object of the image has a mask", subject.name, cure)
    truth = max(subject.masks, key=np.count_nonzero)
    prediction = guess_mask(truth)
    folder = Path(args.output_dir)
    write_image(folder / "kinds.png", draw_kinds(subject))
    write_image(folder / "overlap.png", draw_mask_overlap(truth, prediction))
    write_image(folder / "unet.png", draw_unet(subject, args.levels, args.size))
    print(f"{folder}: kinds.png, overlap.png, unet.png")
    overlap, twice = mask_iou(truth, prediction), dice(truth, prediction)
    print(f"a mask and a guess at it, in the image's own pixels: IoU {overlap:.4f}, Dice {twice:.4f}")
    print(f"a U-Net of {args.levels} levels on {args.size} x {args.size} pixels:")
    for number, level in enumerate(unet_levels(args.levels, args.size)):
        print(
            f"  level {number}: features of {level.side} x {level.side}; "
            f"a cell sees {level.seen_down} pixels on the way down, {level.seen_up} on the way up"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _subject(args: argparse.Namespace) -> Subject:
    if not args.mask:
        return read_subject_from(args)
    from tfod.lessons.masked_image import read_masked

    return read_masked(args.image, args.mask)


def _check(args: argparse.Namespace) -> None:
    if not 2 <= args.levels <= 7:
        raise ConfigError(f"a U-Net of {args.levels} levels cannot be shown", "--levels", "give 2 to 7")
    if args.image and not args.data and not args.mask:
        cure = "give --annotations with masks, or --mask"
        raise ConfigError("the masks of this image are not known", args.image, cure)
    if args.mask and (args.data or not args.image):
        cure = "give IMAGE --mask FILE, without --annotations"
        raise ConfigError("--mask says what is on one image", "the command line", cure)
    deepest = 2 ** (args.levels - 1)
    if not deepest <= args.size <= 4096 or args.size % deepest:
        cure = f"give a multiple of {deepest}, up to 4096: each level halves it"
        raise ConfigError(f"{args.size} pixels cannot be halved {args.levels - 1} times", "--size", cure)


if __name__ == "__main__":
    sys.exit(main())
