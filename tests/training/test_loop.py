"""The loop, with a tiny model: what it writes, where it goes on, how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from tests.training import reading, tiny
from tfod import names
from tfod.config.pipeline import read_pipeline_config
from tfod.errors import CheckpointError, OutputError, TrainingError
from tfod.training.from_config import save_config
from tfod.training.options import RunOptions
from tfod.training.watch import StepWatch

ROOT = Path(__file__).resolve().parents[2]
EVAL = 'eval_input_reader { label_map_path: "%s" name: "val" }'


@pytest.fixture(autouse=True)
def _eager_state() -> Any:
    yield
    tf.summary.experimental.set_step(None)


def _checkpoints(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("ckpt-*.index"))


def test_a_run_leaves_what_the_original_would(tmp_path: Path) -> None:
    result = tiny.train(
        tiny.config(13, tmp_path), tmp_path, RunOptions(seed=1, checkpoint_every_n=5, summary_every_n=4)
    )
    assert (result.step, result.signal_number, result.checkpoint) == (13, None, str(tmp_path / "ckpt-3"))
    assert _checkpoints(tmp_path) == ["ckpt-1", "ckpt-2", "ckpt-3"]

    shapes = dict(tf.train.list_variables(result.checkpoint))
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    assert {key.removesuffix(suffix) for key in shapes if key.endswith(suffix)} == {
        "model/bias",
        "model/bias/.OPTIMIZER_SLOT/optimizer/momentum",
        "model/kernel",
        "model/kernel/.OPTIMIZER_SLOT/optimizer/momentum",
        "model/mean",
        "optimizer/decay",
        "optimizer/iter",
        "optimizer/momentum",
        "save_counter",
        "step",
    }
    found = reading.scalars(tmp_path / "train")
    assert set(found) == {
        "Loss/classification_loss",
        "Loss/localization_loss",
        "Loss/regularization_loss",
        "Loss/total_loss",
        "images_per_sec",
        "learning_rate",
        "steps_per_sec",
    }
    # Every fourth step and the last one, not the steps at which the loop paused for something else.
    assert all([step for step, _ in values] == [4, 8, 12, 13] for values in found.values())
    parts = [found[f"Loss/{name}_loss"][-1][1] for name in ("localization", "classification", "regularization")]
    assert found["Loss/total_loss"][-1][1] == pytest.approx(sum(parts), rel=1e-6)
    # The rate of the step to come, as the original records it: warmed up from 0.01 to 0.1 in 4 steps.
    assert found["learning_rate"][0] == (4, pytest.approx(0.1))
    assert reading.images(tmp_path / "train") == {"train_input_images": [(step, 2) for step in (4, 8, 12, 13)]}

    start = json.loads((tmp_path / "run.json").read_text())["starts"][0]
    assert (start["seed"], start["from_step"]) == (1, 0)
    assert read_pipeline_config(tmp_path / "pipeline.config") == tiny.config(13, tmp_path)


def test_the_step_is_traced_once(tmp_path: Path) -> None:
    model = tiny.TinyModel()
    with mock.patch.object(tiny, "TinyModel", lambda: model):
        tiny.train(tiny.config(6, tmp_path), tmp_path, RunOptions(seed=1, checkpoint_every_n=2))
    assert model.traces == 1


def test_a_step_by_hand(tmp_path: Path) -> None:
    model = tiny.TinyModel()
    model.kernel.assign(tf.zeros([3, 4]))
    with mock.patch.object(tiny, "TinyModel", lambda: model):
        tiny.train(tiny.config(1, tmp_path), tmp_path)
    # All predictions are 0. The losses are the means, over 2 boxes of 4 numbers t, of t ** 2 and of |t|, so that
    # the bias has the gradient -(2 t + 1) / 8, summed over the boxes; the rate of step 0 is 0.01.
    _, labels = next(iter(tiny.dataset(seed=1)))
    boxes = labels[names.GROUNDTRUTH_BOXES][:, 0].numpy()
    expected = 0.01 * np.sum((2 * boxes + np.sign(boxes)) / 8, axis=0)
    np.testing.assert_allclose(model.bias.numpy(), expected, rtol=1e-6)


def test_ten_steps_are_five_and_five_more(tmp_path: Path) -> None:
    # In processes of their own, because TensorFlow has no way back from being deterministic.
    options = json.dumps({"seed": 3, "deterministic": True, "checkpoint_every_n": 5, "summary_every_n": 1})
    for folder, steps in (("whole", "10"), ("parts", "5"), ("parts", "10")):
        command = [sys.executable, "-m", "tests.training.tiny", str(tmp_path / folder), steps, "0", options]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert reading.weights(str(whole / "ckpt-2")) == reading.weights(str(parts / "ckpt-2"))
    for tag, values in reading.scalars(whole / "train").items():
        if "Loss" in tag:
            assert reading.scalars(parts / "train")[tag] == values
    starts = json.loads((parts / "run.json").read_text())["starts"]
    assert [start["from_step"] for start in starts] == [0, 5]


def test_resuming_a_complete_run_does_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        result = tiny.train(tiny.config(4, tmp_path), tmp_path, RunOptions(seed=1, summary_every_n=1))
    assert result.step == 4
    assert _checkpoints(tmp_path) == ["ckpt-1"]
    assert reading.steps(tmp_path / "train") == [1, 2, 3, 4]


def test_steps_after_the_last_checkpoint_are_told_once(tmp_path: Path) -> None:
    options = RunOptions(seed=1, checkpoint_every_n=4, summary_every_n=1)

    class _KilledError(Exception):
        pass

    def kill(watch: StepWatch, *args: Any) -> None:
        step_done(watch, *args)
        if watch.step == 7:
            raise _KilledError

    step_done = StepWatch.step_done
    with mock.patch.object(StepWatch, "step_done", kill), pytest.raises(_KilledError):
        tiny.train(tiny.config(10, tmp_path), tmp_path, options)
    assert reading.steps(tmp_path / "train") == [1, 2, 3, 4, 5, 6]
    tiny.train(tiny.config(10, tmp_path), tmp_path, options)
    assert reading.steps(tmp_path / "train") == list(range(1, 11))


def test_only_seven_checkpoints_are_kept(tmp_path: Path) -> None:
    tiny.train(tiny.config(9, tmp_path), tmp_path, RunOptions(seed=1, checkpoint_every_n=1))
    assert _checkpoints(tmp_path) == [f"ckpt-{number}" for number in range(3, 10)]


def test_a_loss_that_is_not_finite_names_the_pictures_and_saves_nothing(tmp_path: Path) -> None:
    # Pictures 0 to 7 are the batches of steps 1 to 4; the eighth is spoilt.
    options = RunOptions(seed=1, checkpoint_every_n=2, summary_every_n=1)
    with pytest.raises(TrainingError) as caught:
        tiny.train(tiny.config(10, tmp_path), tmp_path, options, poisoned=True)
    assert "at step 4" in caught.value.what and "Loss/localization_loss nan" in caught.value.what
    assert caught.value.where == "the batch of the images 6.jpg, 7.jpg"
    assert _checkpoints(tmp_path) == ["ckpt-1"]
    values = reading.weights(str(tmp_path / "ckpt-1"))
    assert all(np.isfinite(value).all() for value in values.values())
    assert reading.steps(tmp_path / "train") == [1, 2, 3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_after_the_step_and_saves(tmp_path: Path, number: signal.Signals) -> None:
    def send(watch: StepWatch, *args: Any) -> None:
        if watch.step == 4:
            os.kill(os.getpid(), number)
        step_done(watch, *args)

    step_done = StepWatch.step_done
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with mock.patch.object(StepWatch, "step_done", send):
        result = tiny.train(tiny.config(10, tmp_path), tmp_path, RunOptions(seed=1, summary_every_n=2))
    assert (result.step, result.signal_number) == (5, number)
    assert _checkpoints(tmp_path) == ["ckpt-1"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert tiny.train(tiny.config(10, tmp_path), tmp_path, RunOptions(seed=1, summary_every_n=2)).step == 10
    assert reading.steps(tmp_path / "train") == [2, 4, 6, 8, 10]


def test_evaluation_while_training_keeps_the_best(tmp_path: Path) -> None:
    config = tiny.config(10, tmp_path, EVAL % (tmp_path / "tiny.pbtxt"))
    tiny.train(config, tmp_path, RunOptions(seed=1, eval_every_n=4), maps=[0.25, 0.5, 0.375])
    found = reading.scalars(tmp_path / "eval" / "val")
    assert found["DetectionBoxes_Precision/mAP"] == [(4, 0.25), (8, 0.5), (10, 0.375)]
    assert found["Loss/total_loss"] == [(4, 0.25), (8, 0.25), (10, 0.25)]
    best = json.loads((tmp_path / "best" / "best.json").read_text())
    assert best == {"metric": "DetectionBoxes_Precision/mAP", "value": 0.5, "step": 8, "checkpoint": "ckpt-2"}
    kept = tf.train.latest_checkpoint(str(tmp_path / "best"))
    assert kept == str(tmp_path / "best" / "ckpt-2")
    assert reading.weights(kept) == reading.weights(str(tmp_path / "ckpt-2"))


def test_an_evaluation_that_a_kill_cut_off_is_made_up_for(tmp_path: Path) -> None:
    config = tiny.config(8, tmp_path, EVAL % (tmp_path / "tiny.pbtxt"))
    options = RunOptions(seed=1, checkpoint_every_n=4)
    with pytest.raises(StopIteration):  # no result is there for the first evaluation: it fails
        tiny.train(config, tmp_path, options, maps=[])
    assert _checkpoints(tmp_path) == ["ckpt-1"]
    tiny.train(config, tmp_path, options, maps=[0.25, 0.5])
    found = reading.scalars(tmp_path / "eval" / "val")
    assert found["DetectionBoxes_Precision/mAP"] == [(4, 0.25), (8, 0.5)]


def test_a_run_of_another_model_is_not_continued(tmp_path: Path) -> None:
    tiny.train(tiny.config(3, tmp_path), tmp_path, RunOptions(seed=1, summary_every_n=1))
    other = tiny.TinyModel()
    other.kernel = tf.Variable(tf.zeros([5, 4]))
    config = tiny.config(6, tmp_path)
    patched = mock.patch.object(tiny, "TinyModel", lambda: other)
    with patched, pytest.raises(CheckpointError, match="cannot be continued"):
        tiny.train(config, tmp_path)
    assert reading.steps(tmp_path / "train") == [1, 2, 3]


def test_moving_averages_are_kept_and_resumed(tmp_path: Path) -> None:
    config = tiny.config(4, tmp_path, "train_config { optimizer { use_moving_average: true } }")
    tiny.train(config, tmp_path)
    config.train_config.num_steps = 8
    result = tiny.train(config, tmp_path)
    assert result.checkpoint is not None
    values = reading.weights(result.checkpoint)
    average = np.array(values["model/kernel/.OPTIMIZER_SLOT/optimizer/average/.ATTRIBUTES/VARIABLE_VALUE"])
    own = np.array(values["model/kernel/.ATTRIBUTES/VARIABLE_VALUE"])
    assert 0 < np.abs(average - own).max() < 1


def test_the_config_that_was_read_is_not_overwritten(tmp_path: Path) -> None:
    config = tiny.config(3, tmp_path)
    path = tmp_path / "pipeline.config"
    assert save_config(config, tmp_path) == path
    path.write_text("# mine\n" + path.read_text())
    assert save_config(config, tmp_path, path) == path
    config.train_config.num_steps = 5
    assert save_config(config, tmp_path, path) == tmp_path / "pipeline.resolved.config"
    assert path.read_text().startswith("# mine\n")
    assert read_pipeline_config(tmp_path / "pipeline.resolved.config").train_config.num_steps == 5


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        tiny.train(tiny.config(3, tmp_path), tmp_path / "file" / "run")


def test_without_a_seed_the_run_keeps_the_one_it_began_with(tmp_path: Path) -> None:
    for steps in (2, 4):
        tiny.train(tiny.config(steps, tmp_path), tmp_path, RunOptions())
    first, second = json.loads((tmp_path / "run.json").read_text())["starts"]
    assert first["seed"] == second["seed"]
