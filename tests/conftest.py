"""Fixtures that all tests share."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import tfod  # noqa: F401  (first, as in every command: it chooses the Keras of the TensorFlow that others import)
from tests.file_server import FileServer, serving
from tests.zoo_archives import write_checkpoint

# Under nohup and in the background of a script Ctrl-C is ignored, and so it would be in every command that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What is remembered of models that were exported stays apart from what the developer's own commands remember.
_STATE = tempfile.TemporaryDirectory(prefix="tfod_tests_")
os.environ["XDG_STATE_HOME"] = _STATE.name

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: of two processes none begins what takes minutes when the other is done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The developers' folder of reference data; users do not have it."""
    if not SHARED.is_dir():
        pytest.skip("needs the developers' folder ../shared, which is not here")
    return SHARED


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the smallest checkpoint that TensorFlow writes; copy it before you change it."""
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    write_checkpoint(folder)
    return folder


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A web server on this machine, which no proxy is asked for."""
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        yield server
