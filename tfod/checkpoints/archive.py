"""Unpacking an archive that somebody else has packed: nothing of it is believed.

Only files and folders are made, below the one folder that the caller names; no link, no device, no path that leads
out; and the archive cannot fill the disk: what it unpacks to is in proportion to its own size.
"""

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tfod.errors import CheckpointError
from tfod.files import output_error

__all__ = ["unpack_archive"]

_MOST_MEMBERS = 1000  # the zoo's have about ten
# Weights hardly shrink when they are packed, texts to a tenth.
_MOST_TIMES_LARGER = 20
_ALWAYS_ALLOWED = 16 << 20
_CHUNK = 1 << 20
_AGAIN = "fetch the archive again"
_DISTRUST = "do not use this archive; take the one that the model zoo publishes"


def unpack_archive(archive: Path, folder: Path, source: str) -> None:
    """Unpacks a .tar.gz, all of which lies in one folder, into the empty `folder`: without that folder's name.

    Raises CheckpointError, which names the archive as `source`, where it is damaged, cut short, no such archive, or
    holds what none should; OutputError where the place cannot be written.
    """
    try:
        with _Limited(archive, source) as file, _damage_told(source):
            with tarfile.open(fileobj=file, mode="r|", bufsize=_CHUNK) as tar:
                for member, target in _checked(tar, folder, file):
                    _write(tar, member, target)
            while file.read(_CHUNK):  # to the checksum at the end, past what pads the archive
                pass
    except OSError as error:
        raise output_error(error, folder) from error


class _Limited(gzip.GzipFile):
    """Unpacks until there is more than an honest archive of this size holds."""

    def __init__(self, archive: Path, source: str) -> None:
        super().__init__(archive, "rb")
        self.source = source
        self.left = _ALWAYS_ALLOWED + _MOST_TIMES_LARGER * archive.stat().st_size

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; raises CheckpointError beyond the limit."""
        data = super().read(size)
        self.left -= len(data)
        if self.left < 0:
            raise self.too_large(self.source)
        return data

    def too_large(self, where: str) -> CheckpointError:
        """The error beyond the limit."""
        return CheckpointError("the archive would unpack to many times its size", where, _DISTRUST)


@contextmanager
def _damage_told(source: str) -> Iterator[None]:
    try:
        yield
    except EOFError as error:
        raise CheckpointError("the archive is cut short", source, _AGAIN) from error
    except gzip.BadGzipFile as error:
        reason = "the file is no .tar.gz archive" if "Not a gzipped file" in str(error) else "the archive is damaged"
        cure = f"{_AGAIN}; if that does not help, a proxy or a login page answers instead of the server"
        raise CheckpointError(reason, source, cure) from error
    except (tarfile.TarError, zlib.error, ValueError, RecursionError) as error:
        raise CheckpointError("the archive is damaged", source, _AGAIN) from error


def _checked(tar: tarfile.TarFile, folder: Path, file: _Limited) -> Iterator[tuple[tarfile.TarInfo, Path]]:
    """The archive's members and where each goes, after all that can be wrong with it has been looked for."""
    top: str | None = None
    for count, member in enumerate(tar, start=1):
        where = f"{file.source}, {member.name!r}"
        parts = PurePosixPath(member.name).parts
        if problem := _problem(member, parts):
            raise CheckpointError(f"the archive holds {problem}", where, _DISTRUST)
        if count > _MOST_MEMBERS:
            raise CheckpointError(f"the archive holds more than {_MOST_MEMBERS} files", file.source, _DISTRUST)
        if member.size > file.left + _CHUNK:  # a chunk has been read ahead
            raise file.too_large(where)
        if not parts:
            continue
        top = parts[0] if top is None else top
        if parts[0] != top or (len(parts) == 1 and not member.isdir()):
            what = "the archive's files do not lie in one folder"
            raise CheckpointError(what, where, "pack the model's folder as a whole: tar -czf NAME.tar.gz NAME")
        target = folder.joinpath(*parts[1:])
        there = next(place for place in (target, *target.parents) if place.exists())
        if not there.is_dir() or (there == target and not member.isdir()):
            raise CheckpointError("the archive holds two things of one name", where, _DISTRUST)
        yield member, target


def _problem(member: tarfile.TarInfo, parts: tuple[str, ...]) -> str | None:
    if member.name.startswith("/") or ".." in parts or set(member.name) & {"\\", ":", "\0"}:
        return "a path that leads out of its folder"
    if member.issym() or member.islnk():
        return "a link"
    if member.issparse():
        return "a file with holes"
    if not (member.isreg() or member.isdir()):
        return "what is neither a file nor a folder"
    return None


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    assert source is not None, "regular files have a content"
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
