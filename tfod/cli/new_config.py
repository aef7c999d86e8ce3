"""Writes a config that fine-tunes a model of the zoo."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfod.cli.command import CommandParser, execute, positive

if TYPE_CHECKING:
    from tfod.config.fine_tuning import Data, Schedule
    from tfod.config.pipeline import ModelConfig
    from tfod.config.zoo_models import ZooModel

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Writes a pipeline config that fine-tunes a model of the zoo on records of your own: the model as
the zoo has it, the classes of your label map, as many steps as your pictures need, and a learning rate for the batch.
Comments in it say what may be changed, and why.

The model part is that of the config in the unpacked archive (tfod zoo download). Without the archive it is put together
from what is known of the zoo's configs, and the checkpoint is to be fetched before training."""

_EXAMPLES = """\
  new_config.py --model ssd_mobilenet_v2_fpnlite_320x320 --label_map annotations/label_map.pbtxt \\
      --train annotations/train.record --val annotations/val.record
  new_config.py --model ssd_resnet50_v1_fpn_640x640 --label_map annotations/label_map.pbtxt \\
      --train 'annotations/train.record-?????-of-00010' --val annotations/val.record \\
      --epochs 20 --batch_size 16 --output workspace/resnet/pipeline.config"""

_PRETRAINED_DIR = "pretrained_models"


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "required": True, "metavar": "RECORDS"}
    add("--model", required=True, help="a name that `tfod zoo list` shows")
    add("--label_map", required=True, metavar="FILE", help="the label map of the records")
    add("--train", **several, help="records to learn from: names, patterns or folders, several or with commas")
    add("--val", **several, help="records to judge by, of pictures that are not among those")
    add("--output", type=Path, metavar="FILE", help="the config (workspace/MODEL/pipeline.config)")
    add("--batch_size", type=positive, metavar="N", help="pictures a step (at most 8, as many as fit into 8 GB)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--num_steps", type=positive, metavar="N", help="steps (50 epochs, but 1000 to 25000 steps)")
    length.add_argument("--epochs", type=positive, metavar="N", help="times through the pictures, instead of steps")
    add("--pretrained_dir", type=Path, default=Path(_PRETRAINED_DIR), metavar="FOLDER",
        help="where the zoo's archives are unpacked (%(default)s)")  # fmt: skip
    parser.add_boolean("force", default=False, help="replace a config that is there already")
    return parser


@dataclass(frozen=True)
class _Plan:
    """Where everything is, or will be. `checkpoint` is None until the archive has been fetched."""

    model: ZooModel
    archive: Path
    checkpoint: Path | None
    data: Data
    output: Path
    command: str


def run(args: argparse.Namespace, command: str) -> None:
    """Writes the config and says what comes next; raises ConfigError, DataError or OutputError.

    `command` is what was typed, for the config's head.
    """
    from tfod.files import write_text

    plan = _plan(args, command)
    text, findings = _config(plan, args)
    write_text(plan.output, text)
    print(f"{plan.output}\n  {_counted(plan.data)}")
    if findings:
        print(findings)
    print("next:")
    if plan.checkpoint is None:
        folder = shlex.quote(str(args.pretrained_dir))
        flag = f" --pretrained_dir {folder}" if folder != _PRETRAINED_DIR else ""
        print(f"  tfod zoo download {plan.model.short_name}{flag}")
    print(f"  {_training_command(plan.output)}")


def _plan(args: argparse.Namespace, command: str) -> _Plan:
    from tfod.checkpoints.zoo_archive import checkpoint_prefix
    from tfod.config.zoo import find_model
    from tfod.errors import ConfigError, OutputError

    model = find_model(args.model)
    if model.instead:
        cure = f"the nearest that can: --model {model.instead}"
        raise ConfigError(f"{model.short_name} cannot be trained here", "--model", cure)
    if not model.trainable:
        cure = "tfod zoo list --trainable shows the models that can"
        raise ConfigError(f"{model.short_name} cannot be trained here yet", "--model", cure)
    output = args.output or Path("workspace") / model.short_name / "pipeline.config"
    if output.exists() and not args.force:
        raise OutputError("there is such a file already", str(output), "--force replaces it, --output names another")
    archive = args.pretrained_dir / model.name
    return _Plan(model, archive, checkpoint_prefix(archive), _read_data(args), output, command)


