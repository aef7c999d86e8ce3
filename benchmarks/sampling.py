"""Compares what two-stage models sample, and lose, with the original's, and writes the fixture of tests/parity/.

Both sides draw anchors and proposals from the same images with the same weights, over and over; how many are positive
and negative, and the losses, have to be distributed alike.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.augmentation import differences
from benchmarks.environment import original_python
from benchmarks.parity import set_side
from benchmarks.process import run
from benchmarks.scripts.augmentation_draws import summary
from tfod.config.pipeline import PipelineConfig, read_pipeline_config, write_pipeline_config

__all__ = ["CASES", "case_config", "our_differences"]

_HERE = Path(__file__).resolve().parent
_SCRIPT = _HERE / "scripts" / "sampled_losses.py"
_FIXTURE = _HERE.parent / "tests" / "parity" / "sampling.json"
_SHARED = _HERE.parents[1] / "shared"
_SIDE = 256  # pixels, so that a draw takes a second
# Config of the zoo, and whether its samples are so small that not all positives fit. With static shapes samples are
# always full; else they may be smaller.
CASES = {
    "static": ("faster_rcnn_resnet50_v1_640x640_coco17_tpu-8", False),
    "static, few": ("faster_rcnn_resnet50_v1_640x640_coco17_tpu-8", True),
    "dynamic": ("faster_rcnn_resnet50_v1_800x1333_coco17_gpu-8", False),
    "dynamic, few": ("faster_rcnn_resnet50_v1_800x1333_coco17_gpu-8", True),
}


def case_config(case: str, shared: Path = _SHARED) -> PipelineConfig:
    """The config of a case: the zoo's for small images."""
    name, few = CASES[case]
    config = read_pipeline_config(shared / "zoo_configs" / f"{name}.config")
    set_side(config.model, _SIDE)
    if few:
        model = config.model.faster_rcnn
        model.first_stage_minibatch_size, model.second_stage_batch_size = 4, 16
    return config


def our_differences(
    config: PipelineConfig, theirs: dict[str, list[float]], folder: Path, draws: int, of_theirs: int
) -> list[str]:
    """How so many of our draws differ from the original's `of_theirs`, whose summary is `theirs`."""
    return differences(_drawn("ours", Path(sys.executable), config, folder, draws), theirs, of_theirs)


def _drawn(side: str, python: Path, config: PipelineConfig, folder: Path, draws: int) -> dict[str, Any]:
    """The values of each statistic in so many draws, `[draws]`, of a process of its own: models keep their memory."""
    write_pipeline_config(config, folder / "pipeline.config")
    command = [python, _SCRIPT, side, folder / "pipeline.config", draws]
    values = run(command, folder / f"{side}.log", timeout=7200).values()
    return {name: np.asarray(of_draws) for name, of_draws in values.items()}


def main() -> int:
    """Has both sides draw, writes the fixture, and tells how our draws differ; 1 if they do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sampling", description=__doc__)
    parser.add_argument("--original", type=Path, metavar="PYTHON", help="a Python in which the original runs")
    parser.add_argument("--draws", type=int, default=200, help="of each case and side (200)")
    parser.add_argument("--output", type=Path, default=_FIXTURE, help="where the statistics go (the tests' fixture)")
    options = parser.parse_args()
    found, differ = {}, {}
    with tempfile.TemporaryDirectory(prefix="sampling-") as temporary:
        folder = Path(temporary)
        python = options.original.absolute() if options.original else original_python(folder)
        for case in CASES:
            config = case_config(case)
            found[case] = summary(_drawn("original", python, config, folder, options.draws))
            differ[case] = our_differences(config, found[case], folder, options.draws, options.draws)
            print(f"{case}: {'; '.join(differ[case]) or 'as the original'}", flush=True)
    lines = (f"{json.dumps(case)}: {json.dumps(found[case])}" for case in CASES)
    text = f'{{"draws": {options.draws}, "cases": {{\n' + ",\n".join(lines) + "\n}}\n"
    options.output.write_text(text, encoding="utf-8")
    return int(any(differ.values()))


if __name__ == "__main__":
    sys.exit(main())
