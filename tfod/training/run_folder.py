"""What a run writes down about itself, so that it can be told and done again."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tfod.errors import ConfigError
from tfod.files import write_text
from tfod.stores import file_size

__all__ = ["EarlierStart", "choose_seed", "last_start", "record_start"]

_RECORD = "run.json"
_DISTRIBUTIONS = ("tfod", "tensorflow", "tf-keras", "tf-models-official", "numpy", "protobuf")


@dataclass(frozen=True)
class EarlierStart:
    """What a run wrote down when it was started before.

    Attributes:
      seed: Its seed, in [0, 2**31).
      data: Bytes of each file that it was trained on, by path.
      settings: What decides about its weights, as text; "" where it was not written down.
      classes: The ids of its classes by name; empty where they were not written down.
    """

    seed: int
    data: Mapping[str, int] = field(default_factory=dict)
    settings: str = ""
    classes: Mapping[str, int] = field(default_factory=dict)


def choose_seed(asked_for: int | None, earlier: EarlierStart | None) -> int:
    """The seed asked for, else that of the run in the folder, else a fresh one; ConfigError beyond [0, 2**31)."""
    if asked_for is not None:
        if not 0 <= asked_for < 2**31:
            raise ConfigError(f"the seed is {asked_for}", "--seed", f"give 0 to {2**31 - 1}")
        return asked_for
    return earlier.seed if earlier else int.from_bytes(os.urandom(4), "little") >> 1


def record_start(
    model_dir: Path,
    data: Sequence[str],
    *,
    step: int,
    seed: int,
    settings: str = "",
    classes: Mapping[str, int] | None = None,
) -> None:
    """Adds to `<model_dir>/run.json` how the run was started or resumed, one entry a start.

    Args:
      model_dir: The folder of the run.
      data: The files that it is trained on.
      step: From which step it goes on.
      seed: See `choose_seed`.
      settings: What decides about its weights, as text.
      classes: The ids of its classes by name.
    """
    start = {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": sys.argv,
        "folder": os.getcwd(),
        "from_step": step,
        "seed": seed,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
        "data": [{"path": path, "bytes": file_size(path)} for path in data],
        "settings": settings,
        "classes": dict(classes or {}),
    }
    path = model_dir / _RECORD
    try:
        starts = _read(path)[0]
    except ValueError:
        starts = []  # `last_start` has told of it
        os.replace(path, _put_aside(path))
    write_text(path, json.dumps({"starts": [*starts, start]}, indent=2) + "\n")


def last_start(model_dir: Path) -> EarlierStart | None:
    """How the run in the folder was started last; None where there is none, or its record is damaged, which is told."""
    path = model_dir / _RECORD
    try:
        return _read(path)[1]
    except ValueError:
        print(
            f"warning: {path} is damaged: seed and data of the earlier starts are not known; it begins anew, and the "
            f"damaged one is kept as {_put_aside(path).name}",
            file=sys.stderr,
        )
        return None


def _put_aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _read(path: Path) -> tuple[list[dict[str, Any]], EarlierStart | None]:
    """The starts that were recorded, and what is of use of the last; ValueError where the file is damaged."""
    try:
        starts = list(json.loads(path.read_bytes())["starts"])
        return starts, _earlier(starts[-1]) if starts else None
    except FileNotFoundError:
        return [], None
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no record of a run") from error


def _earlier(start: dict[str, Any]) -> EarlierStart:
    return EarlierStart(
        seed=int(start["seed"]) % 2**31,
        data={str(entry["path"]): int(entry["bytes"]) for entry in start["data"]},
        settings=str(start.get("settings", "")),
        classes={str(name): int(number) for name, number in start.get("classes", {}).items()},
    )
