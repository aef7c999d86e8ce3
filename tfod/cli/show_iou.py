"""Shows how two boxes overlap."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, add_seconds, check_animation, read_subject_from
from tfod.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Box = NDArray[np.float64]

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws two boxes, what they share and what they cover together, with the numbers: intersection, union,
IoU, GIoU and DIoU. An output that ends in .gif, .mp4 or .webp is an animation: one box slides over the other, and the
curves of the three measures grow under it.

The boxes are those of --boxes; of annotations and what a detector found (the detections.json of
visualize_detections.py); or drawn at random (--random). IoU is given as two conventions have it: continuous, where a
box from 0 to 10 is 10 wide, and with pixels counted, where 0 and 10 are the first and the last pixel, 11 in all."""

_EXAMPLES = """\
  show_iou.py
  show_iou.py photo.jpg --boxes 40 60 200 110 55 66 198 114 --output iou.png
  show_iou.py --random --seed 3 --output iou.png iou.gif
  show_iou.py photos/cat.jpg --annotations photos --detections seen/detections.json --output iou.png"""

# xmin, ymin, xmax, ymax of both: their IoU is 0.6728, and 0.6778 with pixels counted.
_EXAMPLE = (20, 20, 80, 60, 8, 22, 78, 66)


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add_image(parser)
    add("--boxes", type=float, nargs=8, metavar="N", help="xmin ymin xmax ymax of the first and of the second box")
    parser.add_boolean("random", default=False, help="two boxes at random that overlap")
    add_annotations(parser)
    add("--detections", metavar="FILE", help="a detections.json, whose boxes are put beside the annotated ones")
    add_seconds(parser, 0.08)
    add("-o", "--output", nargs="+", default=["iou.png", "iou.gif"], metavar="FILE",
        help="images (.png, .jpg) and animations (.gif, .mp4, .webp) to write (iou.png iou.gif)")  # fmt: skip
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes images and animations, and prints the numbers."""
    _check(args)
    from tfod.lessons.animation import is_animation, write_animation, write_image
    from tfod.lessons.overlap import diou, giou, intersection, iou, iou_counting_pixels, union
    from tfod.lessons.overlap_images import SlidingFrames, draw_overlap

    image, (first, second) = _pair(args)
    for output in args.output:
        if is_animation(output):
            frames = SlidingFrames(first, second, image)
            write_animation(output, len(frames), frames, args.seconds)
        else:
            write_image(output, draw_overlap(first, second, image))
    print(f"intersection {float(intersection(first, second)):,.0f}, union {float(union(first, second)):,.0f} pixels")
    print(f"IoU {float(iou(first, second)):.4f}, with pixels counted {float(iou_counting_pixels(first, second)):.4f}")
    print(f"GIoU {float(giou(first, second)):.4f}, DIoU {float(diou(first, second)):.4f}")
    print(", ".join(args.output))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _check(args: argparse.Namespace) -> None:
    from tfod.lessons.animation import is_animation, require_image

    ways = [
        flag
        for flag, given in (("--boxes", args.boxes), ("--random", args.random), ("--annotations", args.data))
        if given
    ]
    if len(ways) > 1:
        raise ConfigError(f"boxes come from {' and '.join(ways)}", "the command line", "give one of them")
    if bool(args.data) != bool(args.detections):
        cure = "give both: one box of the pair is annotated, the other detected"
        raise ConfigError("--annotations and --detections belong together", "the command line", cure)
    for output in args.output:
        check_animation(args, output) if is_animation(output) else require_image(output)
    if args.boxes:
        for name, (xmin, ymin, xmax, ymax) in (("first", args.boxes[:4]), ("second", args.boxes[4:])):
            if not (xmin < xmax and ymin < ymax):
                cure = "give xmin ymin xmax ymax, the smaller ones first"
                raise ConfigError(f"the {name} box has no area", "--boxes", cure)


def _pair(args: argparse.Namespace) -> tuple[NDArray[np.uint8] | None, tuple[Box, Box]]:
    """What the boxes are drawn on, and the two boxes, yxyx in pixels."""
    import numpy as np

    from tfod.inference.images import read_image
    from tfod.lessons.overlap_images import random_boxes

    if args.data:
        return _annotated_and_detected(args)
    image = read_image(args.image) if args.image else None
    if args.random:
        return image, random_boxes(args.seed, *(image.shape[1::-1] if image is not None else ()))
    boxes = np.reshape(args.boxes or _EXAMPLE, (2, 4))[:, [1, 0, 3, 2]].astype(np.float64)
    return image, (boxes[0], boxes[1])


def _annotated_and_detected(args: argparse.Namespace) -> tuple[NDArray[np.uint8], tuple[Box, Box]]:
    """The annotated box and the detection that overlap most of all; the others are printed."""
    from tfod.errors import DataError
    from tfod.lessons.found import read_found
    from tfod.lessons.overlap import iou

    found = read_found(args.detections)
    subject = read_subject_from(args)
    detections = found.of(args.image or subject.name)
    if not detections or not len(subject.boxes):
        what = "no object is annotated" if detections else "nothing was detected"
        raise DataError(f"{what} on the image", f"{subject.name}, {found.path}", "name another image")
    pairs = []
    for name, box in zip(subject.classes, subject.boxes, strict=True):
        best = max(detections, key=lambda one: float(iou(box, one.box)))
        overlap = float(iou(box, best.box))
        print(f"{name}: the detection that overlaps it most is {best.class_name}, {best.score:.0%}: IoU {overlap:.4f}")
        pairs.append((overlap, box, best.box))
    _, first, second = max(pairs, key=lambda pair: pair[0])
    return subject.image, (first, second)


if __name__ == "__main__":
    sys.exit(main())
