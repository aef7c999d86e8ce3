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
from tfod.annotations.sample_data import write_sample_data

ROOT = Path(__file__).resolve().parents[2]


def _start(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("train/events*"))


def _wait_for_steps(process: "subprocess.Popen[bytes]", folder: Path, count: int) -> None:
    """Until the event files have grown so often, or the process has ended."""
    size = _size(folder)
    while count and process.poll() is None:
        time.sleep(0.01)
        if _size(folder) != size:
            size, count = _size(folder), count - 1


def _kill_repeatedly(command: list[str], folder: Path, kills: int) -> None:
    """Kills the command again and again, then lets it end.

    Every third time while it imports, builds or restores, else some steps after it has begun: at any point of a
    step, of writing its summary or of saving.
    """
    draw = random.Random(0)
    for number in range(kills):
        with _start(command) as process:
            if number % 3 == 2:
                time.sleep(draw.uniform(0.0, 8.0))
            else:
                _wait_for_steps(process, folder, draw.randint(2, 9))
                time.sleep(draw.uniform(0.0, 0.3))
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
    _kill_repeatedly(command, tmp_path, kills=6)
    _assert_complete(tmp_path, 40)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight drawn images, converted with the commands that users type."""
    folder = tmp_path / "data"
    write_sample_data(folder, count=8, seed=0)
    _run_tool("create_label_map.py", "--xml_dir", folder, "--output_path", folder / "map.pbtxt")
    _run_tool("generate_tfrecord.py", "-x", folder, "-l", folder / "map.pbtxt", "-o", folder / "train.record")
    return folder


def _detector(data: Path, model_dir: Path, *more: str) -> list[str]:
    """The command that trains the demo's detector on `data`, two images a step, and saves every fourth step."""
    flags = {
        "pipeline_config_path": ROOT / "workspace" / "configs" / "demo.config",
        "model_dir": model_dir,
        "checkpoint_every_n": 4,
        "summary_every_n": 1,
        "eval_every_n": 0,
    }
    overrides = {
        "train_config.batch_size": 2,
        "train_input_reader.label_map_path": data / "map.pbtxt",
        "train_input_reader.tf_record_input_reader.input_path": data / "train.record",
    }
    command = [sys.executable, str(ROOT / "tools" / "model_main_tf2.py"), *more]
    command += [f"--{name}={value}" for name, value in flags.items()]
    return command + [f"--set={name}={value}" for name, value in overrides.items()]


@pytest.mark.slow
def test_a_detector_survives_kills(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _kill_repeatedly(_detector(data, run, "--num_train_steps=24"), run, kills=3)
    _assert_complete(run, 24)


@pytest.mark.slow
def test_a_detector_stopped_and_resumed_is_the_detector_that_was_not(data: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder, steps in ((whole, 6), (parts, 3), (parts, 6)):
        command = _detector(data, folder, f"--num_train_steps={steps}", "--seed=5", "--deterministic")
        subprocess.run(command, check=True, capture_output=True)
    ours, theirs = (reading.weights(tf.train.latest_checkpoint(str(folder))) for folder in (parts, whole))
    assert ours == theirs
    assert len(ours) > 600


def _run_tool(name: str, *arguments: object) -> None:
    subprocess.run([sys.executable, str(ROOT / "tools" / name), *map(str, arguments)], check=True, capture_output=True)
