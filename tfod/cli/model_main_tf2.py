"""The command `model_main_tf2.py`: trains a detector, or evaluates its checkpoints."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute, natural, positive

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """\
Trains the detector that a pipeline.config describes. Started again with the same --model_dir, it goes on from the
newest checkpoint there. With --checkpoint_dir it evaluates the checkpoints of that folder instead.
"""
_EXAMPLES = """\
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run \\
      --set train_config.batch_size=4 --set 'train_config { optimizer { momentum_optimizer { learning_rate {
      constant_learning_rate { learning_rate: 0.01 } } } } }'
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run \\
      --max_minutes 60 --early_stopping 5     # at most an hour, and no longer than it gets better
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run \\
      --albumentations mine.yaml    # augment with a pipeline of Albumentations
  python tools/model_main_tf2.py --pipeline_config_path my.config --model_dir workspace/my_run \\
      --checkpoint_dir workspace/my_run --run_once       # evaluate the newest checkpoint
  tensorboard --logdir workspace/my_run                  # watch it
"""
_WITHOUT_EFFECT = {
    "eval_on_train_data": "nor has it one in the original",
    "sample_1_of_n_eval_on_train_examples": "nor has it one in the original",
    "tpu_name": "TPUs are not supported",
}


def build_parser() -> CommandParser:
    """The flags of the original, and ours."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add, add_boolean = parser.add_argument, parser.add_boolean
    file: dict[str, Any] = {"type": _path, "metavar": "FILE"}
    folder: dict[str, Any] = {"type": _path, "metavar": "FOLDER"}
    count: dict[str, Any] = {"type": positive, "metavar": "N"}
    number: dict[str, Any] = {"type": natural, "metavar": "N"}

    add("--pipeline_config_path", required=True, **file, help="the config")
    add("--model_dir", required=True, **folder, help="where checkpoints and summaries go")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="override the config; repeatable")
    add("--num_train_steps", **count, help="override train_config.num_steps; exactly so many are done")
    add("--checkpoint_every_n", **count, default=1000, help="steps between checkpoints (%(default)s)")
    add("--summary_every_n", **count, default=100, help="steps between summaries (%(default)s)")
    add("--eval_every_n", **number, help="steps between evaluations (at each checkpoint); 0: never")
    add("--max_minutes", type=_minutes, metavar="M",
        help="end after so many minutes at the latest, with a checkpoint and an evaluation; the time of earlier starts "
             "counts, and the learning rate goes on by steps (no limit)")  # fmt: skip
    add("--early_stopping", **count, help="end after N evaluations without a better mAP (never)")
    add_boolean("record_summaries", default=True, help="summaries with input images and their boxes (true)")
    add_boolean("skip_corrupt", default=False, help="leave out records that cannot be read (false: stop)")
    add("--seed", **number, help="of the weights, the order and the augmentation (at random)")
    add_boolean("deterministic", default=False, help="same seed, same weights to the last bit; slower (false)")
    add_boolean("mixed_precision", default=False, help="compute in bfloat16: faster on recent GPUs and on AMX (false)")
    add_boolean("recompute", default=False, help="compute features again for gradients: less memory, more time (false)")
    add("--albumentations", type=_path, metavar="FILE",
        help="augment with this pipeline (.yaml, .json) instead of data_augmentation_options; slower")  # fmt: skip
    add("--num_workers", **count, default=1, help="processes that train together, as TF_CONFIG says (1)")

    add("--checkpoint_dir", **folder, help="do not train, evaluate the checkpoints of this folder as they come")
    add("--eval_timeout", **number, default=3600, help="seconds to wait for the next one (%(default)s)")
    add_boolean("run_once", default=False, help="evaluate the newest one and end, as --eval_timeout=0 does")
    add("--sample_1_of_n_eval_examples", **count, help="evaluate on every n-th image only")

    add("--sample_1_of_n_eval_on_train_examples", help=argparse.SUPPRESS)
    add("--tpu_name", help=argparse.SUPPRESS)
    add_boolean("eval_on_train_data", default=False, help=argparse.SUPPRESS)
    add_boolean("use_tpu", default=False, help=argparse.SUPPRESS)
    return parser


