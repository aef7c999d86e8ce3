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


@dataclass(frozen=True)
class _Size:
    """The folders' name, how many pictures are drawn, whether with masks, and whether training is a mere glance."""

    name: str
    training_pictures: int
    validation_pictures: int
    masks: bool = False
    smallest: bool = False

    @property
    def config(self) -> str:
        return f"workspace/configs/{'demo_masks' if self.masks else 'demo'}.config"

    @property
    def label_map(self) -> str:
        return f"annotations/{self.name}/{'train/' if self.masks else ''}label_map.pbtxt"

    def records(self, part: str) -> str:
        return f"annotations/{self.name}/{part}{'/data' if self.masks else ''}.record"

    @property
    def training_flags(self) -> str:
        """The config names the folders of the full demo; the smallest has its own, so that neither harms the other."""
        if not self.smallest:
            return ""
        steps = 4 if self.masks else 20
        readers = (
            f" --set {reader}.label_map_path={self.label_map}"
            f" --set {reader}.tf_record_input_reader.input_path={self.records(part)}"
            for reader, part in (("train_input_reader", "train"), ("eval_input_reader", "val"))
        )
        return f" --num_train_steps {steps} --set train_config.batch_size=4{''.join(readers)}"


_SIZES = {
    (size, masks): _Size(
        f"demo{'_masks' if masks else ''}{'_smallest' if size == 'smallest' else ''}",
        *((16, 8) if size == "smallest" else (200, 50)),
        masks=masks,
        smallest=size == "smallest",
    )
    for size in ("full", "smallest")
    for masks in (False, True)
}


def build_parser() -> CommandParser:
    """The flags of `demo`."""
    parser = CommandParser(
        "Draws a small data set and goes the whole way with it: label map, TFRecords, training from\n"
        "scratch, evaluation, export, pictures of what the detector finds. Every step shows its command,\n"
        "the one that you would type for your own photos. What is there already is kept: an interrupted\n"
        "demo goes on.",
        "  python tools/demo.py\n"
        "  python tools/demo.py --size smallest  # a minute: shows the steps, learns nothing\n"
        "  python tools/demo.py --masks  # instance segmentation: a small Mask R-CNN",
    )
    parser.add_argument("--size", choices=("full", "smallest"), default="full", help="how much is drawn and trained")
    parser.add_boolean("masks", default=False, help="with masks: a Mask R-CNN instead of an SSD (default: false)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Goes through the stages and prints where everything lies."""
    size = _SIZES[args.size, args.masks]
    if not (_ROOT / size.config).is_file():
        cure = "clone the project's repository and run tools/demo.py in it"
        raise ConfigError("the demo's config is not here", str(_ROOT / size.config), cure)
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
    from tfod.annotations.sample_data import write_sample_data, write_sample_instances

    folder = root / "annotations" / size.name / ("drawn" if size.masks else "")
    _print_title(f"Draw {size.training_pictures} pictures to learn from and {size.validation_pictures} to judge by")
    for part, count, seed in (("train", size.training_pictures, 0), ("val", size.validation_pictures, 1)):
        if (folder / part).exists():
            print(f"{(folder / part).relative_to(root)} is there already", flush=True)
        elif size.masks:
            write_sample_instances(folder / part, count, seed)
        else:
            write_sample_data(folder / part, count, seed)


def _stages(size: _Size) -> list[tuple[str, str]]:
    """Title and command of every step after drawing."""
    data, run_folder, export = (f"{room}/{size.name}" for room in ("annotations", "workspace", "exported_models"))
    drawn = f"{data}/drawn/val/images" if size.masks else f"{data}/val"
    config = f"--pipeline_config_path {run_folder}/pipeline.config"
    return [
        *(_conversion_of_masks if size.masks else _conversion)(data, size),
        (
            "Train from scratch",
            f"model_main_tf2.py --pipeline_config_path {size.config} --model_dir {run_folder}" + size.training_flags,
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
            f"visualize_detections.py --saved_model_dir {export} --output_dir {run_folder}/detections {drawn}",
        ),
    ]


def _conversion(data: str, size: _Size) -> list[tuple[str, str]]:
    return [
        (
            "Collect the names of the classes from the XML files into a label map",
            f"create_label_map.py --xml_dir {data}/train --output_path {size.label_map}",
        ),
        (
            "Convert the training pictures and boxes to a TFRecord",
            f"generate_tfrecord.py -x {data}/train -l {size.label_map} -o {size.records('train')}",
        ),
        (
            "Convert the validation pictures and boxes",
            f"generate_tfrecord.py -x {data}/val -l {size.label_map} -o {size.records('val')}",
        ),
    ]


def _conversion_of_masks(data: str, size: _Size) -> list[tuple[str, str]]:
    return [
        (
            f"Convert the {name} pictures, boxes and masks from COCO's JSON to a TFRecord",
            f"convert_annotations.py {data}/drawn/{part} -o {data}/{part} --from coco --to tfrecord --overwrite",
        )
        for name, part in (("training", "train"), ("validation", "val"))
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
    if size.masks:
        overall, half = (metrics[f"DetectionMasks_Precision/{name}"] for name in ("mAP", "mAP@.50IOU"))
        print(f"   of masks: mAP {overall:.3f}, mAP@.5 {half:.3f}")
    if size.smallest:
        command = "make demo-masks" if size.masks else "make demo"
        print(f"This size shows the way and learns nothing; `{command}` trains in earnest.")
    tensorboard = os.path.relpath(Path(sys.executable).with_name("tensorboard"))
    rows = {
        "What lies where": "",
        **(
            {"  images, JSON with masks": f"{data}/drawn", "  label map, TFRecords": f"{data}/train, {data}/val"}
            if size.masks
            else {"  pictures and their XML": f"{data}/train, {data}/val", "  label map, TFRecords": data}
        ),
        "  the run: checkpoints, logs": run_folder,
        "  metrics": f"{run_folder}/evaluation/metrics.json",
        "  exported model": export,
        "  pictures of what it finds": f"{run_folder}/detections",
        "What to type next": "",
        "  see the curves": f"{tensorboard} --logdir {run_folder}",
        "  train on your own photos": "see the five-minute tour in README.md",
        "  change the recipe": f"edit {size.config}",
        "  start the demo over": f"rm -r {data} {run_folder} {export}",
    }
    for what, where in rows.items():
        print(f"{what:<30}{where}".rstrip())
