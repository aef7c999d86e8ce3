"""Several devices and several processes train as one would, the batch divided among them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.training import reading, tiny
from tfod.training.options import RunOptions
from tfod.training.strategy import choose_strategy, own_folder

ROOT = Path(__file__).resolve().parents[2]
STEPS = 6
OPTIONS = {"seed": 1, "summary_every_n": 1, "checkpoint_every_n": 3}

TWO_DEVICES = """
import json
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pathlib import Path
from tests.training import tiny
from tfod.training.options import RunOptions
folder = Path(sys.argv[1])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
options = RunOptions(**json.loads(sys.argv[3]))
tiny.train(tiny.config(int(sys.argv[2]), folder), folder, options, strategy=strategy)
"""


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """What one device gives."""
    folder = tmp_path / "alone"
    tiny.train(tiny.config(STEPS, folder), folder, RunOptions(**OPTIONS))
    return folder


def _assert_same(folder: Path, alone: Path) -> None:
    ours, theirs = (reading.scalars(place / "train") for place in (folder, alone))
    for tag in ("Loss/total_loss", "Loss/localization_loss", "learning_rate"):
        assert [step for step, _ in ours[tag]] == list(range(1, STEPS + 1))
        assert [value for _, value in ours[tag]] == pytest.approx([value for _, value in theirs[tag]], rel=1e-4)
    ours, theirs = (reading.weights(str(place / "ckpt-2")) for place in (folder, alone))
    assert ours.keys() == theirs.keys()
    for key, values in theirs.items():
        assert ours[key] == pytest.approx(values, rel=1e-3, abs=1e-5), key


def test_one_device_is_not_distributed() -> None:
    if len(tf.config.list_physical_devices("GPU")) > 1:
        pytest.skip("this machine has several GPUs")
    strategy = choose_strategy(num_workers=1)
    assert strategy is tf.distribute.get_strategy()
    assert own_folder(strategy, Path("run")) == Path("run")


@pytest.mark.slow
def test_two_devices(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mirrored"
    command = [sys.executable, "-c", TWO_DEVICES, str(folder), str(STEPS), json.dumps(OPTIONS)]
    subprocess.run(command, cwd=ROOT, check=True)
    _assert_same(folder, alone)


@pytest.mark.slow
def test_two_workers(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "workers"
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(2)]
    options = json.dumps({**OPTIONS, "num_workers": 2})
    command = [sys.executable, "-m", "tests.training.tiny", str(folder), str(STEPS), "0", options]
    workers = [subprocess.Popen(command, cwd=ROOT, env=_environment(addresses, index)) for index in range(2)]
    try:
        assert [worker.wait(timeout=200) for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    _assert_same(folder, alone)
    assert not list(folder.glob("temp_worker_*"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(addresses: list[str], index: int) -> dict[str, Any]:
    cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    return {**os.environ, "TF_CONFIG": json.dumps(cluster)}
