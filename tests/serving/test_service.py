"""A real server on a free port, and clients of every kind."""

import base64
import http.client
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.browser import CHROMIUM, browsing
from tfod import names
from tfod.errors import ConfigError
from tfod.serving.limits import Limits
from tfod.serving.model import ServedModel
from tfod.serving.run import Server, listen
from tfod.serving.service import Service

PREDICT = "/v1/models/light:predict"


class Brightness:
    """Finds the upper left quarter of any image, with its mean brightness as the score."""

    image_size: tuple[int | None, int | None] = (None, None)
    batch_size = None
    seconds = 0.0

    def __init__(self) -> None:
        self.batches: list[int] = []

    def outputs(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        self.batches.append(len(images))
        time.sleep(self.seconds)
        if images.max() == 13:
            raise RuntimeError("thirteen")
        scores = images.reshape(len(images), -1).mean(1).astype(np.float32) / 255
        return {
            names.DETECTION_BOXES: np.tile(np.float32([0, 0, 0.5, 0.5]), [len(images), 1, 1]),
            names.DETECTION_SCORES: scores[:, np.newaxis],
            names.DETECTION_CLASSES: np.ones([len(images), 1], np.float32),
            names.NUM_DETECTIONS: np.ones([len(images)], np.float32),
        }


@contextmanager
def served(source: Brightness, limits: Limits) -> Iterator[int]:
    service = Service(ServedModel("light", source, {1: "bright <light>"}), limits)
    with listen("127.0.0.1", 0) as opened:
        started = threading.Event()
        server = Server(service, limits, started.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        assert started.wait(20)
        try:
            yield opened.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    limits = Limits(body_bytes=1 << 20, pixels=10_000, images=4, seconds=10)
    with served(Brightness(), limits) as number:
        yield number


def ask(port: int, path: str = PREDICT, body: Any = None, method: str = "POST") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body))
        answer = connection.getresponse()
        content = answer.read()
        is_json = answer.getheader("content-type") == "application/json"
        return answer.status, json.loads(content) if is_json else content.decode()
    finally:
        connection.close()


def encoded(value: int, size: tuple[int, int] = (6, 4), kind: str = "PNG") -> dict[str, str]:
    file = io.BytesIO()
    Image.new("RGB", size, (value,) * 3).save(file, kind)
    return {"b64": base64.b64encode(file.getvalue()).decode()}


def grey(value: int) -> list[Any]:
    return [[[value] * 3] * 6] * 4


def test_by_row_and_by_column_as_tensorflow_serving() -> None:
    status, content = 0, {}
    with served(Brightness(), Limits()) as number:
        status, content = ask(number, body={"instances": [grey(51), {"input_tensor": grey(255)}, encoded(102)]})
        assert status == 200
        scores = [one["detection_scores"] for one in content["predictions"]]
        assert np.allclose(scores, [[0.2], [1.0], [0.4]])
        assert content["predictions"][0]["detection_boxes"] == [[0.0, 0.0, 0.5, 0.5]]
        status, content = ask(number, body={"inputs": {"input_tensor": [grey(51), grey(255)]}})
        assert (status, content["outputs"]["num_detections"]) == (200, [1.0, 1.0])
        only = {"instances": [grey(255)], "output_filter": ["detection_scores"]}
        assert ask(number, body=only) == (200, {"predictions": [[1.0]]})


def test_status_metadata_and_health(port: int) -> None:
    for path in ("/v1/models/light", "/v1/models/light/versions/1"):
        status, content = ask(port, path, method="GET")
        assert (status, content["model_version_status"][0]["state"]) == (200, "AVAILABLE")
    _, content = ask(port, "/v1/models/light/metadata", method="GET")
    signature = content["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert [side["size"] for side in signature["inputs"]["input_tensor"]["tensor_shape"]["dim"]] == [
        "-1",
        "-1",
        "-1",
        "3",
    ]
    assert signature["outputs"]["detection_boxes"]["dtype"] == "DT_FLOAT"
    assert ask(port, "/healthz", method="GET") == (200, {"status": "ok"})
    assert "tfod_requests_total" in ask(port, "/monitoring/prometheus/metrics", method="GET")[1]


