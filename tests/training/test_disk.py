"""Places that cannot be written, and what a kill leaves behind."""

import json
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from tests.disks import mounted
from tests.training import tiny
from tfod.errors import OutputError
from tfod.training.checkpoints import keep_if_best
from tfod.training.disk import require_writable, sweep, writing


def test_tensorflow_errors_become_errors_of_the_output(tmp_path: Path) -> None:
    full = tf.errors.ResourceExhaustedError(None, None, "No space left on device\nmore")
    with pytest.raises(OutputError, match="free some space") as caught, writing(tmp_path / "ckpt"):
        raise full
    assert caught.value.where == str(tmp_path / "ckpt")


def test_a_folder_is_made_and_tried(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        require_writable(tmp_path / "file" / "b")


def test_leftovers_go_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "ckpt-3_temp").mkdir()
    (tmp_path / "train").mkdir()
    for name in (".run.json.abc.tmp", "train/.events.abc.tmp", "run.json", "ckpt-2.index"):
        (tmp_path / name).write_text("")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ckpt-2.index", "run.json", "train"]
    assert list((tmp_path / "train").iterdir()) == []


def test_the_best_is_not_lost_between_two_renames(tmp_path: Path) -> None:
    result = tiny.train(tiny.config(2, tmp_path), tmp_path)
    assert result.checkpoint is not None
    assert keep_if_best(tmp_path, result.checkpoint, 2, {"DetectionBoxes_Precision/mAP": 0.5})
    assert not keep_if_best(tmp_path, result.checkpoint, 3, {"DetectionBoxes_Precision/mAP": 0.5})
    (tmp_path / "best").rename(tmp_path / ".best.x.tmp")
    (tmp_path / ".best.x.earlier").mkdir()
    sweep(tmp_path)
    assert json.loads((tmp_path / "best" / "best.json").read_text())["step"] == 2
    assert [path.name for path in tmp_path.glob(".best*")] == []


def test_the_earlier_best_is_still_there_where_the_new_one_was_not_finished(tmp_path: Path) -> None:
    (tmp_path / ".best.x.tmp").mkdir()
    earlier = tmp_path / ".best.x.earlier"
    earlier.mkdir()
    (earlier / "best.json").write_text("{}")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_full_disk_leaves_the_best_as_it_was(tmp_path: Path) -> None:
    result = tiny.train(tiny.config(2, tmp_path), tmp_path)
    assert result.checkpoint is not None
    folder = tmp_path / "disk"
    with mounted(folder, "size=200k"):
        assert keep_if_best(folder, result.checkpoint, 2, {"DetectionBoxes_Precision/mAP": 0.5})
        (folder / "full").write_bytes(bytes(shutil.disk_usage(folder).free))
        with pytest.raises(OutputError, match="no space"):
            keep_if_best(folder, result.checkpoint, 3, {"DetectionBoxes_Precision/mAP": 0.6})
        sweep(folder)
        assert json.loads((folder / "best" / "best.json").read_text())["step"] == 2
        assert tf.train.load_checkpoint(str(folder / "best" / "ckpt-1")).get_tensor(
            "model/bias/.ATTRIBUTES/VARIABLE_VALUE"
        ).shape == (4,)
        assert [path.name for path in folder.glob(".*")] == []
