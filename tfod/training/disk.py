"""What TensorFlow says of disks, said as the rest of the project says it."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from tfod.files import output_error
from tfod.stores import plain_reason

__all__ = ["require_writable", "sweep", "writing"]

_NUMBERS = {
    tf.errors.PermissionDeniedError: errno.EACCES,
    tf.errors.ResourceExhaustedError: errno.ENOSPC,
}


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Turns errors of writing, Python's and TensorFlow's, into OutputError."""
    try:
        yield
    except OSError as error:
        raise output_error(error, path) from error
    except tf.errors.OpError as error:
        reason = OSError(_NUMBERS.get(type(error), errno.EIO), plain_reason(str(error)))
        raise output_error(reason, path) from error


def require_writable(folder: Path) -> None:
    """Makes the folder if it is missing, and tries to write in it: better now than after the first thousand steps."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0" * 4096)
            file.flush()


def sweep(model_dir: Path) -> None:
    """Removes what a run that was killed while it wrote left beside its files; nothing with a name of its own.

    A kill between the two renames that replace the folder `best` leaves both, the new one and the earlier one, whole
    under other names.
    """
    best = model_dir / "best"
    new = [whole.parent for whole in model_dir.glob(".best.*.tmp/best.json")]
    for folder in [*new, *model_dir.glob(".best.*.earlier")]:
        if not best.exists() and any(folder.iterdir()):
            folder.rename(best)
    for leftover in [*model_dir.glob("ckpt-*_temp"), *model_dir.rglob(".*.tmp"), *model_dir.glob(".best.*.earlier")]:
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
