"""Tables and plots of what is in a data set, and anchors that fit it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.data_source import FORMATS_TEXT, add_source_flags, each_image, open_from

if TYPE_CHECKING:
    import pandas as pd

    from tfod.explore.anchor_report import AnchorReport
    from tfod.explore.statistics import Contents

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Tells what is in a data set: objects of each class and in each picture, sizes, aspect ratios, places,
which classes are seen together. Tables are printed and written as CSV; plots are written as one page, statistics.png.

It also finds anchors that fit the objects, by k-means. With --config they are compared with the config's own: how much
of an object its best anchor covers, in pixels of the network's input.

{FORMATS_TEXT}"""

_EXAMPLES = """\
  dataset_stats.py photos --output_dir workspace/photos/statistics
  dataset_stats.py photos/train photos/val --config workspace/photos/pipeline.config --output_dir statistics
  dataset_stats.py annotations/train.record --label_map annotations/label_map.pbtxt --output_dir statistics"""

_SHOWN = 40
_MOST_TOGETHER = 500  # of the commonest classes; for more the table would be larger than the data set


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_source_flags(parser)
    parser.add_argument("-o", "--output_dir", required=True, metavar="FOLDER", help="where tables and plots go")
    parser.add_argument("--config", metavar="PIPELINE", help="a pipeline config, to compare its anchors")
    parser.add_argument("--anchors", type=int, default=9, metavar="K", help="how many shapes k-means looks for (9)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Prints and writes tables and plots; raises DataError, ConfigError or OutputError."""
    from tfod.config.label_map import read_label_map
    from tfod.errors import DataError
    from tfod.explore.anchor_report import compare_anchors
    from tfod.explore.statistics import class_table, cooccurrence, gather, picture_table

    network = None
    if args.config:
        from tfod.doctor.from_config import read_network

        network = read_network(args.config)
    sources = open_from(args, read_label_map(args.label_map) if args.label_map else None)
    contents = gather(each_image(sources, skip_bad=True))
    if contents.objects.empty:
        raise DataError("there is no object with a box that has an area", sources.name, "name annotated pictures")
    classes, pictures = class_table(contents), picture_table(contents)
    anchors = compare_anchors(contents, max(1, args.anchors), network)
    print(pictures.to_string(), _shown(classes), anchors.text(), sep="\n\n")
    tables: dict[str, pd.DataFrame] = {
        "classes": classes,
        "pictures": pictures,
        "together": cooccurrence(contents, list(classes.index[:_MOST_TOGETHER])),
        "objects": contents.objects.set_index("picture"),
    }
    _write(args.output_dir, tables, contents, sources.name, None if network else anchors)


def _shown(classes: pd.DataFrame) -> str:
    text = (
        classes.head(_SHOWN)
        .rename_axis(None)
        .to_string(formatters={"side": "{:.0f}".format, "share": "{:.1%}".format, "ratio": "{:.2f}".format})
    )
    return text if len(classes) <= _SHOWN else f"{text}\nand {len(classes) - _SHOWN} more classes"


def _write(
    folder: str, tables: dict[str, pd.DataFrame], contents: Contents, title: str, anchors: AnchorReport | None
) -> None:
    import os

    from tfod.explore.plots import write_plots
    from tfod.files import replacing

    for name, table in tables.items():
        with replacing(os.path.join(folder, f"{name}.csv")) as temporary:
            table.to_csv(temporary)
    page = os.path.join(folder, "statistics.png")
    write_plots(contents, title, page, anchors.shapes if anchors else None)
    print(f"\n{page}, and {', '.join(f'{name}.csv' for name in tables)} beside it")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
