"""Shows how average precision comes about, detection by detection."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_seconds, check_animation, open_annotations
from tfod.errors import ConfigError, DataError

if TYPE_CHECKING:
    from tfod.lessons.detected_set import DetectedSet

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes an animation of average precision being built up: the detections of a class in descending order
of score, each a true or a false positive with its image, and the curve of precision over recall that grows with
them. At the end the interpolations of VOC 2007 (11 recalls), VOC 2010 (all points) and COCO (101 recalls) are drawn
beside each other. The numbers are those of the evaluator, where no object is marked as difficult or as a crowd.

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


def run(args: argparse.Namespace) -> None:
    """Writes the animation or its last image, and prints the three numbers."""
    _check(args)
    from tfod.lessons.animation import is_animation, write_animation, write_image
    from tfod.lessons.average_precision import INTERPOLATIONS, average_precision, judge, precision_and_recall
    from tfod.lessons.average_precision_frames import PrecisionFrames

    data = _read(args)
    name = _class_of(data, args.class_name)
    truths, found = data.truths_of(name), data.found_of(name)
    judged = judge(found, truths, args.iou_threshold)
    if not judged:
        raise DataError(f"no {name} was detected", args.detections or "the scenes", "name another --class")
    num_objects = data.classes()[name]
    as_voc = judge(found, truths, args.iou_threshold, only_nearest=True)
    precisions = {}
    for how in INTERPOLATIONS:
        correct = [one.correct for one in (judged if how == "coco" else as_voc)]
        precisions[how] = average_precision(*precision_and_recall(correct, num_objects), how)
    frames = PrecisionFrames(
        judged, truths, precisions, class_name=name, iou_threshold=args.iou_threshold, open_image=data.open_image
    )
    if is_animation(args.output):
        write_animation(args.output, len(frames), frames, args.seconds, hold=4.0)
    else:
        write_image(args.output, frames.last())
    true = sum(one.correct for one in judged)
    print(f"{args.output}: {name}, {len(judged)} detections, {true} of {num_objects} objects found")
    for how, value in precisions.items():
        print(f"  AP at IoU {args.iou_threshold:g}, {how:7}: {value:.4f}")
    if sum(one.correct for one in as_voc) != true:
        print("  Pascal VOC judges some detections otherwise: it compares each with the nearest object alone")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _check(args: argparse.Namespace) -> None:
    from tfod.lessons.animation import is_animation, require_image

    check_animation(args, args.output) if is_animation(args.output) else require_image(args.output)
    if bool(args.data) != bool(args.detections):
        cure = "give both: truth is annotated, detections come from a model"
        raise ConfigError("--annotations and --detections belong together", "the command line", cure)
    if not 0 < args.iou_threshold <= 1:
        raise ConfigError(f"{args.iou_threshold} is no overlap", "--iou_threshold", "give more than 0 and at most 1")


def _read(args: argparse.Namespace) -> DetectedSet:
    from tfod.lessons.detected_set import draw_detected_set, read_detected_set
    from tfod.lessons.found import read_found

    sources = open_annotations(args)
    return read_detected_set(sources, read_found(args.detections)) if sources else draw_detected_set(args.seed)


def _class_of(data: DetectedSet, asked: str | None) -> str:
    """The class that was asked for, or the one with most objects."""
    counts = data.classes()
    if asked is not None and asked not in counts:
        raise DataError(f"no object is of class {asked!r}", "--class", f"name one of {', '.join(sorted(counts))}")
    if not counts:
        raise DataError("no object is annotated", "--annotations", "name annotations of images with objects")
    return asked or counts.most_common(1)[0][0]


if __name__ == "__main__":
    sys.exit(main())
