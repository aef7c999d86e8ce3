"""A real TensorBoard shows what a run wrote."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.training import tiny
from tfod.training.options import RunOptions


@pytest.mark.slow
def test_tensorboard_serves_the_scalars_and_pictures(tmp_path: Path) -> None:
    tiny.train(tiny.config(6, tmp_path), tmp_path, RunOptions(seed=1, summary_every_n=2))
    log = tmp_path / "log"
    flags = ["--logdir", str(tmp_path), "--host", "127.0.0.1", "--port", "0"]
    command = [sys.executable, "-m", "tensorboard.main", *flags]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            address = _address(log, process)
            tags = _ask(f"{address}/data/plugin/scalars/tags", until=lambda found: "train" in found)["train"]
            assert {"Loss/total_loss", "learning_rate", "steps_per_sec", "images_per_sec"} <= set(tags)
            values = _ask(f"{address}/data/plugin/scalars/scalars?run=train&tag=learning_rate", until=len)
            assert [step for _, step, _ in values] == [2, 4, 6]
            assert values[1][2] == pytest.approx(0.1)
            pictures = _ask(f"{address}/data/plugin/images/tags", until=len)
            assert pictures["train"]["train_input_images"]["samples"] == 2
        finally:
            process.terminate()


def _address(log: Path, process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        found = re.search(r"http://[^\s/]+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def _ask(url: str, until: Any) -> Any:
    deadline = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(url, timeout=30) as answer:
            found = json.load(answer)
        if until(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
