"""SIGKILL at random moments: the run ends at its last step, and TensorBoard has every step once."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from tests.training import reading

ROOT = Path(__file__).resolve().parents[2]


def _start(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _newest_event(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.glob("train/*")), default=0.0)


def _kill_repeatedly(command: list[str], folder: Path, kills: int, longest: float) -> None:
    """Starts the command and kills it up to `longest` seconds after it has begun to write, then lets it end.

    Every third kill may come before that: while it imports, builds or restores.
    """
    draw = random.Random(0)
    for number in range(kills):
        before = _newest_event(folder)
        deadline = time.monotonic() + (draw.uniform(0.0, 8.0) if number % 3 == 2 else 100.0)
        with _start(command) as process:
            while _newest_event(folder) <= before and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(draw.uniform(0.0, longest))
            process.kill()
    with _start(command) as process:
        assert process.wait(timeout=200) == 0


def _assert_complete(folder: Path, steps: int) -> None:
    newest = tf.train.latest_checkpoint(str(folder))
    assert int(tf.train.load_checkpoint(newest).get_tensor("step/.ATTRIBUTES/VARIABLE_VALUE")) == steps
    for values in reading.scalars(folder / "train").values():
        assert [step for step, _ in values] == list(range(1, steps + 1))
    leftovers = [path.name for path in folder.iterdir() if path.name.endswith(("_temp", ".tmp"))]
    assert not leftovers


@pytest.mark.slow
def test_a_tiny_run_survives_kills(tmp_path: Path) -> None:
    options = json.dumps({"checkpoint_every_n": 3, "summary_every_n": 1, "record_summaries": False})
    command = [sys.executable, "-m", "tests.training.tiny", str(tmp_path), "40", "0.1", options]
    _kill_repeatedly(command, tmp_path, kills=6, longest=2.0)
    _assert_complete(tmp_path, 40)
