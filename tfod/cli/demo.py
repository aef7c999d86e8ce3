"""The whole way once: draws pictures, converts, trains, evaluates, exports and looks."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError, TrainingError
from tfod.progress import format_duration

__all__ = ["build_parser", "main", "run"]

_ROOT = Path(__file__).resolve().parents[2]
_CONFIG = "workspace/configs/demo.config"


@dataclass(frozen=True)
class _Size:
    """The folders' name, how many pictures are drawn, and what training is told beside the config."""

    name: str
    training_pictures: int
    validation_pictures: int
    training_flags: str = ""


# The config names the folders of the full demo; the smallest has its own, so that neither harms the other.
_SMALLEST_FLAGS = (
    " --num_train_steps 20 --set train_config.batch_size=4"
    " --set train_input_reader.label_map_path=annotations/demo_smallest/label_map.pbtxt"
    " --set train_input_reader.tf_record_input_reader.input_path=annotations/demo_smallest/train.record"
    " --set eval_input_reader.label_map_path=annotations/demo_smallest/label_map.pbtxt"
    " --set eval_input_reader.tf_record_input_reader.input_path=annotations/demo_smallest/val.record"
)
_SIZES = {"full": _Size("demo", 200, 50), "smallest": _Size("demo_smallest", 16, 8, _SMALLEST_FLAGS)}


def build_parser() -> CommandParser:
    """The flags of `demo`."""
    parser = CommandParser(
        "Draws a small data set and goes the whole way with it: label map, TFRecords, training from\n"
        "scratch, evaluation, export, pictures of what the detector finds. Every step shows its command,\n"
        "the one that you would type for your own photos. What is there already is kept: an interrupted\n"
        "demo goes on.",
        "  python tools/demo.py\n  python tools/demo.py --size smallest  # a minute: shows the steps, learns nothing",
    )
    parser.add_argument("--size", choices=sorted(_SIZES), default="full", help="how much is drawn and trained")
    return parser


def run(args: argparse.Namespace) -> int:
    """Goes through the stages and prints where everything lies."""
    if not (_ROOT / _CONFIG).is_file():
        cure = "clone the project's repository and run tools/demo.py in it"
        raise ConfigError("the demo's config is not here", str(_ROOT / _CONFIG), cure)
    size = _SIZES[args.size]
    began = time.monotonic()
    _draw(size, _ROOT)
    for title, command in _stages(size):
        _stage(title, command, _ROOT)
    _print_summary(size, time.monotonic() - began)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    return execute(build_parser(), run, argv)


def _draw(size: _Size, root: Path) -> None:
    from tfod.annotations.sample_data import write_sample_data

    folder = root / "annotations" / size.name
    _print_title(f"Draw {size.training_pictures} pictures to learn from and {size.validation_pictures} to judge by")
    for part, count, seed in (("train", size.training_pictures, 0), ("val", size.validation_pictures, 1)):
        if (folder / part).exists():
            print(f"annotations/{size.name}/{part} is there already", flush=True)
        else:
            write_sample_data(folder / part, count, seed)


def _stages(size: _Size) -> list[tuple[str, str]]:
    """Title and command of every step after drawing."""
    data, run_folder, export = (f"{room}/{size.name}" for room in ("annotations", "workspace", "exported_models"))
    label_map = f"{data}/label_map.pbtxt"
    config = f"--pipeline_config_path {run_folder}/pipeline.config"
    return [
        (
            "Collect the names of the classes from the XML files into a label map",
            f"create_label_map.py --xml_dir {data}/train --output_path {label_map}",
        ),
        (
            "Convert the training pictures and boxes to a TFRecord",
            f"generate_tfrecord.py -x {data}/train -l {label_map} -o {data}/train.record",
        ),
        (
            "Convert the validation pictures and boxes",
            f"generate_tfrecord.py -x {data}/val -l {label_map} -o {data}/val.record",
        ),
        (
            "Train from scratch",
            f"model_main_tf2.py --pipeline_config_path {_CONFIG} --model_dir {run_folder}" + size.training_flags,
        ),
        (
            "Evaluate the last checkpoint",
            f"evaluate_detections.py {config} --checkpoint_dir {run_folder} --output_dir {run_folder}/evaluation",
        ),
        (
            "Export a SavedModel",
            f"exporter_main_v2.py {config} --trained_checkpoint_dir {run_folder} --output_directory {export}",
        ),
        (
            "Let it find objects in the validation pictures",
            f"visualize_detections.py --saved_model_dir {export} --output_dir {run_folder}/detections {data}/val",
        ),
    ]


def _stage(title: str, command: str, root: Path) -> None:
    """Shows the command as a person would type it, and runs it in a process of its own."""
    _print_title(title)
    print(f"$ python tools/{command}", flush=True)
    tool, *flags = shlex.split(command)
    code = subprocess.run([sys.executable, f"tools/{tool}", *flags], cwd=root, check=False).returncode
    if code:
        cure = "see its message above; then run the demo again, it goes on from here"
        raise TrainingError("the demo cannot go on", f"tools/{tool}, which ended with exit code {code}", cure)


def _print_title(title: str) -> None:
    print(f"\n== {title}", flush=True)


def _print_summary(size: _Size, seconds: float) -> None:
    data, run_folder, export = (f"{room}/{size.name}" for room in ("annotations", "workspace", "exported_models"))
    metrics = json.loads((_ROOT / run_folder / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    overall, half = (metrics[f"DetectionBoxes_Precision/{name}"] for name in ("mAP", "mAP@.50IOU"))
    _print_title(f"Done in {format_duration(seconds)}: mAP {overall:.3f}, mAP@.5 {half:.3f}")
    if size.training_flags:
        print("This size shows the way and learns nothing; `make demo` trains in earnest.")
    tensorboard = os.path.relpath(Path(sys.executable).with_name("tensorboard"))
    rows = {
        "What lies where": "",
        "  pictures and their XML": f"{data}/train, {data}/val",
        "  label map, TFRecords": data,
        "  the run: checkpoints, logs": run_folder,
        "  metrics": f"{run_folder}/evaluation/metrics.json",
        "  exported model": export,
        "  pictures of what it finds": f"{run_folder}/detections",
        "What to type next": "",
        "  see the curves": f"{tensorboard} --logdir {run_folder}",
        "  train on your own photos": "see the five-minute tour in README.md",
        "  change the recipe": f"edit {_CONFIG}",
        "  start the demo over": f"rm -r {data} {run_folder} {export}",
    }
    for what, where in rows.items():
        print(f"{what:<30}{where}".rstrip())
