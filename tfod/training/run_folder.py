"""What a run writes down about itself, so that it can be told and done again."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tfod.config.pipeline import read_pipeline_config, write_pipeline_config
from tfod.files import write_text
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["choose_seed", "evaluation_folder", "record_start", "save_config"]

_DISTRIBUTIONS = ("tfod", "tensorflow", "tf-keras", "tf-models-official", "numpy", "protobuf")


def save_config(config: TrainEvalPipelineConfig, model_dir: Path, read_from: Path | None = None) -> Path:
    """Saves the resolved config as `<model_dir>/pipeline.config`; returns where it lies.

    Tutorials keep the config that they edit in that very place. If it is the file `read_from`, it stays as
    it is, and a config that overrides made different from it is saved as `pipeline.resolved.config`.
    """
    target = model_dir / "pipeline.config"
    if read_from is not None and target.exists() and target.samefile(read_from):
        if read_pipeline_config(target) == config:
            return target
        target = model_dir / "pipeline.resolved.config"
    write_pipeline_config(config, target)
    return target


def evaluation_folder(config: TrainEvalPipelineConfig, folder: Path) -> Path:
    """Where the original puts the evaluation's summaries: `eval`, and in it a folder named as the reader is."""
    name = config.eval_input_reader[0].name if config.eval_input_reader else ""
    return folder / "eval" / name


def choose_seed(model_dir: Path, asked_for: int | None) -> int:
    """The seed asked for, else that of the run in the folder, else a fresh one; in [0, 2**31)."""
    if asked_for is not None:
        return asked_for
    starts = _earlier_starts(model_dir)
    return int(starts[-1]["seed"]) if starts else int.from_bytes(os.urandom(4), "little") >> 1


def record_start(model_dir: Path, data: Sequence[str], *, step: int, seed: int) -> None:
    """Adds to `<model_dir>/run.json` how the run was started or resumed, and the files of `data`; one entry a start."""
    start = {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": sys.argv,
        "folder": os.getcwd(),
        "from_step": step,
        "seed": seed,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
        "data": [{"path": path, "bytes": os.path.getsize(path)} for path in data],
    }
    starts = [*_earlier_starts(model_dir), start]
    write_text(model_dir / "run.json", json.dumps({"starts": starts}, indent=2) + "\n")


def _earlier_starts(model_dir: Path) -> list[dict[str, Any]]:
    try:
        starts: list[dict[str, Any]] = json.loads((model_dir / "run.json").read_text("utf-8"))["starts"]
    except FileNotFoundError:
        return []
    return starts
