"""Evaluation beside a run: once, and following it."""

import shutil
import threading
import time
from pathlib import Path

import pytest
import tensorflow as tf

from tests.training import reading, tiny
from tfod.errors import CheckpointError, ConfigError
from tfod.evaluation.from_config import evaluation_from_config
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training.options import RunOptions

MAP = "DetectionBoxes_Precision/mAP"


@pytest.fixture
def run(tmp_path: Path) -> tuple[TrainEvalPipelineConfig, Path]:
    """A finished run of 6 steps with checkpoints at 2, 4 and 6."""
    config = tiny.config(6, tmp_path, f'eval_input_reader {{ label_map_path: "{tmp_path / "tiny.pbtxt"}" }}')
    tiny.train(config, tmp_path / "run", RunOptions(seed=1, checkpoint_every_n=2, eval_every_n=0))
    tf.summary.experimental.set_step(None)
    return config, tmp_path / "run"


def test_the_newest_checkpoint_once(run: tuple[TrainEvalPipelineConfig, Path], tmp_path: Path) -> None:
    config, folder = run
    config.train_config.num_steps = 1000  # not reached: only the timeout of 0 ends it
    found = tiny.follow_run(config, folder, tmp_path / "out", timeout=0, maps=[0.75])
    assert found == {MAP: 0.75, "Loss/total_loss": 0.25}
    assert reading.scalars(tmp_path / "out" / "eval")[MAP] == [(6, 0.75)]


def test_each_as_it_comes_until_the_last_step(run: tuple[TrainEvalPipelineConfig, Path], tmp_path: Path) -> None:
    config, folder = run
    growing = tmp_path / "growing"
    growing.mkdir()

    def copy(number: int) -> None:
        for part in folder.glob(f"ckpt-{number}.*"):
            shutil.copy(part, growing / part.name)
        (growing / "checkpoint").write_text(f'model_checkpoint_path: "ckpt-{number}"\n')

    def grow() -> None:
        time.sleep(3)
        copy(3)

    copy(1)
    thread = threading.Thread(target=grow)
    thread.start()
    tiny.follow_run(config, growing, tmp_path / "out", timeout=60, maps=[0.25, 0.5])
    thread.join()
    assert reading.scalars(tmp_path / "out" / "eval")[MAP] == [(2, 0.25), (6, 0.5)]


def test_waiting_ends_after_the_timeout(run: tuple[TrainEvalPipelineConfig, Path], tmp_path: Path) -> None:
    config, _ = run
    (tmp_path / "empty").mkdir()
    assert tiny.follow_run(config, tmp_path / "empty", tmp_path / "out", timeout=1) == {}


def test_what_cannot_be_evaluated_is_refused(run: tuple[TrainEvalPipelineConfig, Path], tmp_path: Path) -> None:
    config, _ = run
    with pytest.raises(CheckpointError):
        tiny.follow_run(config, tmp_path / "nowhere", tmp_path, timeout=0)
    del config.eval_input_reader[:]
    with pytest.raises(ConfigError, match="nothing to evaluate on"):
        evaluation_from_config(config, tiny.TinyModel())
