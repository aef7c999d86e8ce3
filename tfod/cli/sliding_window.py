"""Shows a window that moves over an image."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.lesson_flags import add_image, add_seconds, check_animation, read_subject_from
from tfod.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes an animation of a window that moves over an image in fixed steps: at the left the image with
the window's outline, at the right what is in it. This is how objects were found before detectors: look at every
window, and ask a classifier what is there.

With --score a model is asked: a detector that was exported here, or any SavedModel that classifies images. Each
window shows its score, and the scores leave a heat map. It tells how many windows there are, and what that costs."""

_EXAMPLES = """\
  sliding_window.py photo.jpg
  sliding_window.py photo.jpg --step 50 --window 300 200 --size 1000 750 --seconds 0.1 --output window.mp4
  sliding_window.py photo.jpg --score exported_models/raccoons --output window.gif"""

_MOST_WINDOWS = 40_000
_USUAL_MILLISECONDS = 10.0
_SIZES_AND_SHAPES = 9


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
        help="the class that counts: a detector's id, or a classifier's column from 0 (default: the best)")  # fmt: skip
    add("-o", "--output", default="sliding_window.gif", metavar="FILE",
        help="the animation: .gif, .mp4 or .webp (sliding_window.gif); a heat map is written beside it")  # fmt: skip
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the animation and tells what the windows cost."""
    _check(args)
    from tfod.lessons.animation import write_animation, write_image
    from tfod.lessons.canvas import resized
    from tfod.lessons.sliding_window import count_windows
    from tfod.lessons.window_frames import WindowFrames, draw_heat_map

    image = resized(read_subject_from(args).image, *args.size)
    window = (args.window[0], args.window[1])
    count = count_windows(args.size[0], args.size[1], args.step, window)
    scores, seconds = _scores(args, image, window) if args.score else ([], 0.0)
    frames = WindowFrames(image, args.step, window, scores)
    write_animation(args.output, len(frames), frames, args.seconds)
    print(f"{args.output}: {count:,} windows of {window[0]} x {window[1]} pixels, {args.step} pixels apart")
    if frames.every > 1:
        print(f"  {len(frames)} of them are shown")
    if scores:
        heat = Path(args.output).with_name(f"{Path(args.output).stem}_heat_map.png")
        write_image(heat, draw_heat_map(image, window, frames.scored))
        print(f"{heat}: where the scores are high")
    _tell_cost(count, 1000 * seconds / count if scores else None)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _check(args: argparse.Namespace) -> None:
    from tfod.lessons.sliding_window import count_windows

    check_animation(args, args.output)
    for flag, values in (("--step", [args.step]), ("--window", args.window), ("--size", args.size)):
        if min(values) < 1 or max(values) > 10_000:
            raise ConfigError(f"{flag} has a number that is no size in pixels", flag, "give whole numbers, 1 to 10000")
    if args.class_id is not None and not args.score:
        raise ConfigError("there is no model whose class could count", "--class_id", "give --score MODEL too")
    count = count_windows(args.size[0], args.size[1], args.step, (args.window[0], args.window[1]))
    if not count:
        window, size = (" x ".join(map(str, pair)) for pair in (args.window, args.size))
        raise ConfigError(f"no window of {window} pixels fits into {size}", "--window", "make it smaller than --size")
    if count > _MOST_WINDOWS:
        raise ConfigError(
            f"these are {count:,} windows", "--step", f"make it larger: at most {_MOST_WINDOWS:,} are shown"
        )


def _scores(args: argparse.Namespace, image: NDArray[np.uint8], window: tuple[int, int]) -> tuple[list[float], float]:
    """What the model says of every window, and how many seconds it took."""
    import time

    from tfod.lessons.sliding_window import count_windows, score_windows
    from tfod.lessons.window_score import load_scorer
    from tfod.progress import Progress

    score = load_scorer(args.score, args.class_id)
    score(image[: window[1], : window[0]])  # the first takes longer: TensorFlow prepares the graph
    scores = []
    began = time.perf_counter()
    with Progress("scoring", count_windows(args.size[0], args.size[1], args.step, window), "window") as progress:
        for _, _, value in score_windows(image, args.step, window, score):
            scores.append(value)
            progress.advance()
    return scores, time.perf_counter() - began


def _tell_cost(count: int, milliseconds: float | None) -> None:
    """Why nobody finds objects so any more."""
    each = milliseconds or _USUAL_MILLISECONDS
    said = f"{each:.1f} ms each" if milliseconds else f"a network that takes {each:.0f} ms for each"
    total = count * _SIZES_AND_SHAPES
    print(f"cost: {said}, {count * each / 1000:.1f} s for one size of window;")
    print(
        f"  objects come in many: with {_SIZES_AND_SHAPES} sizes and shapes {total:,} windows, "
        f"{total * each / 1000:.0f} s for one image"
    )


if __name__ == "__main__":
    sys.exit(main())
