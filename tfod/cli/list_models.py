"""Lists the models of the zoo."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute

if TYPE_CHECKING:
    from tfod.config.zoo_models import ZooModel

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Lists the models of the TensorFlow 2 Detection Model Zoo, and of TensorFlow 1's.

input     the picture's size: squeezed to 320x320, say; "512 pad": shape kept, longer side 512, padded to a square;
          600-1024: shape kept, shorter side 600 unless the longer one would be more than 1024
mAP       as published: TF2's on COCO 2017 val, of boxes / of keypoints or masks; TF1's on a part of COCO 2014's, of
          boxes, or on the data set that is named
ms        for one picture, as published: TF2's without saying on what hardware; TF1's of 600x600 pixels on a GeForce
          GTX TITAN X, or on the phone that is named
params    trained parameters, in millions
trains    whether this version can train, evaluate and export it; the configs of all can be read and checked
archive   the name of its folder, and of its file

A model may be called by the name that is shown, by its archive's or by its config's. `tfod zoo download MODEL` fetches
it, `tfod config new --model MODEL ...` writes a config that trains it on your data. Models whose name says quantized
train in float32, as all others."""

_EXAMPLES = """\
  list_models.py
  list_models.py mobilenet 640
  list_models.py --trainable"""

_HEADINGS = {
    "tf2": ("model", "input", "mAP", "ms", "params", "trains"),
    "tf1": ("model of TensorFlow 1", "input", "mAP", "ms", "trains", "archive"),
}


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
    for era, headings in _HEADINGS.items():
        rows = [(model.trainable, _CELLS[era](model)) for model in found if model.era == era]
        if rows:
            _print_table(headings, rows)
            print()
    models = f"{len(found)} model{'s' if len(found) > 1 else ''}"
    print(f"{models}, of which {sum(model.trainable for model in found)} can be trained here.")
    print("Next: tfod zoo download MODEL, then tfod config new --model MODEL ...")


def _cells_of_tf2(model: "ZooModel") -> tuple[str, ...]:
    box_map = "-" if model.box_map is None else f"{model.box_map:.1f}"
    return (
        model.short_name,
        str(model.input_size),
        box_map if model.other_map is None else f"{box_map} / {model.other_map:.1f}",
        _number(model.milliseconds),
        "-" if model.million_parameters is None else f"{model.million_parameters:.1f}",
        _trains(model),
    )


def _cells_of_tf1(model: "ZooModel") -> tuple[str, ...]:
    box_map = _number(model.box_map)
    return (
        model.short_name,
        str(model.input_size),
        box_map if model.data == "COCO" or model.box_map is None else f"{box_map} {model.data}",
        f"{_number(model.milliseconds)} {model.timed_on}".rstrip(),
        _trains(model),
        model.name,
    )


_CELLS = {"tf2": _cells_of_tf2, "tf1": _cells_of_tf1}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _trains(model: "ZooModel") -> str:
    return "yes" if model.trainable else "no" if model.instead else "not yet"


def _print_table(headings: tuple[str, ...], rows: Sequence[tuple[bool, tuple[str, ...]]]) -> None:
    """Lines that a terminal may wrap and that other programs can read; on a terminal with what trains standing out."""
    cells = [headings, *(row for _, row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    if not sys.stdout.isatty():
        print("\n".join(lines))
        return
    from tfod.terminal import console

    out = console()
    for line, style in zip(lines, ["bold", *(None if trains else "dim" for trains, _ in rows)], strict=True):
        out.print(line, style=style, soft_wrap=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
