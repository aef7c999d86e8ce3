"""Measures how fast models run, where their time goes, and how much memory and arithmetic they need."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError
from tfod.files import check_folder

if TYPE_CHECKING:
    from tfod.inference.timing.subject import Pixels

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Measures exported models and checkpoints beside each other.

Prints latency and throughput by batch size and threads, from pixels in memory to boxes, where the time goes, the most
memory of each, and, where the config is known, parameters and FLOPs of each part. Each model runs with each number of
threads in a process of its own. --output_dir keeps all numbers as benchmark.json and draws them: benchmark.png."""

_EXAMPLES = """\
  benchmark_model.py exported_models/photos
  benchmark_model.py exported_models/phone exported_models/phone/model_int8.tflite exported_models/phone/model.onnx \\
      --batch_sizes 1,4 --threads 1,2 --images photos/val --output_dir workspace/speed
  benchmark_model.py workspace/photos --pipeline_config_path workspace/photos/pipeline.config"""

_SIDE = 640  # of noise, where a model takes images of any size


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("models", nargs="+", metavar="MODEL", help="an exporter's folder or saved_model/ in it, a .tflite, an .onnx, a "
        "frozen graph, a run's folder or a checkpoint (run/ckpt-3)")  # fmt: skip
    add("--batch_sizes", default="1", metavar="N,...", help="images of a batch (default: 1)")
    add("--threads", metavar="N,...", help="threads of the runtime (default: as many as there are cores)")
    add("--images", nargs="+", metavar="PATH", help="images, folders or globs; without them noise is measured on")
    add("--runs", type=int, default=50, help="runs that count, of each batch size (default: 50)")
    add("--pipeline_config_path", help="the models' config (default: the one beside the first of them)")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="overrides the config; can be repeated")
    add("--output_dir", help="where benchmark.json and benchmark.png go")
    return parser


def run(args: argparse.Namespace) -> None:
    """Measures, prints, writes."""
    sizes = _numbers(args.batch_sizes, "--batch_sizes")
    threads = _numbers(args.threads or str(os.cpu_count() or 1), "--threads")
    if args.runs < 1:
        raise ConfigError("nothing would be measured", "--runs", "give a number of 1 or more")
    if args.output_dir is not None:
        check_folder(args.output_dir)

    from tfod.inference.images import find_images
    from tfod.inference.timing.benchmark import Plan, measure_all, noise, read_images
    from tfod.inference.timing.report import FIGURE_FILE, JSON_FILE, print_counts, print_measurements, write_report
    from tfod.inference.timing.subject import kind_of

    for model in args.models:
        kind_of(model)
    source = read_images(find_images(args.images)) if args.images else None
    path = args.pipeline_config_path or _beside(args.models[0])
    model = _model(path, args.set) if path else None
    source = source or noise(*_size(model))
    plan = Plan(args.models, sizes, threads, args.runs, path, args.set, _pixels(model))
    rows = list(measure_all(plan, source))
    print_measurements(rows, source)
    counts = []
    if model is not None:
        from tfod.inference.timing.counting import count_by_part

        height, width = source.images[0].shape[:2]
        counts = count_by_part(model, height, width)
        print_counts(counts, height, width)
    else:
        print("no pipeline.config beside the model: --pipeline_config_path tells parameters and FLOPs of its parts")
    if args.output_dir is not None:
        write_report(Path(args.output_dir), rows, source, counts)
        print(f"written: {JSON_FILE} and {FIGURE_FILE} in {args.output_dir}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _numbers(text: str, flag: str) -> list[int]:
    try:
        numbers = [int(one) for one in text.split(",")]
    except ValueError:
        numbers = [0]
    if min(numbers) < 1:
        raise ConfigError(f"{text!r} is no list of numbers of 1 or more", flag, "give numbers with commas: 1,4")
    return list(dict.fromkeys(numbers))


def _beside(model: str) -> str | None:
    """The config in a model's folder, or in the one that holds the model."""
    place = Path(os.path.abspath(model))
    candidates = (folder / "pipeline.config" for folder in (place, place.parent))
    return next((str(path) for path in candidates if path.is_file()), None)


def _model(path: str, overrides: Sequence[str]) -> Any:
    from tfod.config.gray import with_gray
    from tfod.config.pipeline import read_pipeline_config
    from tfod.models.build import build_model

    return build_model(with_gray(read_pipeline_config(path, overrides)).model)


def _size(model: Any) -> tuple[int, int]:
    """Height and width of noise: the model's own, where it has one."""
    height, width = model.preprocess.resizer.output_shape if model is not None else (None, None)
    return height or _SIDE, width or _SIDE


def _pixels(model: Any) -> "Pixels | None":
    """How the model wants pixels, for TFLite, whose callers prepare them."""
    if model is None:
        return None
    import numpy as np

    from tfod.inference.timing.subject import Pixels

    black, one = (np.asarray(model.preprocess.pixels.normalize(np.full((3,), value, np.float32))) for value in (0, 1))
    return Pixels(tuple((one - black).tolist()), tuple(black.tolist()))
