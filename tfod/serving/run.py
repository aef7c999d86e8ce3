"""The server: its port, its start, and its end without losing an answer."""

import signal
import socket
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import uvicorn

from tfod.errors import ConfigError
from tfod.serving.limits import Limits
from tfod.serving.protocol import GuardedProtocol
from tfod.serving.service import Service

__all__ = ["PORT", "Server", "address", "listen", "model_name", "run"]

PORT = 8501
"""Where TensorFlow Serving's REST interface is."""

_MODEL_FILES = ("saved_model", "frozen_inference_graph", "model")


class Server(uvicorn.Server):
    """uvicorn's server, which tells the service when it begins to end."""

    def __init__(self, service: Service, limits: Limits, on_start: Callable[[], None]) -> None:
        protocol: Any = GuardedProtocol
        config = uvicorn.Config(
            service.app,
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=ceil(limits.seconds),
        )
        super().__init__(config)
        self._service = service
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to answer."""
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, and answers the requests that are there."""
        self._service.draining = True
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """The socket of an address, not yet answering; port 0 is any free one. ConfigError where it cannot be had."""
    where = f"{host}, port {port}"
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(place)
        except OSError:
            opened.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        cure = "end the program that has it, or choose another: --port (0 for any that is free), --host"
        raise ConfigError(f"the server cannot have this address: {reason}", where, cure) from error
    return opened


def address(opened: socket.socket) -> str:
    """The address of a socket, for a browser on this machine."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def model_name(path: str) -> str:
    """What a model is called in addresses: its folder's name, or its file's where that says more.

    >>> [model_name(path) for path in ("exported_models/photos/saved_model", "photos/model_int8.tflite", "cats.onnx")]
    ['photos', 'photos', 'cats']
    """
    place = Path(path).resolve()
    name = place.stem if place.suffix in (".tflite", ".onnx", ".pb") else place.name
    if name.startswith(_MODEL_FILES):
        name = place.parent.name
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name) or "model"


def run(service: Service, limits: Limits, opened: socket.socket, on_start: Callable[[], None]) -> None:
    """Answers until SIGTERM or SIGINT; what is under way then is answered first."""
    # uvicorn sends itself the signal again when it is done; of a SIGTERM nothing is left to do then.
    earlier = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        Server(service, limits, on_start).run(sockets=[opened])
    finally:
        signal.signal(signal.SIGTERM, earlier)
