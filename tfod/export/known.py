"""Which SavedModels were exported on this machine: what a model of somebody else does when it is loaded, nobody knows.

Remembered are the checksums of their graphs, in a file of the user's own.
"""

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from tfod.stores import is_file, read_file

__all__ = ["GRAPH_FILE", "is_known", "remember", "warn_of_stranger"]

GRAPH_FILE = "saved_model.pb"
"""The file of a SavedModel that holds its graph."""


def remember(folder: Path | str) -> None:
    """Adds the SavedModel in `folder` to those that were exported here; where nothing can be written, it stays out."""
    with suppress(OSError):
        place = _place()
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="ascii") as file:
            file.write(f"{_checksum(folder)}\n")


def is_known(folder: Path | str) -> bool:
    """Whether the SavedModel in `folder` was exported here, wherever it lies now."""
    try:
        return _checksum(folder) in _place().read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return False


def warn_of_stranger(path: Path | str) -> None:
    """Says, before a SavedModel's folder or a frozen graph is loaded that was not exported here, what that may do."""
    if is_file(str(path)) or not is_known(path):
        print(
            f"{path} was not exported here: its graph runs when it is loaded, and could write files; "
            "load models only from people whom you trust",
            file=sys.stderr,
        )


def _place() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(state, "tfod", "exported_models.txt")


def _checksum(folder: Path | str) -> str:
    return hashlib.sha256(read_file(os.path.join(folder, GRAPH_FILE))).hexdigest()
