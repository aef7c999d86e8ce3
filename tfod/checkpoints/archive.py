"""Unpacking an archive that somebody else has packed: nothing of it is believed.

Only files and folders are made, below the one folder that the caller names; no link, no device, no path that leads
out; and the archive cannot fill the disk: what it unpacks to is in proportion to its own size.
"""

import gzip
import sys
import zlib
from pathlib import Path, PurePosixPath

if sys.version_info >= (3, 12):
    import tarfile
else:  # whose tarfile has filters from 3.10.12 and 3.11.4 on; Debian 12 has 3.11.2
    from backports import tarfile

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
        with _Limited(archive, source) as file:
            with tarfile.open(fileobj=file, mode="r|", bufsize=_CHUNK) as tar:
                tar.extractall(folder, filter=_Filter(source))
            while file.read(_CHUNK):  # to the checksum at the end, past what pads the archive
                pass
    except EOFError as error:
        raise CheckpointError("the archive is cut short", source, _AGAIN) from error
    except gzip.BadGzipFile as error:
        reason = "the file is no .tar.gz archive" if "Not a gzipped file" in str(error) else "the archive is damaged"
        cure = f"{_AGAIN}; if that does not help, a proxy or a login page answers instead of the server"
        raise CheckpointError(reason, source, cure) from error
    except (tarfile.TarError, zlib.error, ValueError, RecursionError) as error:
        raise CheckpointError("the archive is damaged", source, _AGAIN) from error
    except OSError as error:
        raise output_error(error, folder) from error


class _Limited(gzip.GzipFile):
    """Unpacks until there is more than an honest archive of this size holds."""

    def __init__(self, archive: Path, source: str) -> None:
        super().__init__(archive, "rb")
        self._source = source
        self._left = _ALWAYS_ALLOWED + _MOST_TIMES_LARGER * archive.stat().st_size

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; raises CheckpointError beyond the limit."""
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise CheckpointError("the archive would unpack to many times its size", self._source, _DISTRUST)
        return data


class _Filter:
    """Python's `data` filter, and what it does not ask: one folder, of which the name is left away, and no link."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0
        self._top = ""

    def __call__(self, member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
        where = f"{self._source}, {member.name!r}"
        self._count += 1
        if self._count > _MOST_MEMBERS:
            raise CheckpointError(f"the archive holds more than {_MOST_MEMBERS} files", self._source, _DISTRUST)
        if member.issparse() or not (member.isreg() or member.isdir()):
            raise CheckpointError("the archive holds what is neither a plain file nor a folder", where, _DISTRUST)
        parts = PurePosixPath(member.name).parts
        self._top = self._top or "".join(parts[:1])
        if parts and (parts[0] != self._top or (len(parts) == 1 and not member.isdir())):
            what = "the archive's files do not lie in one folder"
            raise CheckpointError(what, where, "pack the model's folder as a whole: tar -czf NAME.tar.gz NAME")
        if len(parts) < 2:
            return None
        target = Path(folder, *parts[1:])
        there = next(place for place in (target, *target.parents) if place.exists())
        if not there.is_dir() or (there == target and not member.isdir()):
            raise CheckpointError("the archive holds two things of one name", where, _DISTRUST)
        # None: with the rights and the time of what is made now.
        member = member.replace(name="/".join(parts[1:]), mode=None, mtime=None, deep=False)
        try:
            return tarfile.data_filter(member, folder)
        except tarfile.FilterError as error:
            raise CheckpointError("the archive holds a path that leads out of its folder", where, _DISTRUST) from error
