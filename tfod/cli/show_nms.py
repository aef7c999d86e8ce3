"""Shows non-max suppression step by step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_annotations, add_image, add_seconds, check_animation, read_subject_from
from tfod.cli.model_source import add_model_flags, check_model_flags, read_class_names, read_config
from tfod.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tfod.lessons.candidates import Candidates
    from tfod.lessons.suppression import Step

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes an animation of non-max suppression: which box is kept, which others fall and by how much they
overlap it. The steps are printed, too.

The candidates are a detector's raw detections on the image; or, without a model, boxes drawn around the annotated
objects (--annotations), or around those of a drawn image. What is kept, and in which order, comes from the
suppression that detectors here use."""

_EXAMPLES = """\
  show_nms.py
  show_nms.py --method gaussian --sigma 0.5 --output soft.gif
  show_nms.py photo.jpg --saved_model_dir exported_models/raccoons --output nms.mp4
  show_nms.py photos/cat.jpg --annotations photos --across_classes --output nms.gif"""

_TITLES = {
    "greedy": "Greedy suppression above IoU {iou_threshold:g}",
    "linear": "Soft suppression, linear above IoU {iou_threshold:g}",
    "gaussian": "Soft suppression, Gaussian, sigma {sigma:g}",
}


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


def run(args: argparse.Namespace) -> None:
    """Writes the animation and prints the steps."""
    _check(args)
    from tfod.lessons.animation import write_animation
    from tfod.lessons.suppression_frames import SuppressionFrames

    image, candidates = _candidates(args)
    candidates = candidates.best(args.candidates, args.score_threshold)
    if not len(candidates.scores):
        raise DataError("there is no candidate", "--score_threshold", "lower it, or name another image")
    steps = _steps(args, candidates)
    scope = "across classes" if args.across_classes else "class by class"
    frames = SuppressionFrames(image, candidates, steps, f"{_TITLES[args.method].format(**vars(args))}, {scope}")
    write_animation(args.output, len(frames), frames, args.seconds)
    _print(candidates, steps)
    print(f"{args.output}: {len(steps)} of {len(candidates.scores)} boxes are kept")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _check(args: argparse.Namespace) -> None:
    check_animation(args, args.output)
    if _names_a_model(args):
        check_model_flags(args)
    elif args.image and not args.data:
        cure = "name a model (--saved_model_dir) or --annotations, or leave the image out"
        raise ConfigError("nothing is known of this image that could be suppressed", args.image, cure)
    for flag, value, low, high in (
        ("--iou_threshold", args.iou_threshold, 0.0, 1.0),
        ("--score_threshold", args.score_threshold, 0.0, 1.0),
        ("--sigma", args.sigma, 1e-3, 100.0),
    ):
        if not low <= value <= high:
            raise ConfigError(f"{value} is out of range", flag, f"give {low:g} to {high:g}")
    if not 1 <= args.candidates <= 100:
        raise ConfigError(f"{args.candidates} candidates cannot be shown", "--candidates", "give 1 to 100")


def _names_a_model(args: argparse.Namespace) -> bool:
    return bool(args.saved_model_dir or args.checkpoint_dir or args.pipeline_config_path)


def _candidates(args: argparse.Namespace) -> tuple[NDArray[np.uint8], Candidates]:
    """The image, and the detector's raw detections on it or some that are drawn."""
    from tfod.lessons.candidates import drawn_candidates, raw_candidates

    subject = read_subject_from(args)
    if not _names_a_model(args):
        return subject.image, drawn_candidates(subject, args.seed)
    config, _ = read_config(args)

    from tfod.inference.detector import Detector

    if args.saved_model_dir:
        detector = Detector.from_saved_model(args.saved_model_dir)
    else:
        detector = Detector.from_checkpoint(config, args.checkpoint_dir)
    outputs = detector.outputs(subject.image[None])
    names = read_class_names(config, is_asked_for=bool(args.label_map_path))
    height, width = subject.image.shape[:2]
    return subject.image, raw_candidates(outputs, height, width, names)


def _steps(args: argparse.Namespace, candidates: Candidates) -> list[Step]:
    """The steps of the method; what greedy and Gaussian keep comes from the detectors' own suppression."""
    from tfod.lessons.suppression import gaussian, greedy, linear, suppression_steps

    weights = {
        "greedy": greedy(args.iou_threshold),
        "linear": linear(args.iou_threshold),
        "gaussian": gaussian(args.sigma),
    }
    kept = None
    if args.method != "linear":  # the detectors have no linear one
        from tfod.lessons.detector_suppression import kept_by_detectors

        own = {"iou_threshold": args.iou_threshold} if args.method == "greedy" else {"sigma": args.sigma}
        options = {"score_threshold": args.score_threshold, "across_classes": args.across_classes}
        kept = [row for row, _ in kept_by_detectors(candidates, **own, **options)]
    return [
        *suppression_steps(
            candidates.boxes,
            candidates.scores,
            weights[args.method],
            classes=None if args.across_classes else candidates.class_numbers,
            score_threshold=args.score_threshold,
            kept=kept,
        )
    ]


def _print(candidates: Candidates, steps: Sequence[Step]) -> None:
    """A line a step: what is kept, what falls, and how many scores are lowered, with the overlaps."""
    before = candidates.scores
    for number, step in enumerate(steps, start=1):
        fallen = ", ".join(f"{candidates.classes[row]} (IoU {step.overlaps[row]:.2f})" for row in step.fallen)
        lowered = int((step.scores < before).sum()) - len(step.fallen)
        kept = f"{candidates.classes[step.kept]} {step.score:.2f}"
        told = f"; {lowered} lowered" if lowered else ""
        print(f"step {number:2d}: keeps {kept}; falls: {fallen or 'none'}{told}")
        before = step.scores


if __name__ == "__main__":
    sys.exit(main())
