"""A web server on this machine, with every fault that a download may meet."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FileServer:
    """Serves `files`, path -> content. The lists are used up, one item a request."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"1"'})
    ranges: bool = True
    says_length: bool = True
    statuses: list[int] = field(default_factory=list)  # answers instead of the file
    cuts: list[int] = field(default_factory=list)  # bytes of the body after which the connection is closed
    requests: list[tuple[str | None, str | None]] = field(default_factory=list)  # Range and If-Range of each


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        share: FileServer = self.server.share
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        share.requests.append((wanted, condition))
        data = share.files.get(self.path)
        status = share.statuses.pop(0) if share.statuses else 200 if data is not None else 404
        if status != 200 or data is None:
            self.send_error(status)
            return
        first = 0
        # As real servers do: a condition that does not hold makes it a request for the whole file.
        if wanted and share.ranges and condition in (None, *share.headers.values()):
            match = re.fullmatch(r"bytes=(\d+)-", wanted)
            assert match
            first = int(match[1])
            if first >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        for name, value in share.headers.items():
            self.send_header(name, value)
        if share.says_length:
            self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked may have had enough
            self.wfile.write(data[first:][: share.cuts.pop(0) if share.cuts else None])

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[FileServer]:
    """A server that answers while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    share = FileServer(url=f"http://127.0.0.1:{server.server_address[1]}")
    server.share = share  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield share
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