BAD: dict[str, tuple[Any, int, str]] = {
    "no JSON": (b"{", 400, "JSON Parse error"),
    "no object": ([], 400, "no JSON object"),
    "another key": ({"images": []}, 400, "key 'images'"),
    "no image": ({"instances": []}, 400, "one at least"),
    "too many": ({"instances": [grey(0)] * 5}, 400, "5 images; a request may have 4"),
    "no Base64": ({"instances": [{"b64": "???"}]}, 400, r"instances\[0\].b64: this is not Base64"),
    "no image file": ({"instances": [{"b64": "AAAA"}]}, 400, "not an image that can be read"),
    "too many pixels": ({"instances": [encoded(0, (30000, 2))]}, 400, "30000 x 2 pixels"),
    "no pixels": ({"instances": [[[]]]}, 400, "an image is"),
    "four channels": ({"instances": [[[[0, 0, 0, 0]]]]}, 400, r"\[1, 1, 4\]"),
    "fractions": ({"instances": [[[[0.5, 0, 0]]]]}, 400, "whole numbers from 0 to 255"),
    "ragged": ({"instances": [[[[0, 0, 0]], [[0, 0]]]]}, 400, "differ in length"),
    "another output": ({"instances": [grey(0)], "output_filter": ["x"]}, 400, "no output 'x'"),
    "too large": (b" " * (1 << 21), 413, "too large"),
    "the model fails": ({"instances": [grey(13)]}, 500, "the model failed"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_requests_are_told_what_is_wrong(port: int, kind: str) -> None:
    body, expected, told = BAD[kind]
    status, content = ask(port, body=body)
    assert status == expected
    assert re.search(told, content["error"])


def test_other_addresses_and_methods(port: int) -> None:
    assert ask(port, "/v1/models/dark:predict", {"instances": [grey(0)]})[0] == 404
    assert ask(port, "/v1/models/light/versions/2:predict", {"instances": [grey(0)]})[0] == 404
    assert ask(port, PREDICT, method="GET")[0] == 405
    assert ask(port, "/", {}, method="POST")[0] == 405
    assert ask(port, "/nowhere", method="GET")[0] == 404


def test_requests_that_wait_go_through_the_model_together() -> None:
    source = Brightness()
    source.seconds = 0.2
    with served(source, Limits(batch=4)) as number, ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda value: ask(number, body={"instances": [grey(value)]}), (0, 51, 102, 153, 255)))
    scores = [content["predictions"][0]["detection_scores"][0] for _, content in answers]
    assert np.allclose(scores, [0, 0.2, 0.4, 0.6, 1])
    assert max(source.batches) > 1


def test_a_full_queue_and_a_slow_model_are_told() -> None:
    source = Brightness()
    source.seconds = 0.5
    with served(source, Limits(waiting=1, seconds=0.1)) as number, ThreadPoolExecutor(3) as pool:
        statuses = list(pool.map(lambda _: ask(number, body={"instances": [grey(0)]})[0], range(3)))
    assert set(statuses) == {503, 504}


def _bad_client(port: int, number: int) -> int:
    """Sends something that is no request, or only a part of one; the status of the answer, 0 for none."""
    sent = (
        b"garbage\r\n\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf of it",
    )[number % 5]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        if number % 5 == 4:
            return 0  # and goes away
        answer = connection.recv(64)
    return int(answer.split()[1])


def test_a_hundred_bad_clients_change_nothing_for_good_ones(port: int) -> None:
    with ThreadPoolExecutor(110) as pool:
        bad = [pool.submit(_bad_client, port, number) for number in range(100)]
        good = [pool.submit(ask, port, PREDICT, {"instances": [grey(51 * (n % 6))]}) for n in range(10)]
        statuses = {one.result(60) for one in bad}
        answers = [one.result(60) for one in good]
    assert statuses <= {0, 400, 413} and len(statuses) == 3
    for number, (status, content) in enumerate(answers):
        assert status == 200
        assert np.allclose(content["predictions"][0]["detection_scores"], [0.2 * (number % 6)], atol=1e-6)


@pytest.mark.parametrize(
    "sent", [b"GET / HT", b"POST /v1/models/light:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_client_that_dawdles_is_told_and_let_go(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfod.serving.protocol.HEAD_SECONDS", 0.2)
    monkeypatch.setattr("tfod.serving.exchange._LINGER_SECONDS", 0.2)
    with (
        served(Brightness(), Limits(seconds=0.2)) as number,
        socket.create_connection(("127.0.0.1", number), timeout=20) as connection,
    ):
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 408") and b"did not come in time" in received


def test_a_server_that_ends_answers_what_is_under_way() -> None:
    source = Brightness()
    with ThreadPoolExecutor(1) as pool:
        with served(source, Limits()) as number:
            before, source.seconds = len(source.batches), 0.5
            asked = pool.submit(ask, number, PREDICT, {"instances": [grey(51)]})
            while len(source.batches) == before:
                time.sleep(0.01)
        assert asked.result(20)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        ask(number)


def test_a_port_that_is_taken_is_told(port: int) -> None:
    with pytest.raises(ConfigError, match="cannot have this address") as caught:
        listen("127.0.0.1", port)
    assert "--port" in caught.value.cure


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_one_drops_an_image_on_the_page_and_sees_its_box(port: int, tmp_path: Path) -> None:
    drop = f"""(async () => {{
      const bytes = Uint8Array.from(atob({encoded(204, (60, 40))["b64"]!r}), (one) => one.charCodeAt(0));
      const dropped = new DataTransfer();
      dropped.items.add(new File([bytes], "light.png", {{ type: "image/png" }}));
      document.dispatchEvent(new DragEvent("drop", {{ dataTransfer: dropped, bubbles: true, cancelable: true }}));
    }})()"""
    with browsing(tmp_path / "profile") as browser:
        browser.open(f"http://127.0.0.1:{port}/")
        browser.evaluate(drop)
        browser.wait("document.querySelectorAll('#boxes .box').length === 1")
        assert browser.evaluate("document.querySelector('#boxes text').textContent") == "bright <light>\xa0\xa080%"
        # Half of the image, 40 pixels high and shown as it is, but for the line of two pixels.
        assert float(browser.evaluate("document.querySelector('#boxes .box').getAttribute('height')")) == 18
        browser.evaluate("document.querySelector('#list button').focus()")
        assert browser.evaluate("document.querySelectorAll('#boxes .box.marked').length") == 1
        browser.screenshot(tmp_path / "page.png")
        slide = "const t = document.getElementById('threshold'); t.value = 0.9; t.dispatchEvent(new Event('input'))"
        browser.evaluate(slide)
        browser.wait("document.querySelectorAll('#boxes .box').length === 0")
        assert browser.complaints == []
