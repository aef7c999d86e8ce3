"""What TensorFlow says of disks, said as the rest of the project says it."""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from tfod.files import output_error

__all__ = ["require_writable", "writing"]

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
        reason = OSError(_NUMBERS.get(type(error), errno.EIO), str(error).splitlines()[0])
        raise output_error(reason, path) from error


def require_writable(folder: Path) -> None:
    """Makes the folder if it is missing, and tries to write in it: better now than after the first thousand steps."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0" * 4096)
            file.flush()
