"""Finds what is wrong with a data set, and writes a repaired copy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.cli.data_source import FORMATS_TEXT, add_source_flags, open_from

if TYPE_CHECKING:
    from tfod.annotations.source import Sources
    from tfod.config.label_map import LabelMap
    from tfod.doctor.examination import Checks, Report
    from tfod.errors import ConfigError

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Finds what is wrong with a data set before a training does: broken pictures, boxes that cannot be,
classes that are misspelt, pictures that are in two splits, objects that no anchor fits. docs/doctor.md lists the rules.

{FORMATS_TEXT}
Of pictures only the headers are read; --decode and --alike decode them.

--fix writes a copy in the same format with what is surely wrong mended, and every change in OUT/changes.txt. DATA is
never changed.

Exit code 0: no error found (warnings and notes do not count); 1: errors found; 2: the doctor could not run."""

_EXAMPLES = """\
  dataset_doctor.py photos/train photos/val --label_map annotations/label_map.pbtxt
  dataset_doctor.py photos --config workspace/photos/pipeline.config --decode --alike --json report.json
  dataset_doctor.py photos --list train.txt val.txt --alike
  dataset_doctor.py coco/annotations.json --ignore box-fraction picture-gray --fix coco_repaired"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_source_flags(parser)
    parser.add_argument("--list", nargs="+", default=[], metavar="FILE", help="lists of names, each a split of DATA")
    parser.add_argument("--config", metavar="PIPELINE", help="a pipeline config, to judge its anchors")
    parser.add_argument("--min_objects", type=int, default=20, metavar="N", help="a class with fewer is rare (20)")
    parser.add_boolean("decode", default=False, help="decode every picture, to find damaged ones")
    parser.add_boolean("alike", default=False, help="look for pictures that look nearly the same")
    parser.add_argument("--ignore", nargs="+", default=[], metavar="RULE", help="rules that do not count")
    parser.add_argument("--examples", type=int, default=2, metavar="N", help="places shown of each rule (2)")
    parser.add_argument("--json", metavar="FILE", help="also write everything that was found as JSON")
    parser.add_argument("--fix", metavar="OUT", help="write a repaired copy into this new folder")
    parser.add_boolean("overwrite", default=False, help="replace the folder of --fix, with all that is in it")
    return parser


def run(args: argparse.Namespace) -> int:
    """Prints what was found; returns 1 if an error is among it. Raises DataError, ConfigError or OutputError."""
    import json

    from tfod.annotations.dataset_writer import check_output
    from tfod.doctor.report_text import as_dict, count_errors, summary_text
    from tfod.files import write_text

    if args.fix:
        check_output(args.fix, filter(None, (*args.data, args.image_dir)), args.overwrite)
    label_map, fault = _label_map(args.label_map)
    sources = open_from(args, label_map, args.list)
    report = _examined(sources, _checks(args, label_map), fault)
    if args.json:
        write_text(args.json, json.dumps(as_dict(report), indent=1, ensure_ascii=False) + "\n")
    print(summary_text(report, args.examples))
    if args.fix:
        _fix(sources, report, args.fix)
    return 1 if count_errors(report.findings) else 0


def _label_map(path: str | None) -> tuple[LabelMap | None, ConfigError | None]:
    """The label map, or what is wrong with it: that is a finding like others, and the rest is looked at without it."""
    from tfod.config.label_map import read_label_map
    from tfod.errors import ConfigError

    try:
        return (read_label_map(path) if path else None), None
    except ConfigError as error:
        return None, error


def _checks(args: argparse.Namespace, label_map: LabelMap | None) -> Checks:
    from tfod.config.words import nearest
    from tfod.doctor.examination import Checks
    from tfod.doctor.rules.descriptions import RULES
    from tfod.errors import ConfigError

    for rule in args.ignore:
        if rule not in RULES:
            hint = nearest(rule, RULES)
            cure = f"did you mean {hint}?" if hint else "docs/doctor.md lists the rules"
            raise ConfigError(f"there is no rule {rule!r}", "--ignore", cure)
    network = None
    if args.config:
        from tfod.doctor.from_config import read_network

        network = read_network(args.config)
    return Checks(
        label_map, args.label_map or "", network, args.min_objects, args.decode, args.alike, frozenset(args.ignore),
    )  # fmt: skip


def _examined(sources: Sources, checks: Checks, fault: ConfigError | None) -> Report:
    from tfod.doctor.examination import examine
    from tfod.doctor.findings import Finding

    report = examine(sources, checks)
    if fault is not None:
        report.findings.insert(0, Finding("label-map", fault.what, fault.where, cure=fault.cure))
    return report


def _fix(sources: Sources, report: Report, output: str) -> None:
    from tfod.doctor.repair import CHANGES_FILE, write_repaired
    from tfod.progress import Progress

    with Progress("writing", total=sources.total, unit="picture") as progress:
        changes = write_repaired(sources.sources, report.findings, output, progress.advance)
    count = f"{len(changes)} change{'s' * (len(changes) != 1)}"
    print(f"{output}: the repaired copy; {count}, listed in {output}/{CHANGES_FILE}")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
