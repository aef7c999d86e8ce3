"""The application: TensorFlow Serving's addresses for one model, its page, and its health."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tfod.errors import DataError
from tfod.serving.exchange import Exchanges
from tfod.serving.limits import Budget, Held, Limits, RefusedError
from tfod.serving.messages import answer, read_request
from tfod.serving.model import VERSION, ServedModel
from tfod.serving.page import page
from tfod.serving.worker import Outputs, Worker

__all__ = ["Service"]

_DECODERS = 2
_RETRY = {"Retry-After": "1"}
_GONE = 499
_T = TypeVar("_T")


class Service:
    """Everything that belongs to a served model. `app` is what a server runs."""

    def __init__(self, model: ServedModel, limits: Limits) -> None:
        self._model = model
        self._limits = limits
        self._budget = Budget(limits.memory)
        self._decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decoder")
        self._worker = Worker(model.source.outputs, limits.batch if model.takes_batches else 1)
        self._page = page(model.name, model.class_names)
        self._waiting = 0
        self._images = 0
        self.draining = False
        handlers: Any = {
            HTTPException: _http_error,
            RefusedError: _refused,
            ClientDisconnect: self._gone_answer,
            Exception: _defect,
        }
        app = Starlette(routes=self._routes(), exception_handlers=handlers, lifespan=self._lifespan)
        app.router.redirect_slashes = False
        self.app = Exchanges(app)

    def _routes(self) -> list[Route]:
        model = "/v1/models/{name}"
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/healthz", self._health, methods=["GET"]),
            Route("/monitoring/prometheus/metrics", self._metrics, methods=["GET"]),
            *(
                Route(f"{path}{end}", endpoint, methods=[method])
                for path in (f"{model}/versions/{{version}}", model)
                for end, endpoint, method in (
                    (":predict", self._predict, "POST"),
                    ("/metadata", self._metadata, "GET"),
                    ("", self._status, "GET"),
                )
            ),
        ]

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self._worker.close()
        self._decoders.shutdown()

    async def _show(self, request: Request) -> Response:
        return HTMLResponse(self._page, headers={"X-Content-Type-Options": "nosniff"})

    async def _health(self, request: Request) -> Response:
        if self.draining or not self._worker.alive:
            raise RefusedError(503, "the server is shutting down" if self.draining else "the model has ended")
        return JSONResponse({"status": "ok"})

    async def _metrics(self, request: Request) -> Response:
        lines = ["# TYPE tfod_requests_total counter"]
        lines += [f'tfod_requests_total{{status="{key}"}} {n}' for key, n in sorted(self.app.statuses.items())]
        lines += ["# TYPE tfod_images_total counter", f"tfod_images_total {self._images}"]
        lines += ["# TYPE tfod_images_waiting gauge", f"tfod_images_waiting {self._worker.waiting}"]
        return PlainTextResponse("\n".join(lines) + "\n")

    async def _status(self, request: Request) -> Response:
        self._check(request)
        state = "UNLOADING" if self.draining else "AVAILABLE"
        status = {"error_code": "OK", "error_message": ""}
        return JSONResponse({"model_version_status": [{"version": str(VERSION), "state": state, "status": status}]})

    async def _metadata(self, request: Request) -> Response:
        self._check(request)
        return JSONResponse(self._model.metadata())

    async def _predict(self, request: Request) -> Response:
        self._check(request)
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.seconds
        with self._budget.holding() as held:
            late = RefusedError(408, "the request did not come in time")
            body = await _within(self._body(request, held), self._limits.seconds, late)
            with self._place():
                late = RefusedError(504, f"no answer within {self._limits.seconds:g} seconds")
                answered = self._unless_gone(request, self._answer(body, held))
                return Response(await _within(answered, end - loop.time(), late), media_type="application/json")

    async def _answer(self, body: bytes, held: Held) -> bytes:
        loop = asyncio.get_running_loop()
        size, outputs = self._model.source.image_size, list(self._model.example)
        read = functools.partial(read_request, body, self._limits, size, outputs, held.add)
        asked = await loop.run_in_executor(self._decoders, read)
        waiting = [asyncio.wrap_future(self._worker.submit(image)) for image in asked.images]
        try:
            found: list[Outputs] = await asyncio.gather(*waiting)
        except DataError as error:
            raise RefusedError(400, f"{error.what}: {error.cure}") from error
        except Exception as error:  # the worker has told of it
            raise RefusedError(500, f"the model failed: {type(error).__name__}") from error
        finally:
            for one in waiting:
                one.cancel()
        self._images += len(found)
        return await loop.run_in_executor(self._decoders, answer, found, asked)

    async def _body(self, request: Request, held: Held) -> bytes:
        most = self._limits.body_bytes
        large = RefusedError(413, f"the request is too large; it may have {most} bytes")
        if int(request.headers.get("content-length", "0")) > most:
            raise large
        if request.headers.get("content-encoding", "identity") != "identity":
            raise RefusedError(415, "compressed requests are not taken")
        body = bytearray()
        async for chunk in request.stream():
            if len(body) + len(chunk) > most:
                raise large
            held.add(len(chunk))
            body += chunk
        return bytes(body)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A place among those that wait; RefusedError where there is none."""
        if self._waiting >= self._limits.waiting:
            raise RefusedError(503, f"{self._waiting} requests wait already; try again later")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _unless_gone(self, request: Request, work: Awaitable[_T]) -> _T:
        """The work's result; ClientDisconnect, and the work ends, where nobody waits for it any more."""
        task, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._gone(request))
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ClientDisconnect
            return task.result()
        finally:
            task.cancel()
            gone.cancel()

    async def _gone(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        if self.draining:  # the server says so of everybody; who waits still gets an answer
            await asyncio.Event().wait()

    async def _gone_answer(self, request: Request, error: Exception) -> Response:
        if self.draining:
            return await _refused(request, RefusedError(503, "the server is shutting down"))
        return Response(status_code=_GONE)

    def _check(self, request: Request) -> None:
        name, version = request.path_params["name"], request.path_params.get("version")
        if ":" in (version or name):  # a verb, which the pattern of a name takes too
            raise HTTPException(405, headers={"Allow": "POST"})
        if name != self._model.name or version not in (None, str(VERSION)):
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise RefusedError(404, f"Servable not found for request: {asked}; there is {self._model.name}")


async def _within(work: Awaitable[_T], seconds: float, late: RefusedError) -> _T:
    try:
        return await asyncio.wait_for(work, max(seconds, 0.001))
    except asyncio.TimeoutError as error:
        raise late from error


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status, headers)


async def _refused(request: Request, error: RefusedError) -> Response:
    return _error(error.status, error.message, _RETRY if error.status == 503 else None)


async def _http_error(request: Request, error: HTTPException) -> Response:
    message = f"Malformed request: {request.method} {request.url.path}"
    return _error(error.status_code, message, dict(error.headers or {}))


async def _defect(request: Request, error: Exception) -> Response:
    return _error(500, "the server failed; its log says more")
