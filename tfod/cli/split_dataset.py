"""Splits a data set so that every class and size has its share in every part."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.data_source import FORMATS_TEXT, add_source_flags, each_image, open_from

if TYPE_CHECKING:
    from tfod.annotations.annotated_image import AnnotatedImage
    from tfod.explore.split import Split

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Splits a data set into parts to learn from and to judge by, so that every class, and its small,
medium and large objects, has its share in every part. It writes lists of pictures' names, train.txt, val.txt and
test.txt, or fold_1_train.txt, fold_1_val.txt, ...; other commands take these with --list. DATA is never
changed or moved; --copy copies pictures and their annotation files into a folder a part.

{FORMATS_TEXT}
Here they are thrown together and split anew."""

_EXAMPLES = """\
  split_dataset.py photos --val 0.2 --output_dir annotations/photos
  split_dataset.py photos --val 0.15 --test 0.15 --group '^(video[0-9]+)_' --output_dir annotations/photos
  split_dataset.py photos --folds 5 --output_dir annotations/folds
  split_dataset.py photos --val 0.2 --output_dir annotations/photos --copy photos_split"""

_SHOWN = 30  # classes


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_source_flags(parser)
    parser.add_argument("-o", "--output_dir", required=True, metavar="FOLDER", help="where the lists go")
    parser.add_argument("--val", type=_share, default=0.2, metavar="SHARE", help="what part is for validation (0.2)")
    parser.add_argument("--test", type=_share, default=0.0, metavar="SHARE", help="what part is for a last test (0)")
    parser.add_argument("--folds", type=int, metavar="K", help="K folds instead: each part is to judge by once")
    parser.add_argument("--group", metavar="REGEX", help="pictures in whose names it finds the same text stay together")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another split (0)")
    parser.add_argument("--copy", metavar="FOLDER", help="also copy pictures and annotations to FOLDER/train, ...")
    parser.add_boolean("overwrite", default=False, help="replace the folder of --copy, with all that is in it")
    return parser


def run(args: argparse.Namespace) -> None:
    """Writes the lists and prints the shares reached; raises DataError or OutputError."""
    from tfod.annotations.dataset_writer import check_output
    from tfod.explore.split import copy_parts, fold_parts, split_pictures, write_lists

    shares = _shares(args)
    if args.copy:
        check_output(args.copy, filter(None, (*args.data, args.image_dir)), args.overwrite)
    split = split_pictures(_pictures(args), shares, seed=args.seed, group=args.group)
    lists = fold_parts(split) if args.folds else {name: split.members(part) for part, name in enumerate(split.names)}
    if args.copy:
        copy_parts(lists, args.copy)
    for path in write_lists(lists, args.output_dir):
        print(path)
    print(_table(split))


def _shares(args: argparse.Namespace) -> Mapping[str, float]:
    from tfod.errors import ConfigError

    if args.folds is not None:
        if args.folds < 2:
            raise ConfigError(f"{args.folds} folds are no split", "--folds", "give at least 2")
        return {f"fold_{number + 1}": 1 / args.folds for number in range(args.folds)}
    if args.val + args.test >= 1:
        cure = "let them add up to less than 1: the rest is to learn from"
        raise ConfigError("nothing is left to learn from", "--val, --test", cure)
    shares = {"train": 1 - args.val - args.test, "val": args.val, "test": args.test}
    return {name: share for name, share in shares.items() if share}


def _pictures(args: argparse.Namespace) -> list[AnnotatedImage]:
    from tfod.annotations.pictures import picture_stem
    from tfod.config.label_map import read_label_map
    from tfod.errors import DataError

    sources = open_from(args, read_label_map(args.label_map) if args.label_map else None)
    pictures: list[AnnotatedImage] = []
    stems: dict[str, str] = {}
    for _, image in each_image(sources, skip_bad=False):
        stem = picture_stem(image.filename)
        if stem in stems:
            what = f"two pictures are called {stem!r}, which a list cannot tell apart"
            raise DataError(what, f"{stems[stem]} and {image.source}", "rename one of them")
        stems[stem] = image.source
        pictures.append(image._replace(encoded=None))
    return pictures


def _table(split: Split) -> str:
    """Wanted and reached shares, in percent; the labels furthest off come first."""
    import numpy as np

    wanted = np.array(split.shares)
    off = np.abs(split.reached - wanted[:, None]).max(axis=0)
    order = sorted(range(len(split.labels)), key=lambda number: (split.labels[number] != "pictures", -off[number]))
    width = max(12, *(len(label) for label in split.labels))
    columns = "".join(f"{name:>10}" for name in split.names)
    lines = [f"{'':{width}}{'all':>8}{columns}", f"{'wanted':{width}}{'':8}" + "".join(f"{s:10.1%}" for s in wanted)]
    for number in order[:_SHOWN]:
        reached = "".join(f"{share:10.1%}" for share in split.reached[:, number])
        lines.append(f"{split.labels[number]:{width}}{split.totals[number]:8d}{reached}")
    if len(order) > _SHOWN:
        lines.append(f"and {len(order) - _SHOWN} more classes, all within {off[order[_SHOWN]]:.1%} of what was wanted")
    return "\n".join(lines)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to 1")
    return share


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
