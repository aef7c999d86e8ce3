"""Draws what a model finds on images and videos."""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.model_source import add_model_flags, check_model_flags, read_class_names, read_config
from tfod.cli.written_kinds import read_kinds
from tfod.errors import ConfigError
from tfod.files import check_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from tfod.config.pipeline import PipelineConfig
    from tfod.inference.detections import Detections
    from tfod.inference.detector import Detector
    from tfod.visualize.detected import DrawingResult

__all__ = ["build_parser", "main", "run"]

_SMALLEST_TILE = 32
_DESCRIPTION = """Draws what an exported model or a checkpoint finds on images, in videos, and before cameras.

Writes to --output_dir the images and videos with boxes, names and scores, and detections.json with every box. --write
names what is written: `drawn` images and videos, `json`, `coco` (coco.json), `voc` (an XML for each image or frame),
`csv` (detections.csv), `frames` (each drawn frame of a video as an image), `crops` (what is under each box).
Boxes of frames come with the number of the frame and its time. Ctrl-C ends a video, and what is there is written."""

_EXAMPLES = """\
  visualize_detections.py --saved_model_dir exported_models/raccoons --output_dir seen photos/
  visualize_detections.py --pipeline_config_path workspace/raccoons/pipeline.config \\
      --checkpoint_dir workspace/raccoons --output_dir seen 'photos/**/*.jpg' more/1.png
  visualize_detections.py --saved_model_dir model_int8.tflite --track --write drawn,csv --output_dir seen drive.mp4
  visualize_detections.py --saved_model_dir model_int8.tflite --tile_size 640 --write drawn,crops --output_dir seen sky/
  visualize_detections.py --saved_model_dir model.onnx --write frames,json --output_dir seen 0 rtsp://10.0.0.7/live"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    inputs = "images and videos, folders, globs ('photos/**/*.jpg'), cameras (0, 1, ...), addresses of streams"
    add("inputs", nargs="+", metavar="INPUT", help=inputs)
    add_model_flags(parser, more_formats="; or a .tflite or .onnx file")
    add("--output_dir", required=True, help="where everything goes")
    add("--write", default="drawn,json", metavar="KIND,...", help="drawn, json, coco, voc, csv, frames, crops "
        "(default: drawn,json)")  # fmt: skip
    add("--tile_size", type=int, default=0, metavar="N", help="look at what is larger than N pixels in N x N windows "
        "too, for small objects (default: at the whole only)")  # fmt: skip
    add("--overlap", type=float, default=0.2, metavar="F", help="share of a window that the next one sees too "
        "(default: 0.2)")  # fmt: skip
    parser.add_boolean("track", default=False, help="follow objects through videos: each has a number; needs the extra "
        "[track]")  # fmt: skip
    add("--min_score", type=float, default=0.5, help="leave out what scores less (default: 0.5)")
    add("--max_boxes", type=int, default=100, help="at most so many an image, the best ones (default: 100)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Detects and writes; prints what was found."""
    kinds = _checked(args)
    config, config_path = read_config(args)
    asked_for = read_class_names(config, is_asked_for=True) if args.label_map_path else None

    from tfod.inference.sources import find_sources

    images, videos = find_sources(args.inputs)

    from tfod.visualize.detected import Choice, visualize

    detector = _detector(args, config if config_path else None)
    class_names = _names(args, config, detector) if asked_for is None else asked_for
    choice = Choice(kinds, args.min_score, args.max_boxes, class_names, args.track, args.tile_size or None)
    result = visualize(_detect(args, detector), images, videos, Path(args.output_dir), choice)
    _print(result, Path(args.output_dir), kinds)
    return 130 if result.is_interrupted else 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _checked(args: argparse.Namespace) -> list[str]:
    """What --write names; ConfigError for flags that cannot be."""
    check_model_flags(args)
    check_folder(args.output_dir)
    if args.max_boxes < 1:
        raise ConfigError("no box could be drawn", "--max_boxes", "give a number of 1 or more")
    if not 0 <= args.min_score <= 1:
        raise ConfigError(f"no score is compared with {args.min_score}", "--min_score", "give a number from 0 to 1")
    if args.tile_size and args.tile_size < _SMALLEST_TILE:
        raise ConfigError("windows are too small", "--tile_size", f"give {_SMALLEST_TILE} or more pixels")
    if not 0 <= args.overlap < 1:
        raise ConfigError(f"windows cannot overlap by {args.overlap}", "--overlap", "give a number from 0 to below 1")

    from tfod.inference.tracking import require_tracking
    from tfod.visualize.detected import FILES

    if args.track:
        require_tracking()
    return read_kinds(args.write, FILES)


def _detector(args: argparse.Namespace, config: "PipelineConfig | None") -> "Detector":
    from tfod.inference.detector import Detector

    if args.saved_model_dir:
        return Detector(args.saved_model_dir, pipeline_config=config)
    return Detector.from_checkpoint(config, args.checkpoint_dir)


def _detect(args: argparse.Namespace, detector: "Detector") -> "Callable[[NDArray[np.uint8]], Detections]":
    from tfod.inference.tiled_detector import TiledDetector
    from tfod.inference.tracking import LOWEST_SCORE

    if not args.tile_size:
        return detector.detect
    least = min(args.min_score, LOWEST_SCORE) if args.track else args.min_score
    return TiledDetector(detector.detect_all, args.tile_size, overlap=args.overlap, min_score=least).detect


def _names(args: argparse.Namespace, config: "PipelineConfig", detector: "Detector") -> Mapping[int, str]:
    """Those of a config that is named before those of the model."""
    if detector.class_names and not args.pipeline_config_path:
        return detector.class_names
    return read_class_names(config, is_asked_for=False)


def _print(result: "DrawingResult", output_dir: Path, kinds: Sequence[str]) -> None:
    from tfod.visualize.detected import FILES

    if result.is_interrupted:
        print("interrupted; what was done till then is written", file=sys.stderr)
    if not result.seconds:
        return
    counts = ", ".join(f"{count} {name}" for name, count in result.objects.most_common()) or "nothing"
    # The median: the first image waits for TensorFlow to prepare the graph.
    milliseconds = 1000 * statistics.median(result.seconds)
    print(f"{result.done}, {milliseconds:.0f} ms each; found: {counts}")
    if result.tracks:
        print("followed: " + ", ".join(f"{count} {name}" for name, count in result.tracks.most_common()))
    if result.unreadable:
        print(f"{len(result.unreadable)} more could not be read; they are named above")
    for kind in kinds:
        if (output_dir / FILES[kind]).exists():  # there are no crops of nothing, and no frames of images
            print(f"{kind}: {output_dir / FILES[kind]}")
