"""Trains a U-Net on pictures and masks."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_data_flags, open_data, read_data_file
from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.segmentation.data import DataSet

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Trains a U-Net on pictures and masks.

What is not said is decided by the data (size of pictures, share of classes) and told before training. Started again,
the same command goes on where it was stopped. Everything is saved in --model_dir; the other commands need only that."""

_EXAMPLES = """\
  train_unet.py --images photos --masks masks --model_dir workspace/cracks --minutes 15
  train_unet.py --images train --masks train_masks --val_images val --val_masks val_masks \\
      --classes label_colors.txt --model_dir workspace/roads --steps 4000
  train_unet.py --records 'annotations/train-*' --model_dir workspace/pets \\
      --encoder mobilenet_v2 --encoder_checkpoint pretrained_models/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8
  train_unet.py --data pets.yaml --model_dir workspace/pets --loss crossentropy+lovasz --augment strong"""

# Flags that go to `tfod.segmentation.decide.decide` as they are.
_DECIDED = (
    "steps", "minutes", "batch_size", "crop_size", "base_filters", "depth", "norm", "dropout", "up", "attention",
    "encoder", "encoder_checkpoint", "loss", "class_weights", "balanced_crops", "optimizer", "learning_rate",
    "weight_decay", "warmup", "ema", "mixed_precision", "evaluations", "early_stopping",
)  # fmt: skip


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--model_dir", required=True, metavar="DIR", help="the run's folder; a run in it is continued")
    add_data_flags(parser)
    add("--val_images", metavar="DIR", help="pictures to validate on (default: a part of the training data)")
    add("--val_masks", metavar="DIR", help="their masks")
    add("--val_pairs", metavar="FILE", help="or a list of their pairs")
    add("--val_records", action="append", metavar="GLOB", help="TFRecords to validate on")
    add("--val_share", type=float, default=0.15, help="share held out where none are named (default: 0.15)")
    add("--steps", type=int, help="steps of the run (default: by the number of pictures)")
    add("--minutes", type=float, help="or its minutes, evaluations included; the schedule fits itself to them")
    _add_model_flags(parser)
    _add_learning_flags(parser)
    add("--seed", type=int, help="of weights, order and augmentation (default: that of the run, or a fresh one)")
    parser.add_boolean("deterministic", default=False, help="the same seed gives the same weights; slower; by --steps")
    add("--strategy", choices=("auto", "one_device", "mirrored", "multi_worker"), default="auto",
        help="where to compute: auto takes all GPUs of this machine; multi_worker reads TF_CONFIG")  # fmt: skip
    parser.add_boolean("dry_run", default=False, help="tell the data and the decisions, and stop")
    return parser


def _add_model_flags(parser: CommandParser) -> None:
    add = parser.add_argument
    add("--base_filters", type=int, help="channels at full resolution (default: 16, with a GPU 32)")
    add("--depth", type=int, help="how often the picture is halved (default: 4, less for small pictures)")
    add("--norm", choices=("batch", "group", "none"), help="normalisation (default: batch)")
    add("--dropout", type=float, help="share dropped after each block (default: 0)")
    add("--up", choices=("transpose", "resize"), help="how the decoder doubles the resolution (default: transpose)")
    parser.add_boolean("attention", default=False, help="attention gates on the skips")
    add("--encoder", choices=("mobilenet_v2", "resnet50"), help="a detector's backbone for the way down")
    add("--encoder_checkpoint", metavar="PATH", help="fill it from this checkpoint (a zoo model's folder)")


def _add_learning_flags(parser: CommandParser) -> None:
    add = parser.add_argument
    add("--crop_size", type=int, help="pixels of a side that training sees (default: by the pictures' size)")
    add("--batch_size", type=int, help="crops a step (default: by their size)")
    add("--loss", help="a sum of crossentropy, focal, dice, jaccard, tversky, lovasz (default: crossentropy+dice)")
    add("--class_weights", metavar="W", help="none, balanced, or a number for each class, with commas (default: none)")
    parser.add_argument("--balanced_crops", nargs="?", const=True, type=_on, metavar="BOOL",
                        help="crops about rare classes more often (default: where a class is rare)")  # fmt: skip
    add("--augment", default="light", metavar="HOW",
        help="off, light, strong, and settings: strong,flip_vertical=true; or a .yaml or .json of Albumentations",
        )  # fmt: skip
    add("--optimizer", metavar="NAME", help="adam, adamw, sgd, or tfa.NAME of tensorflow-addons (default: adam)")
    add("--learning_rate", type=float, help="the highest (default: 0.002, with an encoder 0.001, sgd 0.05)")
    add("--weight_decay", type=float, help="for adamw, and tfa. optimizers that take it (default: 0)")
    add("--warmup", type=float, help="share of the run in which the learning rate rises (default: 0.05)")
    add("--ema", type=float, help="decay of the averaged weights that are evaluated; 0: none (default: 0.99)")
    parser.add_argument("--mixed_precision", nargs="?", const=True, type=_on, metavar="BOOL",
                        help="compute in bfloat16 (default: where the device is faster so)")  # fmt: skip
    add("--evaluations", type=int, help="how often the run evaluates (default: 12)")
    add(
        "--early_stopping", type=int, metavar="N", help="stop after N evaluations without a better one (default: never)"
    )