def run(args: argparse.Namespace) -> int:
    """Trains or evaluates; 130 or 143 if a signal stopped the training."""
    from functools import partial

    from tfod.config.check import check_file, require
    from tfod.errors import ConfigError
    from tfod.input.check_from_config import check_objects

    for name, reason in _WITHOUT_EFFECT.items():
        if getattr(args, name):
            print(f"note: --{name} has no effect; {reason}", file=sys.stderr)
    if args.use_tpu:
        raise ConfigError("TPUs are not supported", "--use_tpu", "leave the flag out to train on CPU or GPU")
    trains = args.checkpoint_dir is None
    evaluates = not trains or args.eval_every_n != 0
    config, findings = check_file(
        args.pipeline_config_path,
        _overrides(args),
        for_training=trains,
        also=partial(check_objects, for_training=trains, evaluates=evaluates, skip_corrupt=args.skip_corrupt),
        evaluates=evaluates,
        model_dir=args.model_dir,
        recompute=args.recompute,
    )
    require(findings)
    if not trains:
        from tfod.training.from_config import evaluate_checkpoints
        from tfod.training.mirror import on_this_machine

        timeout = 0 if args.run_once else args.eval_timeout
        with on_this_machine(args.model_dir) as folder:
            evaluate_checkpoints(config, args.checkpoint_dir, folder, timeout=timeout)
        return 0
    _check_ending(args, evaluates=bool(config.eval_input_reader))
    if args.albumentations and config.train_config.data_augmentation_options:
        print(f"note: {args.albumentations} augments, and not the config's data_augmentation_options", file=sys.stderr)
    from tfod.training.from_config import train
    from tfod.training.mirror import on_this_machine
    from tfod.training.options import RunOptions

    options = RunOptions(
        checkpoint_every_n=args.checkpoint_every_n,
        summary_every_n=args.summary_every_n,
        eval_every_n=args.eval_every_n,
        max_minutes=args.max_minutes or 0.0,
        early_stopping=args.early_stopping or 0,
        record_summaries=args.record_summaries,
        skip_corrupt=args.skip_corrupt,
        seed=args.seed,
        deterministic=args.deterministic,
        mixed_precision=args.mixed_precision,
        recompute=args.recompute,
        albumentations=str(args.albumentations or ""),
        num_workers=args.num_workers,
    )
    with on_this_machine(args.model_dir) as folder:
        config_path = args.pipeline_config_path
        if folder != args.model_dir and config_path.parent == args.model_dir:
            config_path = folder / config_path.name
        result = train(config, folder, options, config_path=config_path)
    return 0 if result.signal_number is None else 128 + result.signal_number


def _check_ending(args: argparse.Namespace, *, evaluates: bool) -> None:
    """Raises ConfigError where --max_minutes or --early_stopping cannot be had."""
    from tfod.errors import ConfigError

    if args.max_minutes and args.deterministic:
        what = "a run that ends by the clock is never the same twice"
        raise ConfigError(what, "--deterministic", "leave out --max_minutes; --num_train_steps says how long it is")
    if args.max_minutes and args.num_workers > 1:
        what = "workers that train together have to end at the same step, and each has a clock of its own"
        raise ConfigError(what, "--max_minutes", "leave it out; --num_train_steps says how long the run is")
    if args.early_stopping and (not evaluates or args.eval_every_n == 0 or args.num_workers > 1):
        what = "nothing is evaluated while the run trains, which early stopping goes by"
        cure = "add an eval_input_reader, leave out --eval_every_n=0, and train with one worker; or leave out the flag"
        raise ConfigError(what, "--early_stopping", cure)


def _overrides(args: argparse.Namespace) -> list[str]:
    overrides = list(args.set)
    if args.num_train_steps is not None:
        overrides.append(f"train_config.num_steps={args.num_train_steps}")
    if args.sample_1_of_n_eval_examples is not None:
        overrides.append(f"eval_input_reader.sample_1_of_n_examples={args.sample_1_of_n_eval_examples}")
    return overrides


def _path(text: str) -> Path:
    if not text:  # what a script makes of a variable that is not set; it would stand for the working directory
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0.0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return minutes


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
