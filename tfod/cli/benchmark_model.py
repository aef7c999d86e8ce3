"""Measures how fast models run, where their time goes, and how much memory and arithmetic they need."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError, TfodError
from tfod.files import check_folder
from tfod.terminal import shown

if TYPE_CHECKING:
    from tfod.inference.recognition import ModelPlace
    from tfod.inference.timing.counting import PartCount
    from tfod.inference.timing.results import Measurement, Request

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Measures exported models and checkpoints beside each other.

Prints latency and throughput by batch size and threads, from pixels in memory to boxes, where the time goes, the most
memory of each, and, where a pipeline.config is beside them, parameters and FLOPs of each part. Each model runs with
each number of threads in a process of its own. --output_dir keeps all numbers (benchmark.json) and draws them
(benchmark.png)."""

_EXAMPLES = """\
  benchmark_model.py exported_models/photos
  benchmark_model.py exported_models/phone exported_models/phone/model_int8.tflite exported_models/phone/model.onnx \\
      --batch_sizes 1,4 --threads 1,2 --images photos/val --output_dir workspace/speed
  benchmark_model.py workspace/photos --pipeline_config_path workspace/photos/pipeline.config"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("models", nargs="+", metavar="MODEL", help="an exporter's folder or saved_model/ in it, a .tflite, an .onnx, a "
        "frozen graph of TensorFlow 1, a run's folder or a checkpoint (run/ckpt-3)")  # fmt: skip
    add("--batch_sizes", default="1", metavar="N,...", help="images of a batch (default: 1)")
    add("--threads", metavar="N,...", help="that a model computes in (default: as many as there are processors)")
    add("--images", nargs="+", metavar="IMAGE", help="files, folders or globs; without them noise is measured on")
    add("--runs", type=int, default=50, help="of each batch size, after the warm-up (default: 50)")
    add("--pipeline_config_path", help="the models' config (default: the one beside each)")
    add("--output_dir", help="where benchmark.json and benchmark.png go")
    return parser


def run(args: argparse.Namespace) -> None:
    """Measures, prints, writes; the first model that does not run is what the command ends with."""
    sizes = _numbers(args.batch_sizes, "--batch_sizes")
    threads = _numbers(args.threads or str(os.cpu_count() or 1), "--threads")
    if args.runs < 1:
        raise ConfigError("nothing would be measured", "--runs", "give a number of 1 or more")
    if args.output_dir is not None:
        check_folder(args.output_dir)

    from tfod.inference.images import find_images
    from tfod.inference.recognition import find_model
    from tfod.inference.timing.measure import MOST_IMAGES, NOISE
    from tfod.inference.timing.report import FIGURE_FILE, JSON_FILE, print_measurements, write_report
    from tfod.inference.timing.results import Request

    configs = {model: args.pipeline_config_path or _config_beside(model, find_model(model)) for model in args.models}
    images = [str(path) for path in find_images(args.images)][:MOST_IMAGES] if args.images else []
    told = f"{len(images)} images" if images else f"noise of {NOISE[0]} x {NOISE[1]}"
    asked = [Request(model, configs[model], count, sizes, images, args.runs) for model in configs for count in threads]
    rows, failures = _measured(asked)
    if rows:
        print_measurements(rows, told)
    if not images:
        print("on noise few objects are found, and so less is suppressed; --images measures on images, and decoding")
    counts = _counts(configs, images)
    if args.output_dir is not None and any(row.latencies for row in rows):
        write_report(Path(args.output_dir), rows, told, counts)
        print(f"written: {JSON_FILE} and {FIGURE_FILE} in {args.output_dir}")
    if failures:
        raise failures[0]


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _numbers(text: str, flag: str) -> list[int]:
    numbers = [int(one) if one.strip().isdecimal() else 0 for one in text.split(",")]
    if min(numbers) < 1:
        raise ConfigError(f"{text!r} is no list of numbers of 1 or more", flag, "give numbers with commas: 1,4")
    return list(dict.fromkeys(numbers))


def _config_beside(model: str, place: "ModelPlace") -> str | None:
    from tfod.inference.class_names import config_beside

    return config_beside(model) or config_beside(os.path.dirname(place.path))


def _measured(asked: "Sequence[Request]") -> "tuple[list[Measurement], list[TfodError]]":
    from tfod.inference.timing.measure import measured_alone

    rows, failures = [], []
    for number, request in enumerate(asked, 1):
        named = f"{number} of {len(asked)}: {request.model}, threads: {request.threads}"
        print(shown(named), file=sys.stderr)
        try:
            rows.append(measured_alone(request))
        except TfodError as error:
            print(shown(f"{request.model}: {error.what}"), file=sys.stderr)
            failures.append(error)
    return rows, failures


def _counts(configs: Mapping[str, str | None], images: Sequence[str]) -> "dict[str, list[PartCount]]":
    """Parameters and FLOPs by config, which are printed; or why there are none."""
    for model, config in configs.items():
        if config is None:
            unknown = "parameters and FLOPs unknown: no pipeline.config beside it; --pipeline_config_path names one"
            print(shown(f"{model}: {unknown}"))
    counts = {}
    for config in dict.fromkeys(config for config in configs.values() if config is not None):
        try:
            counts[config] = _counted(config, images)
        except ConfigError as error:
            print(shown(f"{config}: parameters and FLOPs unknown: {error.what}"))
    return counts


def _counted(config: str, images: Sequence[str]) -> "list[PartCount]":
    from tfod.config.gray import with_gray
    from tfod.config.pipeline import read_pipeline_config
    from tfod.inference.images import read_image
    from tfod.inference.timing.counting import count_by_part
    from tfod.inference.timing.measure import NOISE
    from tfod.inference.timing.report import print_counts
    from tfod.models.build import build_model

    height, width = read_image(images[0]).shape[:2] if images else NOISE
    counts = count_by_part(build_model(with_gray(read_pipeline_config(config)).model), height, width)
    print_counts(config, counts, height, width)
    return counts


if __name__ == "__main__":
    sys.exit(main())