def _on(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1", "yes")


def run(args: argparse.Namespace) -> int:
    """Trains; prints what was decided and what came of it."""
    read_data_file(args)
    if args.deterministic and args.minutes:
        raise ConfigError("a run by the clock is never the same twice", "--deterministic", "give --steps")
    if not 0 < args.val_share < 1:
        raise ConfigError(f"the share is {args.val_share}", "--val_share", "give a share between 0 and 1")

    from tfod.segmentation.albumentations_steps import read_albumentations
    from tfod.segmentation.augment import read_augmentation
    from tfod.segmentation.settings import TrainingSettings

    own = args.augment.endswith((".yaml", ".yml", ".json"))
    augmentation = read_albumentations(args.augment) if own else read_augmentation(args.augment)
    training, validation = _open(args)
    _tell_absent_classes(training)
    settings: TrainingSettings = _decide(args, training, validation)
    if args.dry_run:
        return 0

    from tfod.segmentation.dataset import training_dataset
    from tfod.segmentation.sources import in_memory
    from tfod.segmentation.train import RunData, train_unet
    from tfod.training.mirror import on_this_machine

    def make_batches(seed: int, deterministic: bool, first_batch: int) -> Any:
        return training_dataset(
            training.source,
            crop_size=(settings.crop_size, settings.crop_size),
            batch_size=settings.batch_size,
            augmentation=augmentation,
            balance=_BALANCE if settings.balanced_crops else 0.0,
            seed=seed,
            deterministic=deterministic,
            first_batch=first_batch,
        )

    data = RunData(make_batches, in_memory(validation.source), training.files)
    with on_this_machine(args.model_dir) as folder:
        result = train_unet(
            settings, data, folder, strategy=_strategy(args.strategy), seed=args.seed, deterministic=args.deterministic
        )
    if result.signal_number is not None:
        return 128 + result.signal_number
    print(f"step {result.step}; the best mean IoU is {result.best:.4f}; everything is in {args.model_dir}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


# Half of the crops stay as they come, so that frequent classes are still seen as often as they are.
_BALANCE = 0.5


def _open(args: argparse.Namespace) -> "tuple[DataSet, DataSet]":
    from tfod.segmentation.data import split

    whole = open_data(
        args.images, args.masks, args.records, pairs=args.pairs, classes=args.classes, kind=args.mask_kind
    )
    if whole is None:
        raise ConfigError("no data is named", "the command line", "give --images and --masks, --records, or --data")
    print(whole.told)
    held_out = open_data(
        args.val_images, args.val_masks, args.val_records, pairs=args.val_pairs, encoding=whole.encoding
    )
    if held_out is not None:
        print(f"validation: {held_out.told}")
        return whole, held_out
    training, validation = split(whole, args.val_share)
    print(f"validation: {len(validation.source)} of these pairs are held out (--val_share {args.val_share:g})")
    return training, validation


def _tell_absent_classes(data: "DataSet") -> None:
    """Warns of classes without a pixel; raises DataError where no class has one."""
    import dataclasses

    from tfod.config.diagnostics import render
    from tfod.errors import DataError
    from tfod.segmentation.mask_rules import absent_classes

    totals = data.class_pixels.sum(axis=0)
    if not totals.any():
        cure = "see how the masks are read: check_masks.py draws them"
        raise DataError("no pixel of the masks has a class: there is nothing to learn", "the masks", cure)
    findings = absent_classes(totals, data.encoding.classes.names, "the masks to train on")
    # What a check of data calls an error is left to who trains: there may be a reason.
    if told := render([dataclasses.replace(finding, severity="warning") for finding in findings]):
        print(told, file=sys.stderr)


def _decide(args: argparse.Namespace, training: "DataSet", validation: "DataSet") -> Any:
    import dataclasses

    from tfod.segmentation.decide import DataFacts, decide

    asked = {name: getattr(args, name) for name in _DECIDED}
    facts = DataFacts(training.sizes, training.class_pixels.sum(axis=0))
    decision = decide(asked, facts, training.encoding.classes)
    print("settings:", *decision.reasons, sep="\n  ")
    saved = {"validation": validation.saved, "augment": args.augment}
    return dataclasses.replace(decision.settings, data=saved)


def _strategy(name: str) -> Any:
    import tensorflow as tf

    from tfod.training.strategy import choose_strategy

    if name == "one_device":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    return choose_strategy(2 if name == "multi_worker" else 1)
