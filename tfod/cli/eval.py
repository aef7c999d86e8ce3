"""The command `eval.py` of TensorFlow 1, by its flags: evaluates the checkpoints of a run. Today: `tfod train`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.earlier import add_parts, config_path, hand_over, refuse_training_data

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """\
Evaluates the checkpoints of a run as they come, by the flags that eval.py had in TensorFlow 1, and says which command
of today this is.
"""
_EXAMPLES = """\
  python tools/eval.py --logtostderr --pipeline_config_path my.config --checkpoint_dir workspace/my_run \\
      --eval_dir workspace/my_run/eval
  python tools/model_main_tf2.py --pipeline_config_path my.config --checkpoint_dir workspace/my_run \\
      --model_dir workspace/my_run    # today
"""
_PARTS = {"model_config_path": "model", "eval_config_path": "eval_config", "input_config_path": "eval_input_reader"}


def build_parser() -> CommandParser:
    """The flags of TensorFlow 1's eval.py."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    folder: dict[str, Any] = {"required": True, "type": Path, "metavar": "FOLDER"}
    add("--checkpoint_dir", **folder, help="the run's folder, train_dir of train.py")
    add("--eval_dir", **folder, help="where the numbers for TensorBoard go")
    add_parts(parser, _PARTS)
    parser.add_boolean("run_once", default=False, help="evaluate the newest checkpoint and end")
    parser.add_boolean("eval_training_data", default=False, help=argparse.SUPPRESS)
    return parser


def run(args: argparse.Namespace) -> int:
    """Evaluates."""
    from tfod.cli import model_main_tf2

    refuse_training_data(args)
    config = config_path(args, _PARTS, args.eval_dir)
    flags = ["--pipeline_config_path", str(config), "--checkpoint_dir", str(args.checkpoint_dir)]
    flags += ["--model_dir", str(args.eval_dir), *(["--run_once"] if args.run_once else [])]
    return hand_over(model_main_tf2, "train", flags)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
