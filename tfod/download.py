"""Fetching a large file so that an interruption costs nothing that has come already.

What comes is written to a part file beside the place. Beside that, a small JSON file keeps what the server said of the
file (its version and its size): whoever goes on later asks for the rest of that very version, and begins anew where
the file has changed meanwhile or the server knows no rests.
"""

import errno
import http.client
import json
import os
import re
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from tfod.errors import DownloadError, OutputError
from tfod.files import lock, output_error, write_text
from tfod.progress import Progress

__all__ = ["download"]

_CHUNK = 1 << 18
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)  # what a server says that may well answer in a minute
_RANGE_NOT_SATISFIABLE = 416
_NO_WAY_THERE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ECONNREFUSED, errno.EADDRNOTAVAIL)


def download(
    url: str, path: Path | str, *, timeout: float = 30.0, pauses: Sequence[float] = (1.0, 2.0, 4.0, 8.0)
) -> None:
    """Fetches `url` (http or https) to the file `path`, whole or not at all, with progress on stderr.

    What has come when it breaks off is kept as `path` + `.part`, from where the next call goes on.

    Args:
      timeout: Seconds without a byte after which the server counts as silent.
      pauses: Seconds before each new attempt.

    Raises:
      DownloadError: The file cannot be had.
      OutputError: It cannot be written.
    """
    path = Path(path)
    part = _Part(path)
    if not re.match(r"https?://[^/]", url):
        raise DownloadError("this is no address to download from", url, "give one that begins with http:// or https://")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.locked():
            _fetch(url, part, timeout, pauses)
            os.replace(part.path, path)
            part.forget()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.remove()
        raise output_error(error, path) from error
    except KeyboardInterrupt:
        kept = f"{part.size / 1e6:.1f} MB are kept in {part.path}; the same command goes on from there"
        print(kept if part.size else "nothing has come yet", file=sys.stderr)
        raise


@dataclass(frozen=True)
class _Version:
    """What a server says of a file: `mark` tells its versions apart (ETag or date; None: it says nothing)."""

    url: str
    mark: str | None
    size: int | None


class _BrokenOffError(Exception):
    """The transfer broke off, and may go on. `offline`: there was no way to the server."""

    def __init__(self, reason: str, *, offline: bool = False) -> None:
        super().__init__(reason)
        self.offline = offline


class _Part:
    """The part file of one download, and what is known of the whole."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}.part")
        self._notes = path.with_name(f"{path.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self, url: str) -> _Version | None:
        """Of what the part is one; None where that is not known, or it is of another address."""
        try:
            version = _Version(**json.loads(self._notes.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return version if version.url == url else None

    def note(self, version: _Version) -> None:
        write_text(self._notes, json.dumps(asdict(version)) + "\n")

    def forget(self) -> None:
        """Lets the next transfer begin anew."""
        self._notes.unlink(missing_ok=True)

    def remove(self) -> None:
        self.forget()
        self.path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Two downloads must not write to one part. The file is there meanwhile, and afterwards unless it is empty."""
        with open(self.path, "ab") as file:
            if not lock(file):
                what, cure = "another process is downloading this file", "wait until it is done"
                raise DownloadError(what, str(self.path), cure)
            try:
                yield
            finally:
                if not self.size:
                    self.remove()


def _fetch(url: str, part: _Part, timeout: float, pauses: Sequence[float]) -> None:
    """Transfers, again after a break, until all is there, or it breaks off without having come further."""
    furthest, failures = 0, 0
    while True:
        before = part.size
        try:
            _transfer(url, part, timeout)
            return
        except _BrokenOffError as broken:
            came_further = part.size > max(furthest, before)
            furthest = max(furthest, part.size)
            failures = 1 if came_further else failures + 1
            if failures > len(pauses) or (broken.offline and not came_further and failures == 1):
                raise _given_up(url, part, broken) from broken
            pause = pauses[failures - 1]
            print(f"{broken}; trying again in {pause:g} s", file=sys.stderr)
            time.sleep(pause)


def _given_up(url: str, part: _Part, broken: _BrokenOffError) -> DownloadError:
    later = f"the {part.size / 1e6:.1f} MB that came are kept, and the same command goes on" if part.size else ""
    if broken.offline:
        cure = "connect to the internet (behind a proxy, set http_proxy) and type the same again"
    else:
        cure = "type the same again later"
    return DownloadError(str(broken), url, f"{cure}; {later}" if later else cure)


