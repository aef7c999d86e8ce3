"""Shows what augmentation makes of an image of the training set."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute, natural

if TYPE_CHECKING:
    from tfod.config.pipeline import PipelineConfig

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Draws an image of the training set as training would see it: several draws of the config's
data_augmentation_options with boxes, masks and keypoints, each beside what the network sees of it (resized, padded and
normalised, then brought back to colours). One sheet, as PNG or as a page of HTML.

Above each draw is its seed: --seed repeats it, and those after it count on from there."""

_EXAMPLES = """\
  preview_augmentation.py --pipeline_config_path workspace/photos/pipeline.config
  preview_augmentation.py --pipeline_config_path pipeline.config --name scene_0003.jpg --draws 20 -o preview.html
  preview_augmentation.py --pipeline_config_path pipeline.config --record 12 --seed 4711 --draws 1
  preview_augmentation.py --pipeline_config_path pipeline.config --albumentations mine.yaml
  preview_augmentation.py --pipeline_config_path pipeline.config \\
      --set 'train_config.data_augmentation_options[0].random_horizontal_flip.probability=1'"""

_SEEDS = 100_000  # a seed is typed again by hand


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--pipeline_config_path", required=True, metavar="FILE", help="the config")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="override the config; repeatable")
    add("--albumentations", metavar="FILE", default="",
        help="a pipeline of Albumentations (.yaml, .json) instead of the config's steps")  # fmt: skip
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-r", "--record", type=natural, default=0, metavar="N",
                       help="number of the image's record, from 0 through all files (0)")  # fmt: skip
    which.add_argument("-n", "--name", help="or its file name, with or without its extension")
    add("--draws", type=natural, default=8, metavar="N", help="how many draws are shown (8)")
    add("--seed", type=natural, metavar="N", help="of the first draw; the others count on from it (at random)")
    add("-o", "--output", default="augmentation.png", metavar="FILE", help=".png, .jpg or .html (%(default)s)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the sheet and tells the seeds."""
    from tfod.config.pipeline import read_pipeline_config
    from tfod.terminal import shown

    config = read_pipeline_config(args.pipeline_config_path, args.set)

    from tfod.training.preview import preview_augmentation
    from tfod.visualize.augmented import write_augmentation_sheet

    first = secrets.randbelow(_SEEDS) if args.seed is None else args.seed
    seeds = range(first, first + args.draws)
    preview = preview_augmentation(
        config, seeds, record=args.record, name=args.name, albumentations=args.albumentations
    )
    steps = f"the pipeline of Albumentations in {args.albumentations}" if args.albumentations else _steps(config)
    title = f"{preview.name}, seeds {first} to {seeds[-1]}" if args.draws > 1 else f"{preview.name}, seed {first}"
    write_augmentation_sheet(args.output, preview.draws, preview.legend, title, steps)
    whole, *kept = (len(draw.labelled.boxes) for draw in preview.draws)
    print(f"{shown(preview.name)}: {whole} objects; the draws keep {', '.join(map(str, kept)) or 'none'}")
    print(f"{args.output}: seed {first}; --seed {first} --draws {args.draws} shows the same again")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


def _steps(config: "PipelineConfig") -> str:
    return "".join(map(str, config.train_config.data_augmentation_options)) or "none: images stay as they are"


if __name__ == "__main__":
    sys.exit(main())
