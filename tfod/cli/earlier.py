"""What the commands of TensorFlow 1 share: each says which command of today it is, and calls it."""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from tfod.cli.command import CommandParser
from tfod.errors import ConfigError

__all__ = [
    "add_parts",
    "add_without_effect",
    "config_path",
    "hand_over",
    "note",
    "note_without_effect",
    "refuse_training_data",
]

_JOINED = "joined.config"


def add_parts(parser: CommandParser, parts: Mapping[str, str]) -> None:
    """Adds --pipeline_config_path, and the flags that name its parts, by flag the field that a part fills."""
    add = parser.add_argument
    add("--pipeline_config_path", type=Path, metavar="FILE", help="the config; or, instead of it, its three parts:")
    for flag, field in parts.items():
        add(f"--{flag}", type=Path, metavar="FILE", help=f"what stands in {field} {{ ... }}")


def config_path(args: argparse.Namespace, parts: Mapping[str, str], folder: Path) -> Path:
    """The config that was named, or one that is written into `folder` from the parts that were."""
    from tfod.files import write_text
    from tfod.stores import read_file

    given = [flag for flag in parts if getattr(args, flag)]
    if args.pipeline_config_path:
        note_without_effect(args, dict.fromkeys(given, "--pipeline_config_path names the whole config"))
        named: Path = args.pipeline_config_path
        return named
    missing = [f"--{flag}" for flag in parts if flag not in given]
    if missing:
        what = f"no config is named: {', '.join(missing if given else ['--pipeline_config_path'])} is missing"
        raise ConfigError(what, "the command line", "give --pipeline_config_path, or the three parts of a config")
    texts = {field: read_file(getattr(args, flag)).decode("utf-8", "replace") for flag, field in parts.items()}
    folder.mkdir(parents=True, exist_ok=True)
    joined = folder / _JOINED
    write_text(joined, "".join(f"{field} {{\n{text}\n}}\n" for field, text in texts.items()))
    note(f"the three parts are one config now: {joined}")
    return joined


def add_without_effect(parser: CommandParser, flags: Mapping[str, str]) -> None:
    """Adds flags that are taken and told of: by name, why they have no effect."""
    for name in flags:
        parser.add_argument(f"--{name}", nargs="?", const="true", metavar="X", help=argparse.SUPPRESS)


def note_without_effect(args: argparse.Namespace, flags: Mapping[str, str]) -> None:
    """Says of each flag that was given why it has no effect."""
    for name, reason in flags.items():
        if getattr(args, name) is not None:
            note(f"--{name} has no effect: {reason}")


def refuse_training_data(args: argparse.Namespace) -> None:
    """Raises ConfigError where --eval_training_data asks for what today's command does not do."""
    if args.eval_training_data:
        cure = "leave it out; tfod evaluate --input_path TRAIN.record gives the numbers of a checkpoint on any records"
        raise ConfigError("checkpoints are evaluated on the eval_input_reader alone", "--eval_training_data", cure)


def note(text: str) -> None:
    """Tells something about the command line."""
    print(f"note: {text}", file=sys.stderr)


def hand_over(today: ModuleType, name: str, arguments: Sequence[str]) -> int:
    """Runs a command of today, module `today` of `tfod.cli` and `name` of tfod; says so first; gives its exit code."""
    print(f"today this is: tfod {name} {shlex.join(arguments)}", file=sys.stderr)
    code: int | None = today.run(today.build_parser().parse_args(list(arguments)))
    return code or 0
