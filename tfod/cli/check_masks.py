"""Finds what is wrong with pictures and masks, counts their classes, and shows them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_data_flags, read_data_file

if TYPE_CHECKING:
    from tfod.config.diagnostics import Diagnostic
    from tfod.segmentation.checked_set import CheckedSet

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Tells how the masks of a data set are read and what is in them (pixels and masks of each class), and
finds what is wrong: pictures without masks, unlike sizes, values that no class has, strays near black and white, empty
masks, pictures that are there twice or in two parts, damaged files. docs/segmentation.md lists the rules. Every picture
and mask is decoded once; nothing is changed.

Exit code 0: no error found (warnings and notes do not count); 1: errors found; 2: the check could not run."""

_EXAMPLES = """\
  check_masks.py --images photos --masks masks --sheet sheet.html
  check_masks.py --images train --masks train_masks --val_images val --val_masks val_masks --classes label_colors.txt
  check_masks.py --pairs train.txt --val_pairs val.txt --json findings.json"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_data_flags(parser, records=False)
    add = parser.add_argument
    add("--val_images", metavar="DIR", help="pictures of a second part, which must not share any with the first")
    add("--val_masks", metavar="DIR", help="their masks")
    add("--val_pairs", metavar="FILE", help="or a list of its pairs")
    add("--sheet", metavar="FILE", help="write a contact sheet, picture | mask | overlay: .html or .jpg")
    add("--sheet_pictures", type=int, default=24, metavar="N", help="how many pairs it shows (default: 24)")
    add("--json", metavar="FILE", help="also write everything that was found as JSON")
    add("--examples", type=int, default=3, metavar="N", help="places told of each finding (default: 3)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Tells what was found; returns 1 if an error is among it."""
    import json
    from dataclasses import asdict

    from tfod.config.diagnostics import in_order
    from tfod.files import write_text
    from tfod.segmentation.mask_rules import check_sets, render_grouped

    read_data_file(args)
    parts = _parts(args)
    findings = in_order(check_sets(parts))
    for part in parts:
        print(f"{part.name}: {part.told()}\n")
    print(render_grouped(findings, args.examples) or "nothing found")
    if args.json:
        found = [asdict(finding) for finding in findings]
        write_text(args.json, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if args.sheet:
        _write_sheet(args.sheet, parts, findings, args.sheet_pictures)
        print(f"{args.sheet}: the contact sheet")
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def _parts(args: argparse.Namespace) -> list[CheckedSet]:
    """The parts that the flags name, looked at; the second is read as the first is."""
    from tfod.errors import ConfigError
    from tfod.segmentation.checked_set import look_at
    from tfod.segmentation.data import class_table

    named = [("train", args.images, args.masks, args.pairs), ("val", args.val_images, args.val_masks, args.val_pairs)]
    parts: list[CheckedSet] = []
    for name, images, masks, pairs in named:
        if not (images or masks or pairs):
            continue
        if bool(images) != bool(masks) or bool(images) == bool(pairs):
            cure = "give a folder of pictures and one of masks, or a list of pairs"
            raise ConfigError(f"the data of {name} is named by halves or twice", "the command line", cure)
        if parts:
            parts.append(look_at(name, images, masks, pairs, encoding=parts[0].survey.encoding))
        else:
            table = class_table(args.classes, [folder for folder in (masks, f"{masks}/..", images) if masks])
            parts.append(look_at(name, images, masks, pairs, classes=table, kind=args.mask_kind))
    if not parts:
        raise ConfigError("no data is named", "the command line", "give --images and --masks, or --pairs, or --data")
    return parts


def _write_sheet(path: str, parts: Sequence[CheckedSet], findings: Sequence[Diagnostic], count: int) -> None:
    """Pairs of which something was found come first; those that cannot be drawn are left to the findings."""
    from contextlib import suppress

    from tfod.errors import DataError
    from tfod.segmentation.sheet import choose_rows, write_sheet

    said = " ".join(finding.where for finding in findings if finding.rule != "strays")
    rows = []
    for part in parts:
        source = part.source()
        odd = [number for number, pair in enumerate(part.pairs) if pair.mask in said or pair.picture in said]
        for number in choose_rows(part.survey.class_pixels, odd, max(count // len(parts), 1)):
            with suppress(DataError):
                rows.append((f"{part.name}/{part.pairs[number].name}", *source.read(number)))
    if not rows:
        raise DataError("no pair can be drawn", "the data", "see what was found")
    write_sheet(path, rows, parts[0].survey.classes, "\n\n".join(part.told() for part in parts))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
