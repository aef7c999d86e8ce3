"""Two runs in one folder: the second is refused, until the process of the first has ended, however it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import tiny
from tfod.errors import TrainingError
from tfod.training import alone
from tfod.training.alone import alone_in

HOLD = """import pathlib, sys
from tfod.training.alone import alone_in
with alone_in(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_and_the_owner_named(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(TrainingError, match="another run is training in this folder: process "):
        tiny.train(tiny.config(2, tmp_path), tmp_path)
    assert not list(tmp_path.glob("ckpt-*"))
    assert tiny.train(tiny.config(2, tmp_path), tmp_path).step == 2


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        with pytest.raises(TrainingError, match=f"process {process.pid} on"), alone_in(tmp_path):
            pass
        process.kill()
    with alone_in(tmp_path):
        pass


def test_a_disk_without_locks_is_no_reason_not_to_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(alone, "lock", refuse)
    with alone_in(tmp_path), alone_in(tmp_path):
        pass


def test_an_error_within_is_passed_on_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), alone_in(tmp_path):
        (tmp_path / "missing").read_text()
