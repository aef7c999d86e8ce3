"""A run that is started again: it is the same run, or three lines say what is another."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import text_format

from tests.training import tiny
from tfod.errors import CheckpointError, TfodError
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training import earlier_from_config
from tfod.training.options import RunOptions
from tfod.training.run_folder import EarlierStart
from tfod.training.same_run import refuse_other_classes, refuse_other_data
from tfod.training.start import Start

ADAM = """train_config { optimizer { adam_optimizer { learning_rate {
    constant_learning_rate { learning_rate: 0.01 } } } } }"""


@pytest.fixture(autouse=True)
def _eager_state() -> Any:
    yield
    tf.summary.experimental.set_step(None)


def _started_again(folder: Path, more: str, monkeypatch: pytest.MonkeyPatch, shape: Any = (3, 4)) -> TfodError:
    """The error of a run that is started again with other settings, and a kernel of `shape`."""
    tiny.train(tiny.config(2, folder), folder)
    build = tiny.TinyModel

    def changed() -> Any:
        model = build()
        model.kernel = tf.Variable(tf.zeros(shape))
        return model

    monkeypatch.setattr(tiny, "TinyModel", changed)
    with pytest.raises(CheckpointError) as caught:
        tiny.train(tiny.config(4, folder, more), folder)
    return caught.value


def test_another_number_of_classes_is_named_with_both_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    error = _started_again(tmp_path, "model { ssd { num_classes: 3 } }", monkeypatch, shape=(5, 4))
    assert error.where == "model.ssd.num_classes"
    assert error.what == "model.ssd.num_classes is 3, and the run in this folder was started with 2"
    assert error.cure.startswith("--set model.ssd.num_classes=2 to go on")
    assert "restored object" not in capfd.readouterr().err


def test_what_decides_about_shapes_is_named_before_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = "model { ssd { image_resizer { identity_resizer {} } feature_extractor { depth_multiplier: 0.5 } } }"
    error = _started_again(tmp_path, more, monkeypatch, shape=(5, 4))
    assert error.where == "model.ssd.feature_extractor.depth_multiplier"
    assert error.what.endswith("is 0.5, and the run in this folder was started without it")


def test_settings_that_change_no_shape_may_change(tmp_path: Path) -> None:
    tiny.train(tiny.config(2, tmp_path), tmp_path)
    more = "model { ssd { normalize_loss_by_num_matches: true } } train_config { gradient_clipping_by_norm: 9 }"
    assert tiny.train(tiny.config(4, tmp_path, more), tmp_path).step == 4


def test_without_a_config_of_then_nothing_is_compared(tmp_path: Path) -> None:
    tiny.train(tiny.config(2, tmp_path), tmp_path)
    for content in (b"", b"\xff", b"model {"):
        (tmp_path / "pipeline.config").write_bytes(content)
        assert tiny.train(tiny.config(2, tmp_path, "model { ssd { num_classes: 3 } }"), tmp_path).step == 2


def test_another_optimizer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = _started_again(tmp_path, ADAM, monkeypatch)
    assert error.where == "train_config.optimizer"
    assert "is adam_optimizer, and the run in this folder was started with momentum_optimizer" in error.what


def test_averages_that_the_run_did_not_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = _started_again(tmp_path, "train_config { optimizer { use_moving_average: true } }", monkeypatch)
    assert error.where == "train_config.optimizer.use_moving_average"
    assert error.cure.startswith("--set train_config.optimizer.use_moving_average=false to go on")


def test_a_finished_run_says_so_and_what_to_raise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert tiny.train(tiny.config(2, tmp_path), tmp_path, RunOptions(seed=1)).step == 2
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "nothing to do" in line]
    assert "has done its 2 steps" in line and "raise --num_train_steps and train_config.optimizer." in line


def _files(folder: Path, **sizes: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    for name, size in sizes.items():
        (folder / name).write_bytes(bytes(size))
    return [str(folder / name) for name in sizes]


def test_other_data_is_refused_and_changed_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _files(tmp_path / "a", one=10, two=20)
    earlier = EarlierStart(1, data=dict(zip(before, (10, 20), strict=True)))

    refuse_other_data(earlier, before, "input_path")
    refuse_other_data(earlier, _files(tmp_path / "moved", one=10, two=20), "input_path")
    refuse_other_data(None, before, "input_path")
    assert capsys.readouterr().err == ""

    refuse_other_data(earlier, [*before, *_files(tmp_path / "b", three=5)], "input_path")
    assert "2 files then, 3 now, 1 of them new or changed" in capsys.readouterr().err
    refuse_other_data(earlier, _files(tmp_path / "a", one=11, two=21), "input_path")  # converted again
    assert "2 of them new or changed" in capsys.readouterr().err

    with pytest.raises(CheckpointError, match="was trained on") as caught:
        refuse_other_data(earlier, _files(tmp_path / "c", one=1), "input_path")
    assert str(tmp_path / "c" / "one") in caught.value.what and before[0] in caught.value.what


def test_classes_in_another_order_are_refused() -> None:
    earlier = EarlierStart(1, classes={"cat": 1, "dog": 2})
    refuse_other_classes(earlier, {"cat": 1, "dog": 2, "cow": 3}, "label_map_path")
    with pytest.raises(CheckpointError, match="'cat' is 2 and was 1"):
        refuse_other_classes(earlier, {"cat": 2, "dog": 1}, "label_map_path")


def test_the_config_of_each_start_is_written_down(tmp_path: Path) -> None:
    config = tiny.config(4, tmp_path)
    start = Start(0.0, tmp_path, True, 0, None, 1, False)
    earlier_from_config.record_start_from_config(config, start, tmp_path)
    (start_of_now,) = json.loads((tmp_path / "run.json").read_text())["starts"]
    assert text_format.Parse(start_of_now["settings"], TrainEvalPipelineConfig()) == config
    assert start_of_now["classes"] == {"cat": 1, "dog": 2}


def test_a_config_that_was_edited_in_the_folder_of_the_run_is_still_compared(tmp_path: Path) -> None:
    config = tiny.config(4, tmp_path)
    settings = text_format.MessageToString(config)
    (tmp_path / "pipeline.config").write_text("damaged {")
    start = Start(0.0, tmp_path, True, 2, str(tmp_path / "ckpt-1"), 1, False, EarlierStart(1, settings=settings))
    config.train_config.optimizer.use_moving_average = True
    with pytest.raises(CheckpointError, match="use_moving_average is true"):
        earlier_from_config.refuse_another_run(config, start, SimpleNamespace())
