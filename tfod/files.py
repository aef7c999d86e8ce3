"""Writing files so that a reader sees the whole new file or the old one, never a part."""

import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tfod.errors import DataError, OutputError

__all__ = [
    "LFS_CURE",
    "check_folder",
    "check_place",
    "files_matching",
    "is_lfs_pointer",
    "lock",
    "output_error",
    "read_bytes",
    "replacing",
    "replacing_directory",
    "write_text",
]

_MOST_MATCHES = 100_000

LFS_CURE = "fetch the files with: git lfs pull (in the folder that was cloned; git lfs install before, if need be)"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_CURES = {
    errno.ENOSPC: "free some space, or choose an output on another disk",
    errno.EDQUOT: "free some of your quota, or choose an output on another disk",
    errno.EACCES: "make the folder writable, or choose another output",
    errno.EROFS: "choose an output on a disk that can be written",
    errno.ENOTDIR: "choose an output whose parents are folders",
    errno.EEXIST: "choose an output whose parents are folders",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "choose the name of a file; this is a folder",
    errno.EMFILE: "write fewer files at once, or allow more open files (ulimit -n)",
}


def output_error(error: OSError, path: Path | str) -> OutputError:
    """The error to raise when writing `path` failed with `error`."""
    cure = _CURES.get(error.errno or 0, "choose another output")
    reason = error.strerror or str(error)
    return OutputError(f"cannot write the output: {reason.lower()}", str(path), cure)


def check_place(path: Path) -> None:
    """Makes the folders above `path`; raises OutputError or OSError where no file could take that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # a rename would take the place of /dev/null
        raise OutputError("the output is a device, not a file", str(path), "choose the name of a file")


def check_folder(path: Path | str) -> None:
    """Raises OutputError where something other than a folder has the name `path`: a folder would take its place."""
    if os.path.lexists(path) and not os.path.isdir(path):
        if os.path.isfile(path):
            kind = "a file"
        else:
            kind = "a pipe or a device" if os.path.exists(path) else "a link that leads nowhere"
        raise OutputError(f"the output is {kind}, not a folder", str(path), "choose the name of a new folder")


def lock(file: BinaryIO) -> bool:
    """Whether the open file is this process's alone from now on, until it is closed; a system without locks: yes."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yields a path beside `path` to write to; on success it takes the name `path`, on failure it is removed.

    Parent folders are made. Raises OutputError where the place cannot be written or the disk is full.
    """
    path = Path(path)
    with _output_errors(path):
        check_place(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
        # mkstemp makes files that only the owner reads; the result gets the rights of any other new file.
        os.chmod(name, 0o666 & ~_umask())
        try:
            yield Path(name)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)


@contextmanager
def replacing_directory(path: Path | str) -> Iterator[Path]:
    """The same for a folder: an earlier folder `path`, or the one that it links to, is replaced whole.

    Raises OutputError where `path` is something else, such as a file or a device: that is never replaced.
    Between moving the earlier folder away and the new one in, for the time of one rename, there is neither.
    """
    check_folder(path)
    path = Path(os.path.realpath(path) if os.path.islink(path) else path)
    with _output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        os.chmod(working, 0o777 & ~_umask())
        earlier = working.with_suffix(".earlier")
        try:
            yield working
            check_folder(path)  # again: it may have come in the meantime
            if path.exists():
                os.replace(path, earlier)
            os.replace(working, path)
        finally:
            shutil.rmtree(working, ignore_errors=True)
            shutil.rmtree(earlier, ignore_errors=True)


def read_bytes(path: str) -> bytes:
    """The content of a regular file, with the fewest calls to the system: what counts for many small files."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def files_matching(pattern: str, *, recursive: bool = False) -> list[str]:
    """The files that a glob pattern matches, sorted; with `recursive`, `**` stands for any folders.

    Links that lead nowhere are none. Raises DataError for a pattern that matches half a disk.
    """
    found = [*islice(glob.iglob(pattern, recursive=recursive), _MOST_MATCHES + 1)]
    if len(found) > _MOST_MATCHES:
        raise DataError(f"the pattern matches more than {_MOST_MATCHES} files", pattern, "name them more closely")
    return sorted(filter(os.path.isfile, found))


def is_lfs_pointer(data: bytes | memoryview) -> bool:
    """Whether a file that begins so is a pointer of Git LFS, which stands for a file that was not fetched."""
    return bytes(data[: len(_LFS_POINTER)]) == _LFS_POINTER


def write_text(path: Path | str, text: str) -> None:
    """Writes a UTF-8 text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _CURES:
            raise output_error(error, path) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
