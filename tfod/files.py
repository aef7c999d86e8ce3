"""Writing files so that a reader sees the whole new file or the old one, never a part."""

import errno
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tfod.errors import OutputError, TfodError
from tfod.stores import is_remote, normal

__all__ = [
    "LFS_CURE",
    "beginning",
    "check_folder",
    "check_place",
    "contents",
    "is_lfs_pointer",
    "lock",
    "output_error",
    "read_bytes",
    "replacing",
    "replacing_directory",
    "write_bytes",
    "write_text",
]

LFS_CURE = "fetch the files with: git lfs pull (in the folder that was cloned; git lfs install before, if need be)"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_OF_THE_DISK = "lost+found"
_WORKING = re.compile(r"\..*\.[a-z0-9_]{8}\.(tmp|earlier)", re.DOTALL)

_CURES = {
    errno.ENOSPC: "free some space, or choose an output on another disk",
    errno.EDQUOT: "free some of your quota, or choose an output on another disk",
    errno.EACCES: "make the folder writable, or choose another output",
    errno.EROFS: "choose an output on a disk that can be written",
    errno.ENOTDIR: "choose an output whose parents are folders",
    errno.EEXIST: "choose an output whose parents are folders",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "choose the name of a file; this is a folder",
    errno.EBUSY: "something there is mounted or in use: choose another output",
    errno.EMFILE: "write fewer files at once, or allow more open files (ulimit -n)",
}


def output_error(error: OSError, path: Path | str) -> OutputError:
    """The error to raise when writing `path` failed with `error`."""
    cure = _CURES.get(error.errno or 0, "choose another output")
    reason = error.strerror or str(error)
    return OutputError(f"cannot write the output: {reason.lower()}", str(path), cure)


def check_place(path: Path) -> None:
    """Makes the folders above `path`; raises OutputError or OSError where no file could take that name."""
    _require_local(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # a rename would take the place of /dev/null
        raise OutputError("the output is a device, not a file", str(path), "choose the name of a file")


def check_folder(path: Path | str) -> None:
    """Raises OutputError where something other than a folder has the name `path`: a folder would take its place."""
    if path == "":
        raise OutputError("the output has no name", "the command line", "choose the name of a folder")
    _require_local(path)
    if os.path.lexists(path) and not os.path.isdir(path):
        if os.path.isfile(path):
            kind = "a file"
        else:
            kind = "a pipe or a device" if os.path.exists(path) else "a link that leads nowhere"
        raise OutputError(f"the output is {kind}, not a folder", str(path), "choose the name of a new folder")


def _require_local(path: Path | str) -> None:
    if is_remote(path):
        cure = "write to a folder of this machine, and copy it: gsutil cp -r, or the like"
        raise OutputError("this output cannot be written to a store", normal(path), cure)


def lock(file: BinaryIO | int) -> bool:
    """Whether the open file or descriptor is this process's alone from now on until it is closed.

    On a system without locks it always is.
    """
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

    Parent folders are made. Raises OutputError where the place cannot be written or the disk is full. What a killed
    process left of the same output is swept away.
    """
    path = Path(path)
    with _output_errors(path):
        check_place(path)
        _sweep_files(path)
        temporary, descriptor = _locked_file(path.parent, path.name)
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
            if descriptor is not None:
                os.close(descriptor)


@contextmanager
def replacing_directory(path: Path | str) -> Iterator[Path]:
    """The same for a folder: an earlier folder `path`, or the one that it links to, is replaced whole.

    Raises OutputError where `path` is something else, such as a file or a device: that is never replaced.
    Between moving the earlier folder away and the new one in, for the time of one rename, there is neither.
    A folder that cannot be renamed (a mount point, the working directory, one in a folder that is not writable) is
    filled instead: while its entries are moved it holds some of both. What a killed process left is swept away.
    """
    check_folder(path)
    folder = Path(os.path.realpath(path))
    with _output_errors(Path(path)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        home = folder if _stays(folder) else folder.parent
        for leftover in _leftovers(home, folder.name):
            _settle(leftover, folder)
        working, descriptor = _locked_folder(home, folder.name)
        try:
            with _told_of(path, working):
                yield working
            check_folder(path)  # again: it may have come in the meantime
            if home == folder:
                _fill(working, folder, contents(folder))
            else:
                _swap(working, folder)
        finally:
            _remove(working)
            if descriptor is not None:
                os.close(descriptor)


def contents(folder: Path | str) -> list[str]:
    """The names in a folder, sorted, without what belongs to its disk and what `replacing_directory` works with."""
    return sorted(name for name in os.listdir(folder) if name != _OF_THE_DISK and not _WORKING.fullmatch(name))


def _stays(folder: Path) -> bool:
    """Whether a folder cannot be renamed: it is mounted, in use, or its parent is not writable."""
    if not folder.exists():
        return False
    current = Path(os.path.realpath(os.curdir))
    mounted = os.path.ismount(folder) or str(folder) in _mount_points()
    return mounted or folder in (current, *current.parents) or not os.access(folder.parent, os.W_OK)


def _mount_points() -> set[str]:
    """As Linux lists them: `os.path.ismount` does not see a folder that is mounted from the same disk."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return set()
    return {re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), line.split(" ")[4]) for line in lines}


def _locked_folder(home: Path, name: str) -> tuple[Path, int | None]:
    """A new folder `.name.xxxxxxxx.tmp` in `home`, and the descriptor that holds its lock until it is closed."""
    return _locked(lambda: tempfile.mkdtemp(prefix=f".{name}.", suffix=".tmp", dir=home), 0o777)


