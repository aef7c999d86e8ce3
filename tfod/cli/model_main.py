"""The command `model_main.py` of TensorFlow 1, by its flags: trains, or evaluates checkpoints. Today: `tfod train`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.earlier import add_without_effect, hand_over, note_without_effect, refuse_training_data

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """\
Trains a detector, or with --checkpoint_dir evaluates the checkpoints of a folder, by the flags that model_main.py had
in TensorFlow 1, and says which command of today this is.
"""
_EXAMPLES = """\
  python tools/model_main.py --alsologtostderr --pipeline_config_path my.config --model_dir workspace/my_run \\
      --num_train_steps 50000 --sample_1_of_n_eval_examples 1
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run    # today
"""
_WITHOUT_EFFECT = {
    "sample_1_of_n_eval_on_train_examples": "training data are not evaluated",
    "max_eval_retries": "an evaluation that fails ends with a message that says why",
}
# As today's command has them.
_PASSED_ON = ("num_train_steps", "sample_1_of_n_eval_examples", "checkpoint_dir")


def build_parser() -> CommandParser:
    """The flags of TensorFlow 1's model_main.py."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    folder: dict[str, Any] = {"type": Path, "metavar": "FOLDER"}
    add("--pipeline_config_path", required=True, type=Path, metavar="FILE", help="the config")
    add("--model_dir", required=True, **folder, help="where checkpoints and summaries go")
    add("--num_train_steps", metavar="N", help="override train_config.num_steps")
    add("--sample_1_of_n_eval_examples", metavar="N", help="evaluate on every n-th image only")
    add("--checkpoint_dir", **folder, help="do not train, evaluate the checkpoints of this folder as they come")
    parser.add_boolean("run_once", default=False, help="evaluate the newest one and end")
    parser.add_boolean("eval_training_data", default=False, help=argparse.SUPPRESS)
    add_without_effect(parser, _WITHOUT_EFFECT)
    return parser


def run(args: argparse.Namespace) -> int:
    """Trains or evaluates."""
    from tfod.cli import model_main_tf2

    refuse_training_data(args)
    note_without_effect(args, _WITHOUT_EFFECT)
    flags = ["--pipeline_config_path", str(args.pipeline_config_path), "--model_dir", str(args.model_dir)]
    for name in _PASSED_ON:
        if getattr(args, name) is not None:
            flags += [f"--{name}", str(getattr(args, name))]
    return hand_over(model_main_tf2, "train", [*flags, *(["--run_once"] if args.run_once else [])])


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
