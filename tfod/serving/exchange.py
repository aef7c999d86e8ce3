"""What happens around every request: its line in the log, and a close that lets the client read its answer."""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tfod.terminal import shown

__all__ = ["Exchanges"]

_log = logging.getLogger("tfod.serving")
_LINGER_SECONDS = 2.0
_NEVER_ANSWERED = 499


class Exchanges:
    """The application with a line in the log for each request, and counts of them by status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.statuses: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        exchange, began = _Exchange(scope, receive, send), time.perf_counter()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:  # it was answered already, with a 500
            _log.exception("this is a defect of the server")
        finally:
            self.statuses[exchange.status] += 1
            client = (scope.get("client") or ("-",))[0]
            line = f"{client} {scope['method']} {scope['path']} {exchange.status}"
            _log.info("%s", shown(f"{line} {1000 * (time.perf_counter() - began):.0f} ms"))


class _Exchange:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self._receive, self._send = receive, send
        self._body_comes = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
        self._lingers = False
        self.status = _NEVER_ANSWERED

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body"):
            self._body_comes = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._body_comes:
                # Nobody will read the rest, and so the connection cannot be used again.
                self._lingers = True
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        elif self._lingers and not message.get("more_body"):
            # A close while the client still writes would take the answer away from it.
            await self._send({**message, "more_body": True})
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._rest(), _LINGER_SECONDS)
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _rest(self) -> None:
        while self._body_comes:
            await self.receive()
