"""Segments images and videos with a trained U-Net."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_run_flags
from tfod.cli.written_kinds import read_kinds
from tfod.errors import ConfigError
from tfod.files import check_folder

if TYPE_CHECKING:
    from tfod.segmentation.predict import PredictionResult

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Segments images and videos with a trained U-Net.

--write says what comes of an image: classes, overlays, coco, labelme. `classes` are PNGs whose pixels are class ids,
`overlays` the image in the colours of its classes, `coco` one JSON with polygons, `labelme` one an image.
Large images go in overlapping tiles that are blended smoothly. Of a video there is an overlay; Ctrl-C ends it, and what
is there is written."""

_EXAMPLES = """\
  predict_unet.py --model_dir workspace/cracks --output_dir seen photos/
  predict_unet.py --model_dir workspace/roads --write classes,coco --flips horizontal --output_dir seen 'drive/**/*.png'
  predict_unet.py --saved_model_dir exported_models/roads --output_dir seen drive.mp4"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="images and videos, folders, globs ('photos/**/*.jpg'), "
        "cameras (0, 1, ...), addresses of streams")  # fmt: skip
    add_run_flags(parser, required=False)
    add("--saved_model_dir", metavar="DIR", help="instead of a run what export_unet.py wrote")
    add("--output_dir", required=True, metavar="DIR", help="where everything goes")
    add("--write", default="classes,overlays", metavar="KIND,...", help="(default: classes,overlays)")
    add("--tile_size", type=int, default=0, help="tiles of this side (default: only of what is very large)")
    add("--overlap", type=int, help="pixels seen around each tile (default: as far as the network looks)")
    add("--flips", choices=("none", "horizontal", "both"), default="none", help="the mean over mirror images")
    return parser


def run(args: argparse.Namespace) -> int:
    """Predicts; prints the share of each class."""
    if bool(args.model_dir) == bool(args.saved_model_dir):
        raise ConfigError(
            "one model has to be named", "the command line", "give either --model_dir or --saved_model_dir"
        )
    check_folder(args.output_dir)
    if args.tile_size < 0 or (args.overlap or 0) < 0:
        raise ConfigError("tiles have no negative size", "--tile_size, --overlap", "give 0 or more")

    from tfod.inference.sources import find_sources
    from tfod.segmentation.predict import KINDS, predict

    kinds = read_kinds(args.write, KINDS)

    from tfod.segmentation.predictor import load_predictor

    images, videos = find_sources(args.inputs)
    predictor, table = load_predictor(
        args.model_dir, args.checkpoint, args.saved_model_dir, tile_size=args.tile_size, overlap=args.overlap,
        flips=args.flips,
    )  # fmt: skip
    result = predict(predictor, images, videos, Path(args.output_dir), table, kinds)
    return _print(result, args.output_dir)


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _print(result: "PredictionResult", output_dir: str) -> int:
    """Tells what came of it; gives the exit code."""
    total = max(sum(result.pixels.values()), 1)
    shares = ", ".join(f"{name} {pixels / total:.1%}" for name, pixels in result.pixels.most_common() if pixels)
    passed = f"; {len(result.unreadable)} could not be read, named above" if result.unreadable else ""
    print(f"{result.done}: {shares}{passed}")
    print(f"everything is in {output_dir}")
    return 130 if result.is_interrupted else 0
