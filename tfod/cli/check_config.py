"""Checks a pipeline config before training."""

import argparse
import sys
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Checks a pipeline config before training: the label map against num_classes, missing files,
empty records, objects that would be lost, impossible settings, known traps and fields without effect. It tells
everything at once.

Exit code 0 without errors, 2 with errors (warnings and notes do not count)."""

_EXAMPLES = """\
  check_config.py workspace/my_run/pipeline.config
  check_config.py my.config --set train_config.batch_size=8 --set train_config.num_steps=2000
  check_config.py my.config --json | python -m json.tool"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument("pipeline_config_path", metavar="PIPELINE", help="the pipeline config")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="overrides the config")
    parser.add_argument("--model_dir", help="the folder of the run, to compare with fine_tune_checkpoint")
    parser.add_boolean("json", default=False, help="print the findings as a JSON list")
    return parser


def run(args: argparse.Namespace) -> int:
    """Prints the findings; returns 2 if one of them is an error."""
    import json
    from dataclasses import asdict

    from tfod.config.check import check_file, render
    from tfod.config.era import era_of
    from tfod.input.check_from_config import check_objects

    config, findings = check_file(
        args.pipeline_config_path, args.set, for_training=True, also=check_objects, model_dir=args.model_dir
    )
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print(f"{args.pipeline_config_path}: a config of TensorFlow {era_of(config).removeprefix('tf')}")
        print(render(findings) or "nothing found: it is ready for training")
    return 2 if any(finding.severity == "error" for finding in findings) else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
