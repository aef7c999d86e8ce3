"""What the commands of the lessons share: the image that they show, its annotations, and what they write."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser
from tfod.cli.data_source import add_reading_flags, open_from, tell_remarks
from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.annotations.source import Sources
    from tfod.lessons.subject import Subject

__all__ = ["add_annotations", "add_image", "add_seconds", "check_animation", "open_annotations", "read_subject_from"]


def add_image(parser: CommandParser) -> None:
    """Adds IMAGE, which may be left out, and --seed."""
    parser.add_argument("image", nargs="?", metavar="IMAGE", help="an image file (default: one that is drawn)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which image is drawn, and all chance (0)")


def add_annotations(parser: CommandParser) -> None:
    """Adds --annotations and the flags that say how they are read."""
    parser.add_argument(
        "--annotations", dest="data", nargs="+", metavar="DATA", help="annotations in any format: files or folders"
    )
    add_reading_flags(parser)


def add_seconds(parser: CommandParser, default: float) -> None:
    """Adds --seconds, the time of a frame."""
    parser.add_argument(
        "--seconds", type=float, default=default, metavar="S", help=f"seconds that a frame is shown ({default})"
    )


def open_annotations(args: argparse.Namespace) -> Sources | None:
    """The annotations that were named, or None."""
    from tfod.config.label_map import read_label_map

    if not args.data:
        return None
    sources = open_from(args, read_label_map(args.label_map) if args.label_map else None)
    tell_remarks(sources.remarks)
    return sources


def read_subject_from(args: argparse.Namespace) -> Subject:
    """The image that was named, with its boxes if annotations were named too; else one that is drawn."""
    from tfod.lessons.subject import draw_subject, read_subject

    sources = open_annotations(args) if "data" in args else None
    if args.image or sources:
        return read_subject(args.image, sources)
    return draw_subject(args.seed)


def check_animation(args: argparse.Namespace, output: str) -> None:
    """Raises ConfigError where `output` or --seconds can be no animation's."""
    from tfod.lessons.animation import require_animation

    require_animation(output)
    if not 0.02 <= args.seconds <= 60:
        raise ConfigError(f"a frame cannot be shown for {args.seconds} seconds", "--seconds", "give 0.02 to 60")
