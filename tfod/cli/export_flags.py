"""Flags that all exports share: which formats, and what they are compared on."""

import argparse

from tfod.errors import ConfigError
from tfod.export.formats import FORMATS, named_formats

__all__ = ["add_format_flags", "add_side_inputs", "formats_to_write", "refuse_side_inputs"]

_SIDE_INPUTS = ("use_side_inputs", "side_input_shapes", "side_input_types", "side_input_names")


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


def add_side_inputs(parser: argparse.ArgumentParser) -> None:
    """Adds the original's flags for models that take more than images, to be refused by name."""
    for name in _SIDE_INPUTS:
        parser.add_argument(f"--{name}", nargs="?", const="true", metavar="X", help=argparse.SUPPRESS)


def refuse_side_inputs(args: argparse.Namespace) -> None:
    """Raises ConfigError where side inputs are asked for."""
    for name in _SIDE_INPUTS:
        if (getattr(args, name) or "false").lower() != "false":
            what = "models with side inputs (Context R-CNN) are not supported"
            raise ConfigError(what, f"--{name}", "export a model that takes images alone")