def _locked_file(home: Path, name: str) -> tuple[Path, int | None]:
    """The same for a file."""

    def make() -> str:
        handle, made = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=home)
        os.close(handle)
        return made

    return _locked(make, 0o666)


def _locked(make: Callable[[], str], rights: int) -> tuple[Path, int | None]:
    while True:
        working = Path(make())
        try:
            # What tempfile makes only its owner reads; the result gets the rights of anything else that is new.
            os.chmod(working, rights & ~_umask())
            descriptor = _take(working)
        except FileNotFoundError:
            continue
        except OSError:  # a disk without locks, where nothing is ever swept away
            return working, None
        # Until it was locked, another process could take it for a leftover.
        if descriptor is not None and working.exists():
            return working, descriptor
        if descriptor is not None:
            os.close(descriptor)


# By folder: what lay there when this process first wrote a file into it, by the output that it was to become.
_left: dict[Path, dict[str, list[Path]]] = {}


def _sweep_files(path: Path) -> None:
    """Removes what killed processes left of the file `path`.

    A folder is looked through once, since thousands of files may go into it.
    """
    home = path.parent.absolute()
    if home not in _left:
        _left[home] = {}
        for leftover in filter(Path.is_file, home.glob(".*.tmp")):
            if _WORKING.fullmatch(leftover.name):
                output = leftover.name[1 : -len(".xxxxxxxx.tmp")]
                _left[home].setdefault(output, []).append(leftover)
    for leftover in _left[home].pop(path.name, ()):
        with suppress(OSError):  # it is gone by now, or the disk has no locks
            descriptor = _take(leftover)
            if descriptor is not None:
                # Beside it lies what a writer made that chooses its format by the ending.
                for part in (leftover, *home.glob(f"{glob.escape(leftover.stem)}.*")):
                    part.unlink(missing_ok=True)
                os.close(descriptor)


def _leftovers(home: Path, name: str) -> Iterator[Path]:
    """The working folders for an output `name` whose processes are dead; each is locked until the next is asked for."""
    for entry in sorted(home.glob(f".{glob.escape(name)}.*.tmp")):
        if not _WORKING.fullmatch(entry.name):
            continue
        try:
            descriptor = _take(entry)
        except OSError:
            continue
        if descriptor is not None:
            try:
                yield entry
            finally:
                os.close(descriptor)


def _take(place: Path) -> int | None:
    """An open descriptor that holds the lock; None where another process has it. OSError where there are no locks."""
    if os.name == "nt":
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(place))
    descriptor = os.open(place, os.O_RDONLY)
    try:
        taken = lock(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    if taken:
        return descriptor
    os.close(descriptor)
    return None


def _settle(working: Path, folder: Path) -> None:
    """Ends what a killed process began: from its first rename on, the new folder is whole and takes its place."""
    with suppress(OSError):  # a leftover that cannot be moved is no reason not to write the output
        if _earlier(working).is_dir() and working.parent == folder:
            _fill(working, folder, [name for name in os.listdir(working) if os.path.lexists(folder / name)])
        elif _earlier(working).is_dir() and not folder.exists():
            os.replace(working, folder)
    _remove(working)


def _swap(working: Path, folder: Path) -> None:
    """Gives the new folder the name of the earlier one, if there is one."""
    if not folder.exists():
        os.replace(working, folder)
        return
    os.replace(folder, _earlier(working))
    try:
        os.replace(working, folder)
    except BaseException:
        os.replace(_earlier(working), folder)
        raise


def _fill(working: Path, folder: Path, old: Iterable[str]) -> None:
    """Moves the entries `old` out of the folder and the new ones in; after an error they are as they were."""
    earlier = _earlier(working)
    earlier.mkdir(exist_ok=True)
    moved: list[tuple[Path, Path]] = []
    try:
        pairs = [(folder / name, earlier / name) for name in old]
        for source, target in [*pairs, *((working / name, folder / name) for name in os.listdir(working))]:
            os.replace(source, target)
            moved.append((target, source))
    except BaseException:
        for target, source in reversed(moved):
            os.replace(target, source)
        raise


def _earlier(working: Path) -> Path:
    return working.with_suffix(".earlier")


def _remove(working: Path) -> None:
    shutil.rmtree(working, ignore_errors=True)
    shutil.rmtree(_earlier(working), ignore_errors=True)


def read_bytes(path: str) -> bytes:
    """The content of a regular file, with the fewest calls to the system: what counts for many small files."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def beginning(source: object) -> bytes:
    """The first bytes of a file, or of its content; none where it cannot be read."""
    if isinstance(source, bytes):
        return source[:64]
    try:
        with open(os.fspath(source), "rb") as file:  # type: ignore[call-overload]
            return bytes(file.read(64))
    except (OSError, TypeError, ValueError):
        return b""


def is_lfs_pointer(data: bytes | memoryview) -> bool:
    """Whether a file that begins so is a pointer of Git LFS, which stands for a file that was not fetched."""
    return bytes(data[: len(_LFS_POINTER)]) == _LFS_POINTER


def write_bytes(path: Path | str, data: bytes) -> None:
    """Writes a file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Writes a UTF-8 text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def _told_of(path: Path | str, working: Path) -> Iterator[None]:
    """Errors name the output instead of the working folder, which will be gone."""
    try:
        yield
    except TfodError as error:
        if str(working) not in error.where:
            raise
        where = error.where.replace(str(working), str(path))
        raise type(error)(error.what, where, error.cure) from error


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
