"""Flags that all exports share: which formats, and what they are compared on."""

import argparse

from tfod.errors import ConfigError
from tfod.export.formats import FORMATS, named_formats

__all__ = ["add_format_flags", "formats_to_write"]


def add_format_flags(parser: argparse.ArgumentParser, *, default: str, count: int) -> None:
    """Adds --formats, which may also be called --format, --verify, --images and --count."""
    add = parser.add_argument
    add("--formats", "--format", default=default, metavar="KIND,...",
        help=f"{', '.join(FORMATS)}; tflite is tflite_float32 (default: {default})")  # fmt: skip
    add("--verify", choices=("on", "off"), default="on",
        help="whether the exports are compared with the trained model (default: on)")  # fmt: skip
    add("--images", nargs="+", metavar="PATH",
        help="images, folders or globs to compare on (default: those of the validation)")  # fmt: skip
    add("--count", type=int, default=count, help=f"how many images to compare on at most (default: {count})")


def formats_to_write(args: argparse.Namespace) -> list[str]:
    """The formats that the flags name; raises ConfigError for unknown ones and for comparing on nothing."""
    if args.count < 1:
        raise ConfigError("nothing would be compared", "--count", "give 1 or more")
    return named_formats(args.formats)
