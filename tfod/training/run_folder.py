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

from tfod.files import write_text
from tfod.stores import file_size

__all__ = ["choose_seed", "record_start"]

_DISTRIBUTIONS = ("tfod", "tensorflow", "tf-keras", "tf-models-official", "numpy", "protobuf")


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
        "data": [{"path": path, "bytes": file_size(path)} for path in data],
    }
    starts = [*_earlier_starts(model_dir), start]
    write_text(model_dir / "run.json", json.dumps({"starts": starts}, indent=2) + "\n")


def _earlier_starts(model_dir: Path) -> list[dict[str, Any]]:
    try:
        starts: list[dict[str, Any]] = json.loads((model_dir / "run.json").read_text("utf-8"))["starts"]
    except FileNotFoundError:
        return []
    return starts