def _config(plan: _Plan, args: argparse.Namespace) -> tuple[str, str]:
    """The config's text, and what a check finds that is no error."""
    from tfod.checkpoints.zoo_archive import expected_prefix
    from tfod.config.check import check_pipeline, render, require
    from tfod.config.commented import render_commented
    from tfod.config.fine_tuning import choose_schedule, fine_tuning_comments, fine_tuning_config

    model, data = plan.model, plan.data
    schedule = choose_schedule(
        model, data.train_pictures, batch_size=args.batch_size, num_steps=args.num_steps, epochs=args.epochs
    )
    architecture = _architecture(model, plan.archive)
    checkpoint = plan.checkpoint or expected_prefix(model, plan.archive)
    config = fine_tuning_config(model, architecture, data, schedule, str(checkpoint))
    # A checkpoint that is still to be fetched is no error yet.
    findings = [
        finding
        for finding in check_pipeline(config, for_training=True, model_dir=plan.output.parent)
        if plan.checkpoint or finding.rule != "checkpoint-missing"
    ]
    if any(finding.severity == "error" for finding in findings):
        require(findings)
    comments = fine_tuning_comments(model, architecture, config, data)
    return render_commented(config, comments, _head(plan, schedule)), render(findings)


def _architecture(model: ZooModel, archive: Path) -> ModelConfig:
    """The model part of the archive's config, else the same put together: box coders, for one, may differ."""
    from tfod.config.pipeline import read_pipeline_config
    from tfod.config.zoo_ssd import published_model
    from tfod.errors import ConfigError

    path = archive / "pipeline.config"
    if not path.is_file():
        return published_model(model, num_classes=90)
    config = read_pipeline_config(path)
    if getattr(config.model, model.architecture.family).feature_extractor.type != model.feature_extractor:
        what = f"this is not the config of {model.short_name}: its feature extractor is not {model.feature_extractor}"
        raise ConfigError(what, str(path), f"delete {archive} and fetch the model again")
    return config.model


def _read_data(args: argparse.Namespace) -> Data:
    from tfod.config.fine_tuning import Data
    from tfod.config.label_map import read_label_map

    label_map = read_label_map(args.label_map)
    train_paths, train_pictures = _count(args.train, "train")
    val_paths, val_pictures = _count(args.val, "val", "test")
    return Data(
        label_map_path=args.label_map,
        class_names=tuple(label_map.names.values()),
        num_classes=label_map.num_classes,
        train_paths=train_paths,
        train_pictures=train_pictures,
        val_paths=val_paths,
        val_pictures=val_pictures,
    )


def _count(values: Sequence[str], *subsets: str) -> tuple[tuple[str, ...], int]:
    """The paths or patterns that were given, and how many pictures they hold; of folders see `_records_in`."""
    from tfod.config.rules.record_files import count_records
    from tfod.errors import DataError
    from tfod.records.files import expand

    named = [path for value in values for path in ([value] if Path(value).exists() else value.split(",")) if path]
    paths = [path for name in named for path in (_records_in(name, subsets) if Path(name).is_dir() else [name])]
    count = count_records(expand(paths))
    if not count:
        raise DataError("there is no picture in the records", ", ".join(paths), "convert the photos again")
    return tuple(paths), count


def _records_in(folder: str, subsets: Sequence[str]) -> list[str]:
    """The records below a folder, shards as a pattern: those of the first of `subsets` that it has, else all."""
    from tfod.annotations.untrusted import file_subset
    from tfod.records.files import records_below
    from tfod.shards import set_pattern

    files = records_below(folder)
    parts = {subset: [file for file in files if file_subset(file, folder) == subset] for subset in subsets}
    chosen = next(filter(None, parts.values()), files)
    return list(dict.fromkeys(map(set_pattern, chosen)))


def _counted(data: Data) -> str:
    classes = f"{len(data.class_names)} class{'es' if len(data.class_names) > 1 else ''}"
    return f"{data.train_pictures} pictures to learn from, {data.val_pictures} to judge by, {classes}"


def _head(plan: _Plan, schedule: Schedule) -> str:
    """What stands above the config: how it came to be, and what to do with it."""
    from tfod.config.fine_tuning import seconds_on_two_cores

    model = plan.model
    lines = [
        f"Fine-tunes {model.short_name} of the model zoo (mAP {model.box_map} on {model.data}, as published).",
        "",
        f"  made by  {plan.command}",
        f"  data     {_counted(plan.data)}",
        f"  needs    {plan.archive}, which `tfod zoo download` fetches",
        f"  train    {_training_command(plan.output)}",
        f"  takes    {_about(seconds_on_two_cores(model, schedule))} on two processor cores without a GPU",
    ]
    return "\n".join([*lines, "", "Paths are relative to the folder in which commands are typed."])


def _about(seconds: float) -> str:
    """The time in words, no more exact than it is known."""
    minutes = round(seconds / 60)
    if minutes >= 90:
        return f"about {round(minutes / 60)} hours"
    return f"about {minutes} minutes" if minutes > 1 else "about a minute"


def _training_command(output: Path) -> str:
    path, folder = shlex.quote(str(output)), shlex.quote(str(output.parent))
    return f"tfod train --pipeline_config_path {path} --model_dir {folder}"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = shlex.join(["tfod", "config", "new", *arguments]).replace(" --", " \\\n             --")
    return execute(build_parser(), lambda args: run(args, command), arguments)


if __name__ == "__main__":
    sys.exit(main())
