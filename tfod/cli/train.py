"""The command `train.py` of TensorFlow 1, by its flags: trains a detector. Today it is `tfod train`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.earlier import add_parts, add_without_effect, config_path, hand_over, note_without_effect

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """\
Trains a detector, by the flags that train.py had in TensorFlow 1, and says which command of today this is.

As there, nothing is evaluated while it trains: eval.py does it, in a second terminal. The command of today does both.
"""
_EXAMPLES = """\
  python tools/train.py --logtostderr --pipeline_config_path my.config --train_dir workspace/my_run
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run    # today
"""
_PARTS = {"model_config_path": "model", "train_config_path": "train_config", "input_config_path": "train_input_reader"}
_GPUS = "all GPUs of this machine train together, without a flag"
_WORKERS = "several machines train together as TF_CONFIG says, with `tfod train --num_workers`"
_WITHOUT_EFFECT = {
    "num_clones": _GPUS,
    "clone_on_cpu": _GPUS,
    "master": _WORKERS,
    "task": _WORKERS,
    "worker_replicas": _WORKERS,
    "ps_tasks": _WORKERS,
}


def build_parser() -> CommandParser:
    """The flags of TensorFlow 1's train.py."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    folder: dict[str, Any] = {"type": Path, "metavar": "FOLDER"}
    parser.add_argument("--train_dir", required=True, **folder, help="where checkpoints and summaries go")
    add_parts(parser, _PARTS)
    add_without_effect(parser, _WITHOUT_EFFECT)
    return parser


def run(args: argparse.Namespace) -> int:
    """Trains."""
    from tfod.cli import model_main_tf2

    note_without_effect(args, _WITHOUT_EFFECT)
    config = config_path(args, _PARTS, args.train_dir)
    flags = ["--pipeline_config_path", str(config), "--model_dir", str(args.train_dir), "--eval_every_n=0"]
    return hand_over(model_main_tf2, "train", flags)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
