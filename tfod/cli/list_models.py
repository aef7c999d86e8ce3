"""Lists the models of the zoo."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute

if TYPE_CHECKING:
    from tfod.config.zoo_models import ZooModel

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Lists the models of the TensorFlow 2 Detection Model Zoo.

input     the picture's size: squeezed to 320x320, say; "512 pad": shape kept, longer side 512, padded to a square
mAP       on COCO 2017 val, as published, of boxes / of keypoints or masks
ms        for one picture, as published, which does not say on what hardware
params    trained parameters, in millions
trains    whether this version can train, evaluate and export it; the configs of all can be read and checked

A model may be called by the name that is shown, by its archive's or by its config's. `tfod zoo download MODEL` fetches
it, `tfod config new --model MODEL ...` writes a config that trains it on your data."""

_EXAMPLES = """\
  list_models.py
  list_models.py mobilenet 640
  list_models.py --trainable"""

_HEADINGS = ("model", "input", "mAP", "ms", "params", "trains")


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument("words", nargs="*", metavar="WORD", help="list only models with all these words in their name")
    parser.add_boolean("trainable", default=False, help="list only models that this version can train")
    return parser


def run(args: argparse.Namespace) -> None:
    """Prints the table; raises ConfigError where no model has such a name."""
    from tfod.config.zoo import nearest_names, search_models
    from tfod.errors import ConfigError

    named = search_models(args.words)
    found = [model for model in named if model.trainable or not args.trainable]
    if not named:
        proposed = nearest_names("_".join(args.words))
        cure = f"did you mean {' or '.join(proposed)}?" if proposed else "tfod zoo list shows all"
        raise ConfigError("the zoo has no such model", " ".join(args.words), cure)
    if not found:
        cure = "tfod zoo list --trainable shows those that can"
        raise ConfigError("no such model can be trained here yet", " ".join(args.words), cure)
    _print_table([_row(model) for model in found])
    models = f"{len(found)} model{'s' if len(found) > 1 else ''}"
    print(f"\n{models}, of which {sum(model.trainable for model in found)} can be trained here.")
    print("Next: tfod zoo download MODEL, then tfod config new --model MODEL ...")


def _row(model: "ZooModel") -> tuple[str, ...]:
    box_map = "-" if model.box_map is None else f"{model.box_map:.1f}"
    return (
        model.short_name,
        str(model.input_size),
        box_map if model.other_map is None else f"{box_map} / {model.other_map:.1f}",
        str(model.milliseconds),
        f"{model.million_parameters:.1f}",
        "yes" if model.trainable else "not yet",
    )


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Lines that a terminal may wrap and that other programs can read; on a terminal with what trains standing out."""
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEADINGS, *rows)
    ]
    if not sys.stdout.isatty():
        print("\n".join(lines))
        return
    from tfod.terminal import console

    out = console()
    for line, row in zip(lines, (_HEADINGS, *rows), strict=True):
        style = "bold" if row is _HEADINGS else "dim" if row[-1] == "not yet" else None
        out.print(line, style=style, soft_wrap=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
