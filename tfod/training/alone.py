"""One run at a time in a folder."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

from tfod.errors import TrainingError
from tfod.files import lock
from tfod.training.disk import writing

__all__ = ["alone_in"]

_LOCK = ".lock"


@contextmanager
def alone_in(model_dir: Path) -> Iterator[None]:
    """Within it no other process trains in the folder; two would overwrite each other's checkpoints.

    The lock is the system's, and dies with the process however that ends; the file stays, and says who had it last.
    On a disk without locks there is none.

    Raises:
      TrainingError: another process trains in the folder.
    """
    path = model_dir / _LOCK
    with writing(path):
        file = path.open("a+b")
    with file:
        if not _is_ours(file):
            file.seek(0)
            owner = " ".join(file.read(1000).decode(errors="replace").split())
            raise TrainingError(
                f"another run is training in this folder{f': {owner}' if owner else ''}",
                str(model_dir),
                "wait until it ends, stop it, or give another --model_dir",
            )
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with writing(path):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}, since {now}\n".encode())
            file.flush()
        yield


def _is_ours(file: BinaryIO) -> bool:
    try:
        return lock(file)
    except OSError:  # the disk has no locks
        return True
