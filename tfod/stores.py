"""Files in stores, `gs://bucket/train.record` and the like: read through TensorFlow's file systems.

One layer for both kinds: a path without a scheme goes to Python's own functions, and TensorFlow is not imported for it.
What is missing or forbidden is an OSError for both; a store that cannot be asked at all is a StoreError.
"""

import errno
import glob
import importlib
import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from types import TracebackType
from typing import Any, BinaryIO, cast

from tfod.errors import DataError, StoreError

__all__ = [
    "MOST_MATCHES",
    "file_size",
    "is_file",
    "is_folder",
    "is_remote",
    "matches",
    "normal",
    "open_file",
    "plain_reason",
    "read_file",
]

# One letter is a drive of Windows. Slashes after the first are lost where a path went through pathlib.
_SCHEME = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]+):/+(?=[^/])")
MOST_MATCHES = 100_000
_MORE_FILE_SYSTEMS = "tensorflow_io"  # these register themselves when it is imported
_OF_MORE_FILE_SYSTEMS = ("az", "hdfs", "oss", "s3")
_PACKAGE = "tensorflow-io in the version for this TensorFlow (pip install tensorflow-io)"
_CURE = "copy the files to a disk of this machine, or mount the bucket as a folder, and name that"


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path names a file of a store.

    >>> is_remote("gs://bucket/train.record"), is_remote("C:/train.record"), is_remote("data/train.record")
    (True, False, False)
    """
    return _SCHEME.match(os.fspath(path)) is not None


def normal(path: str | os.PathLike[str]) -> str:
    """The path as text, with the slashes after its scheme that pathlib takes away.

    >>> from pathlib import PurePosixPath
    >>> normal(PurePosixPath("gs://bucket/run"))
    'gs://bucket/run'
    """
    text = os.fspath(path)
    match = _SCHEME.match(text)
    if match is None:
        return text
    slashes = "///" if match["scheme"] == "file" else "//"  # `file` names no bucket
    return f"{match['scheme']}:{slashes}{text[match.end() :]}"


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """An open file to read bytes from, and to seek in."""
    if not is_remote(path):
        return open(path, "rb")
    return cast(BinaryIO, _RemoteFile(path))


def read_file(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a file."""
    if is_remote(path) and is_folder(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), normal(path))
    with _gfile(path), open_file(path) as file:
        return file.read()


def file_size(path: str | os.PathLike[str]) -> int:
    """How many bytes a file has."""
    if not is_remote(path):
        return os.path.getsize(path)
    with _gfile(path) as gfile:
        return int(gfile.stat(normal(path)).length)


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file has that name."""
    if not is_remote(path):
        return os.path.isfile(path)
    with _gfile(path) as gfile:
        return bool(gfile.exists(normal(path)) and not gfile.isdir(normal(path)))


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a folder has that name."""
    if not is_remote(path):
        return os.path.isdir(path)
    with _gfile(path) as gfile:
        return bool(gfile.isdir(normal(path)))


def matches(pattern: str, *, recursive: bool = False) -> list[str]:
    """The files and folders that a glob pattern stands for, sorted; with `recursive`, `**` stands for any folders.

    The name of a file that is there stands for that file, whatever is in it. Raises DataError for a pattern that
    stands for half a disk.
    """
    if is_file(pattern):
        return [normal(pattern)]
    if not is_remote(pattern):
        found = [*islice(glob.iglob(pattern, recursive=recursive), MOST_MATCHES + 1)]
        if len(found) > MOST_MATCHES:
            raise DataError(f"the pattern matches more than {MOST_MATCHES} files", pattern, "name them more closely")
        return sorted(found)
    with _gfile(pattern) as gfile:
        return sorted(gfile.glob(normal(pattern)))


def plain_reason(message: str) -> str:
    r"""The first line of a message of TensorFlow's, without the names of nodes and operations.

    >>> plain_reason("{{function_node f}} a.record; No such file [Op:ReadFile]\nmore")
    'a.record; No such file'
    """
    return message.partition("\n")[0].split("}} ")[-1].split(" [Op:")[0].strip()


class _RemoteFile:
    """An open file of a store, as far as files are used here; the store may fail while it is read."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._place = normal(path)
        with _gfile(path) as gfile:
            self._file = gfile.GFile(self._place, "rb")
            self._file.seek(0)  # a file is opened when it is first used

    def read(self, size: int = -1) -> bytes:
        with _told(self._place):
            return cast(bytes, self._file.read(size))

    def seek(self, position: int) -> None:
        with _told(self._place):
            self._file.seek(position)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "_RemoteFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _gfile(path: str | os.PathLike[str]) -> Iterator[Any]:
    """TensorFlow's functions of files for a path of a store, with errors as this layer has them."""
    if not is_remote(path):
        yield None
        return
    import tensorflow as tf

    place = normal(path)
    scheme = place.partition("://")[0]
    if scheme not in tf.io.gfile.get_registered_schemes() and importlib.util.find_spec(_MORE_FILE_SYSTEMS):
        with suppress(ImportError, OSError, AttributeError, RuntimeError):  # one for another TensorFlow
            importlib.import_module(_MORE_FILE_SYSTEMS)
    if scheme not in tf.io.gfile.get_registered_schemes():
        what = f"TensorFlow has no file system for {scheme}:// on this machine"
        cure = f"install {_PACKAGE}, which has one; or {_CURE}" if scheme in _OF_MORE_FILE_SYSTEMS else _CURE
        raise StoreError(what, place, cure)
    with _told(place):
        yield tf.io.gfile


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Within it TensorFlow's errors about a place of a store become those of this layer."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.NotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), place) from error
    except (tf.errors.PermissionDeniedError, tf.errors.UnauthenticatedError) as error:
        raise PermissionError(errno.EACCES, plain_reason(str(error)), place) from error
    except tf.errors.OpError as error:
        raise StoreError(f"the store cannot be asked: {plain_reason(str(error))}", place, _CURE) from error