def _transfer(url: str, part: _Part, timeout: float) -> None:
    """One attempt: asks for what is missing, and writes it. Raises _BrokenOffError unless everything is there then."""
    known = part.version(url)
    start = part.size if known else 0
    if known and start and start == known.size:
        return
    headers = {"User-Agent": "tfod"}
    if known and start:
        headers["Range"] = f"bytes={start}-"
        if known.mark:
            headers["If-Range"] = known.mark
    with _opened(url, headers, part, timeout) as response:
        version = _version(response, url)
        if response.status == http.client.PARTIAL_CONTENT:
            if known is None or not _continues(response, start, known, version):
                part.forget()
                raise _BrokenOffError("the server has another version of the file by now")
            version = known
        else:
            if start:
                print("the server sends the file from its beginning", file=sys.stderr)
            start = 0
        _check_room(part, version, start)
        part.note(version)
        with open(part.path, "r+b") as file:
            file.truncate(start)
            file.seek(start)
            _receive(response, file, version, start, timeout)
    if version.size is not None and part.size != version.size:
        came, whole = part.size / 1e6, version.size / 1e6
        raise _BrokenOffError(f"the connection ended after {came:.1f} of {whole:.1f} MB")


@contextmanager
def _opened(url: str, headers: dict[str, str], part: _Part, timeout: float) -> Iterator[http.client.HTTPResponse]:
    """The answer of the server; raises _BrokenOffError or DownloadError where there is none that helps."""
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(url, error, part) from error
    except http.client.InvalidURL as error:
        raise DownloadError(f"this is no address to download from: {error}", url, "check it") from error
    except (OSError, http.client.HTTPException) as error:
        raise _network_error(error, "the server cannot be reached", timeout) from error
    with response:
        yield response


def _refused(url: str, error: urllib.error.HTTPError, part: _Part) -> Exception:
    if error.code == _RANGE_NOT_SATISFIABLE:
        part.forget()
        return _BrokenOffError("the server has another version of the file by now")
    says = f"the server answers {error.code} ({error.reason})"
    if error.code in _MAY_PASS:
        return _BrokenOffError(says)
    if error.code in (404, 410):
        return DownloadError(f"{says}: there is no such file", url, "check the address")
    return DownloadError(says, url, "see what a browser shows there; a proxy or a login may be in between")


def _network_error(error: Exception, what: str, timeout: float) -> _BrokenOffError:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, socket.gaierror):
        return _BrokenOffError(
            "the name of the server cannot be looked up: no connection to the internet?", offline=True
        )
    if isinstance(reason, TimeoutError):
        return _BrokenOffError(f"the server has been silent for {timeout:g} s")
    says = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    offline = isinstance(reason, OSError) and reason.errno in _NO_WAY_THERE
    return _BrokenOffError(f"{what}: {says.lower()}", offline=offline)


def _version(response: http.client.HTTPResponse, url: str) -> _Version:
    etag = response.headers.get("ETag")
    # A weak ETag tells nothing of single bytes.
    mark = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
    length = response.headers.get("Content-Length", "")
    return _Version(url, mark, int(length) if length.isdigit() else None)


def _continues(response: http.client.HTTPResponse, start: int, known: _Version, now: _Version) -> bool:
    """Whether the answer is the rest, from byte `start` on, of the file that is known."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != start or known.size != int(found[3]):
        return False
    return now.mark is None or known.mark is None or now.mark == known.mark


def _check_room(part: _Part, version: _Version, start: int) -> None:
    if version.size is None:
        return
    free, missing = shutil.disk_usage(part.path.parent).free, version.size - start
    if missing > free:
        what = f"the disk is too full: {missing / 1e6:.1f} MB are to come, {free / 1e6:.1f} MB are free"
        cure = "free some space, or choose a folder on another disk"
        raise OutputError(what, str(part.path.parent), cure)


def _receive(response: http.client.HTTPResponse, file: BinaryIO, version: _Version, start: int, timeout: float) -> None:
    with Progress("downloading", version.size, unit="byte", start=start) as progress:
        while True:
            try:
                data = response.read1(_CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise _network_error(error, "the connection broke off", timeout) from error
            if not data:
                return
            file.write(data)
            progress.advance(len(data))
