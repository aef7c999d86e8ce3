"""Segments pictures and videos with a trained U-Net."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_run_flags
from tfod.errors import ConfigError
from tfod.files import check_folder

__all__ = ["build_parser", "main", "run"]

_KINDS = ("classes", "overlays", "coco", "labelme")
_DESCRIPTION = f"""Segments pictures and videos with a trained U-Net.

--write says what comes of a picture: {", ".join(_KINDS)}. `classes` are PNGs whose pixels are class ids, `overlays`
the picture in the colours of its classes, `coco` one JSON with polygons, `labelme` one a picture.
Large pictures go in overlapping tiles that are blended smoothly. Of a video there is an overlay."""

_EXAMPLES = """\
  predict_unet.py --model_dir workspace/cracks --output_dir seen photos/
  predict_unet.py --model_dir workspace/roads --write classes,coco --flips horizontal --output_dir seen 'drive/**/*.png'
  predict_unet.py --saved_model_dir exported_models/roads --output_dir seen drive.mp4"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="pictures, folders, globs ('photos/**/*.jpg'), videos")
    add_run_flags(parser, required=False)
    add("--saved_model_dir", metavar="DIR", help="instead of a run what export_unet.py wrote")
    add("--output_dir", required=True, metavar="DIR", help="where everything goes")
    add("--write", default="classes,overlays", metavar="KIND,...", help="(default: classes,overlays)")
    add("--tile_size", type=int, default=0, help="tiles of this side (default: only of what is very large)")
    add("--overlap", type=int, help="pixels seen around each tile (default: as far as the network looks)")
    add("--flips", choices=("none", "horizontal", "both"), default="none", help="the mean over mirror images")
    return parser


def run(args: argparse.Namespace) -> None:
    """Predicts; prints the share of each class."""
    kinds = [kind.strip() for kind in args.write.split(",")]
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise ConfigError(f"--write knows no {unknown[0]!r}", "the command line", f"choose from {', '.join(_KINDS)}")
    if bool(args.model_dir) == bool(args.saved_model_dir):
        raise ConfigError(
            "one model has to be named", "the command line", "give either --model_dir or --saved_model_dir"
        )
    check_folder(args.output_dir)
    if args.tile_size < 0 or (args.overlap or 0) < 0:
        raise ConfigError("tiles have no negative size", "--tile_size, --overlap", "give 0 or more")

    from tfod.inference.images import find_images
    from tfod.segmentation.predict import VIDEO_SUFFIXES, predict_pictures, predict_video
    from tfod.segmentation.predictor import load_predictor

    videos = [Path(text) for text in args.inputs if Path(text).suffix.lower() in VIDEO_SUFFIXES]
    inputs = [text for text in args.inputs if Path(text) not in videos]
    paths = find_images(inputs) if inputs else []
    predictor, table = load_predictor(
        args.model_dir, args.checkpoint, args.saved_model_dir, tile_size=args.tile_size, overlap=args.overlap,
        flips=args.flips,
    )  # fmt: skip
    folder = Path(args.output_dir)
    summaries = [predict_pictures(predictor, paths, folder, table, kinds)] if paths else []
    summaries += [predict_video(predictor, video, folder, table) for video in videos]
    for summary in summaries:
        total = max(sum(summary.pixels.values()), 1)
        shares = ", ".join(f"{name} {pixels / total:.1%}" for name, pixels in summary.pixels.most_common() if pixels)
        passed = f"; {len(summary.unreadable)} could not be read, named above" if summary.unreadable else ""
        print(f"{summary.done} pictures or frames: {shares}{passed}")
    print(f"everything is in {folder}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)
