"""Connections of clients that are slow, silent, or do not speak HTTP: they get an answer or are closed, in time."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HEAD_SECONDS", "MOST_CONNECTIONS", "GuardedProtocol"]

HEAD_SECONDS = 10.0
MOST_CONNECTIONS = 512
_READER_SECONDS = 30.0


class GuardedProtocol(H11Protocol):
    """uvicorn's connection, with limits that it does not have.

    The head of a request comes within HEAD_SECONDS; the reader of a long answer does not stand still; there are at
    most MOST_CONNECTIONS; and what is no HTTP is answered in JSON as everything else.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts to wait for a head."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._close_with(503, "too many connections; try again later")
        else:
            self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops waiting."""
        self._stop(self._head_timer)
        self._stop(self._reader_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes of a request."""
        if not self.transport.is_closing():
            super().data_received(data)
            self._watch_head()

    def pause_writing(self) -> None:
        """Waits for the reader, not for ever."""
        super().pause_writing()
        self._stop(self._reader_timer)
        self._reader_timer = self.loop.call_later(_READER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Goes on writing."""
        self._stop(self._reader_timer)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP."""
        self._close_with(400, msg)
        if self.cycle is not None:  # its body went wrong
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _watch_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        if not self.transport.is_closing():
            self._close_with(408, "the request did not come in time")

    def _close_with(self, status: int, message: str) -> None:
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            body = json.dumps({"error": message}).encode()
            head = (
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()

    @staticmethod
    def _stop(timer: Any) -> None:
        if timer is not None:
            timer.cancel()
