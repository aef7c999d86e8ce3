"""The training loop of U-Nets: learns, resumes, keeps the best, stops when asked to and when the loss is not finite."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.segmentation import tiny
from tfod.checkpoints.object_reader import CheckpointReader
from tfod.errors import CheckpointError, ConfigError
from tfod.segmentation.optimizers import make_optimizer
from tfod.segmentation.predictor import load_model, predictor_of
from tfod.segmentation.settings import read_settings, save_settings
from tfod.segmentation.train import train_unet
from tfod.segmentation.unet import ModelSettings
from tfod.segmentation.validation import Validation
from tfod.training.budget import Budget
from tfod.training.table import RunTable
from tfod.training.watch import StepWatch

ROOT = Path(__file__).resolve().parents[2]


def _weights(prefix: str) -> dict[str, Any]:
    reader = CheckpointReader(prefix)
    keys = [key for key in reader.shapes if key.startswith(("model/", "optimizer/")) and "VARIABLE" in key]
    return {key: reader.value(key) for key in keys}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train_unet(tiny.settings(60), tiny.data(), folder, seed=1, deterministic=False)
    return folder


def test_it_learns_and_writes_everything_down(finished: Path) -> None:
    lines = RunTable(finished / "log.csv", start=100).lines
    assert [line["step"] for line in lines] == [20, 40, 60]
    assert lines[-1]["mean_iou"] > 0.8
    assert {"seconds", "learning_rate", "Loss/total_loss", "Loss/dice_loss", "IoU/disc"} <= set(lines[-1])
    assert lines[-1]["learning_rate"] == pytest.approx(0.0, abs=1e-9)
    best = json.loads((finished / "best" / "best.json").read_text())
    assert best["value"] == pytest.approx(max(line["mean_iou"] for line in lines), abs=1e-5)
    assert read_settings(finished) == tiny.settings(60)
    assert {"unet.json", "run.json", "model.txt", "model.svg", "log.csv", "train", "eval"} <= {
        p.name for p in finished.iterdir()
    }


def test_tensorboard_has_losses_rate_iou_of_each_class_and_pictures(finished: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tags: dict[str, set[str]] = {}
    for part in ("train", "eval"):
        events = EventAccumulator(str(finished / part)).Reload()
        tags[part] = {*events.Tags()["tensors"], *events.Tags()["images"]}
    assert {"learning_rate", "Loss/crossentropy_loss", "train_input_images"} <= tags["train"]
    assert {"mean_iou", "IoU/ground", "IoU/disc", "picture, truth, prediction/0"} <= tags["eval"]


def test_the_loaded_model_is_the_one_that_was_evaluated(finished: Path) -> None:
    model, settings, prefix = load_model(finished, "last")
    optimizer = make_optimizer("sgd", lambda: 0.0, weight_decay=0.0, average_decay=0.0, model=model)
    source = tiny.data().validation
    result = Validation(model, optimizer, source, settings.classes, finished / "again").evaluate(60)
    assert result.scores.mean_iou == pytest.approx(
        RunTable(finished / "log.csv", start=100).lines[-1]["mean_iou"], abs=1e-4
    )
    assert prefix.endswith("ckpt-3")


def test_whole_and_in_tiles_a_large_picture_comes_out_the_same(finished: Path) -> None:
    model, _, _ = load_model(finished)
    picture, _ = tiny.disc(7, 200, 260)
    whole = predictor_of(model, tile_size=512).classes(picture)
    tiled = predictor_of(model, tile_size=96).classes(picture)
    assert (whole != tiled).mean() < 0.01


def test_a_finished_run_does_nothing_more(finished: Path) -> None:
    before = (finished / "log.csv").read_text()
    result = train_unet(tiny.settings(60), tiny.data(), finished)
    assert result.step == 60 and (finished / "log.csv").read_text() == before


@pytest.mark.parametrize(
    ("changes", "where", "what", "cure"),
    [
        ({"model": ModelSettings(2, base_filters=8, depth=2)}, "--base_filters", "is 8, ", "give --base_filters 4 to"),
        ({"model": ModelSettings(2, base_filters=4, depth=3, attention=True)}, "--depth", "was started with 2",
         "give --depth 2 --attention false to go"),
        ({"optimizer": "sgd"}, "--optimizer", "is sgd, and the run in this folder was started with adam", "give"),
        ({"ema": 0.0}, "--ema", "is 0, ", "give --ema 0.9 to go"),
        ({"class_names": ("ground", "ball")}, "--classes", "is ground, ball, ", "name those"),
    ],
)  # fmt: skip
def test_a_run_continued_with_other_settings_is_refused(
    finished: Path, changes: dict[str, Any], where: str, what: str, cure: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CheckpointError) as caught:
        train_unet(tiny.settings(80, **changes), tiny.data(), finished)
    assert caught.value.where == where and what in caught.value.what and caught.value.cure.startswith(cure)
    assert read_settings(finished) == tiny.settings(60)
    assert "restored object" not in capfd.readouterr().err


def test_damaged_settings_are_told_and_written_anew(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    (folder / "unet.json").write_text("{")
    assert train_unet(tiny.settings(60), tiny.data(), folder).step == 60
    told = capsys.readouterr()
    assert "the settings of the run are damaged" in told.err
    assert "has done its 60 steps; give more --steps or --minutes" in told.out
    assert read_settings(folder) == tiny.settings(60)


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    command = [sys.executable, "-W", "ignore", "-m", "tests.segmentation.tiny", "12"]
    runs = [f"{straight}={2**31}", f"{broken}=9", f"{broken}={2**31}"]
    told = subprocess.run([*command, *runs], capture_output=True, text=True, check=True, cwd=ROOT).stdout

    assert "the loss is not finite at step 10" in told
    assert [line["step"] for line in RunTable(broken / "log.csv", start=100).lines] == [4, 8, 12]
    ours, theirs = (_weights(tf.train.latest_checkpoint(str(folder))) for folder in (broken, straight))
    assert ours.keys() == theirs.keys() and len(ours) > 50
    for key, value in theirs.items():
        np.testing.assert_array_equal(ours[key], value, err_msg=key)
    columns = [[{k: v for k, v in line.items() if k != "seconds"} for line in RunTable(one / "log.csv", start=99).lines]
               for one in (broken, straight)]  # fmt: skip
    assert columns[0] == columns[1]


def test_a_signal_ends_the_run_after_the_step_and_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = StepWatch._check_pending

    def checked_then_asked_to_stop(watch: Any) -> None:
        before = watch.step
        check(watch)
        if (before, watch.step) == (2, 3):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(StepWatch, "_check_pending", checked_then_asked_to_stop)
    result = train_unet(tiny.settings(12), tiny.data(), tmp_path, seed=1)
    assert result.signal_number == signal.SIGTERM and result.step == 3
    assert tf.train.latest_checkpoint(str(tmp_path)) is not None


def test_by_the_clock_a_run_ends_in_time_and_the_rate_is_down(tmp_path: Path) -> None:
    began = time.monotonic()
    train_unet(tiny.settings(1, evaluations=1), tiny.data(), tmp_path / "one_step", seed=1)
    first_step = time.monotonic() - began  # builds the graphs; on a busy machine that alone has taken 19 s
    asked = 3 * first_step
    began = time.monotonic()
    result = train_unet(tiny.settings(0, minutes=asked / 60, evaluations=2), tiny.data(), tmp_path / "by_clock", seed=1)
    assert time.monotonic() - began < 2 * asked
    lines = RunTable(tmp_path / "by_clock" / "log.csv", start=2**40).lines
    assert 1 <= len(lines) <= 2  # where the first step takes half of the time, the last evaluation is the only one
    assert lines[-1]["step"] == result.step > 10
    assert lines[-1]["learning_rate"] < 0.05 * 0.02


def test_early_stopping_counts_evaluations_without_a_better_one(tmp_path: Path) -> None:
    log = RunTable(tmp_path / "log.csv", start=100)
    for step, value in enumerate((0.5, 0.6, 0.55, 0.6, 0.58), start=1):
        log.add({"step": step, "mean_iou": value})
    assert log.without_improvement("mean_iou") == 3
    again = RunTable(tmp_path / "log.csv", start=3)
    assert [line["step"] for line in again.lines] == [1, 2, 3] and again.without_improvement("mean_iou") == 1


def test_the_learning_rate_rises_and_falls_by_steps_and_by_the_clock() -> None:
    by_steps = Budget(100, 0).learning_rate(1.0, 0.1)
    rates = [float(by_steps(tf.constant(step, tf.int64))) for step in (0, 10, 55, 100)]
    assert rates == pytest.approx([0.05, 1.0, 0.5, 0.0], abs=1e-6)

    clock = Budget(0, 1.0)
    clock._used.assign(33.0)
    clock.start()
    assert clock.progress(0) == pytest.approx(0.55, abs=0.01)
    assert float(clock.learning_rate(1.0, 0.1)(tf.constant(0, tf.int64))) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "tfa.RectifiedAdam", "tfa.LAMB"])
def test_optimizers_by_name_move_weights_and_keep_averages(name: str) -> None:
    if name.startswith("tfa.") and not find_spec("tensorflow_addons"):
        pytest.skip("tensorflow-addons is not installed: it exists for Python 3.10 and 3.11 alone")
    model = tf.Module()
    model.kernel = tf.Variable([1.0, -2.0], name="kernel")
    model.mean = tf.Variable([3.0], trainable=False, name="mean")
    optimizer = make_optimizer(name, lambda: 0.1, weight_decay=0.1, average_decay=0.5, model=model)
    before = model.kernel.numpy()
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), model.kernel)])
    assert (model.kernel.numpy() < before).all()
    assert math.isfinite(float(optimizer.get_slot(model.mean, "average")[0]))


@pytest.mark.parametrize(("name", "what"), [("adagrap", "the optimizer 'adagrap' is unknown"), ("tfa.Nope", "")])
def test_an_optimizer_that_is_not_there(name: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_optimizer(name, lambda: 0.1, weight_decay=0.0, average_decay=0.0, model=tf.Module())
    assert what in caught.value.what


@pytest.mark.parametrize(
    "change", [{"model": {"num_classes": "2"}}, {"crop_size": "x"}, {"class_names": ["one"]}, {"data": 3}, {"model": 1}]
)
def test_settings_that_somebody_damaged(tmp_path: Path, change: dict[str, Any]) -> None:
    save_settings(tiny.settings(), tmp_path)
    path = tmp_path / "unet.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **change}))
    with pytest.raises(CheckpointError, match="the settings of the run are damaged"):
        read_settings(tmp_path)


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no run of a U-Net in this folder"):
        load_model(tmp_path)
