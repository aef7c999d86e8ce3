"""Splits pictures and masks into parts that are alike, as lists."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_data_flags, open_data, read_data_file

if TYPE_CHECKING:
    from tfod.segmentation.data import DataSet

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Splits pictures and masks into parts to learn from and to judge by, each with its share of the pairs
and of the pixels of every class. It writes lists, train.txt, val.txt and test.txt, a pair a line; other commands take
them with --pairs and --val_pairs. No picture is moved or copied. The same seed gives the same split."""

_EXAMPLES = """\
  split_masks.py --images photos --masks masks --output_dir annotations/cracks
  split_masks.py --images photos --masks masks --val 0.15 --test 0.15 --seed 1 --output_dir annotations/roads"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_data_flags(parser, records=False)
    add = parser.add_argument
    add("-o", "--output_dir", required=True, metavar="DIR", help="where the lists go")
    add("--val", type=float, default=0.2, metavar="SHARE", help="what part is for validation (default: 0.2)")
    add("--test", type=float, default=0.0, metavar="SHARE", help="what part is for a last test (default: 0)")
    add("--seed", type=int, default=0, help="another seed, another split (default: 0)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the lists and prints the shares reached."""
    from tfod.errors import ConfigError
    from tfod.segmentation.data import split_parts
    from tfod.segmentation.pairs import write_pair_list

    read_data_file(args)
    data = open_data(args.images, args.masks, None, pairs=args.pairs, classes=args.classes, kind=args.mask_kind)
    if data is None:
        raise ConfigError("no data is named", "the command line", "give --images and --masks, or --pairs, or --data")
    if not (0 <= args.val < 1 and 0 <= args.test < 1 and 0 < args.val + args.test < 1):
        cure = "let them be at least 0 and add up to less than 1: the rest is to learn from"
        raise ConfigError(f"the shares are {args.val:g} and {args.test:g}", "--val, --test", cure)
    shares = {"train": 1 - args.val - args.test, "val": args.val, "test": args.test}
    shares = {name: share for name, share in shares.items() if share}
    parts = dict(zip(shares, split_parts(data, tuple(shares.values()), args.seed), strict=True))
    for name, part in parts.items():
        print(write_pair_list(part.pairs, f"{args.output_dir}/{name}.txt"))
    print(_table(data, parts))


def _table(data: DataSet, parts: dict[str, DataSet]) -> str:
    """What share of the pairs and of each class's pixels each part has."""
    lines = [f"{'':24}" + "".join(f"{name:>10}" for name in parts)]
    lines += [f"{'pairs':24}" + "".join(f"{len(part.source):>10}" for part in parts.values())]
    totals = data.class_pixels.sum(axis=0)
    for number, name in enumerate(data.encoding.classes.names):
        if totals[number]:
            shares = (part.class_pixels[:, number].sum() / totals[number] for part in parts.values())
            lines.append(f"{name:24}" + "".join(f"{share:>10.1%}" for share in shares))
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
