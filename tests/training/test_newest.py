"""Damaged checkpoints and side files: what is damaged is told, and the run goes on from the newest that is whole."""

import json
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from tests.training import tiny
from tfod.checkpoints.object_reader import find_checkpoint
from tfod.checkpoints.restore import restore_model
from tfod.checkpoints.state import named_checkpoints, newest_checkpoint, numbered_checkpoints, write_state
from tfod.errors import CheckpointError
from tfod.training.checkpoints import keep_if_best, mend_best
from tfod.training.newest import newest_whole
from tfod.training.options import RunOptions
from tfod.training.run_folder import last_start
from tfod.training.table import RunTable

MAP = "DetectionBoxes_Precision/mAP"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    config = tiny.config(6, folder, f'eval_input_reader {{ label_map_path: "{folder / "tiny.pbtxt"}" }}')
    tiny.train(config, folder, RunOptions(seed=1, checkpoint_every_n=2), maps=[0.25, 0.5, 0.375])
    tf.summary.experimental.set_step(None)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished run of 6 steps, with checkpoints at 2, 4 (the best) and 6."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def _cut(folder: Path, number: int) -> None:
    data = folder / f"ckpt-{number}.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:50])


def test_the_newest_is_taken_and_nothing_said(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert newest_whole(run) == (str(run / "ckpt-3"), 6)
    assert newest_whole(run / "nowhere") is None
    assert capsys.readouterr().err == ""


def test_damaged_ones_are_passed_over_and_told(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _cut(run, 3)
    assert newest_whole(run) == (str(run / "ckpt-2"), 4)
    told = capsys.readouterr().err
    assert "ckpt-3 cannot be used" in told and "goes on from" in told and "step 4" in told
    assert tf.train.latest_checkpoint(str(run)) == str(run / "ckpt-2")


NOT_WHOLE = b'model_checkpoint_path: "ckpt-3"\nall_model_check'


@pytest.mark.parametrize("content", [b"", b"model_checkpoint_path: 7", NOT_WHOLE, b"\xff\xfe\x00garbage", None])
def test_without_the_file_that_names_them_the_highest_number_counts(
    run: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "checkpoint").unlink() if content is None else (run / "checkpoint").write_bytes(content)
    assert newest_whole(run) == (str(run / "ckpt-3"), 6)
    assert "warning: " in capsys.readouterr().err
    assert named_checkpoints(run) == [str(run / f"ckpt-{number}") for number in (3, 2, 1)]


def test_a_named_checkpoint_that_is_gone_is_told(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in run.glob("ckpt-3.*"):
        part.unlink()
    assert newest_whole(run) == (str(run / "ckpt-2"), 4)
    assert "names ckpt-3, whose files are not there" in capsys.readouterr().err


def test_the_best_one_is_the_last_resort(run: Path) -> None:
    for number in (1, 2, 3):
        _cut(run, number)
    assert newest_whole(run) == (str(run / "best" / "ckpt-2"), 4)
    assert not (run / "checkpoint").exists()


def test_where_none_is_whole_it_is_an_error(run: Path) -> None:
    shutil.rmtree(run / "best")
    for number in (1, 2, 3):
        _cut(run, number)
    with pytest.raises(CheckpointError, match="none of the 3 checkpoints"):
        newest_whole(run)


def test_a_kill_in_the_first_save_leaves_a_run_that_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "ckpt-1.index").write_bytes(b"half an ind")
    assert newest_whole(tmp_path) is None


def test_a_run_goes_on_from_the_one_before_the_damaged(run: Path) -> None:
    _cut(run, 3)
    config = tiny.config(8, run, f'eval_input_reader {{ label_map_path: "{run / "tiny.pbtxt"}" }}')
    result = tiny.train(config, run, RunOptions(seed=1, checkpoint_every_n=2), maps=[0.75, 0.1])
    assert result.step == 8 and result.checkpoint is not None
    assert json.loads((run / "best" / "best.json").read_text())["step"] == 6
    assert [line["step"] for line in RunTable(run / "metrics.csv", 100).lines] == [2, 4, 6, 8]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"starts": [{}]}', b"\xff\xfe"])
def test_a_damaged_record_of_the_run_is_told_and_begun_anew(
    run: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "run.json").write_bytes(content)
    assert last_start(run) is None
    assert "run.json is damaged" in capsys.readouterr().err
    tiny.train(tiny.config(8, run), run)
    assert [start["from_step"] for start in json.loads((run / "run.json").read_text())["starts"]] == [6]
    assert (run / "run.json.damaged").read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"{}", b'{"value": NaN}', None])
def test_a_damaged_record_of_the_best_is_mended_from_the_table(run: Path, content: bytes | None) -> None:
    path = run / "best" / "best.json"
    path.unlink() if content is None else path.write_bytes(content)
    lines = RunTable(run / "metrics.csv", 100).lines
    mend_best(run, lines, MAP)
    assert json.loads(path.read_text()) == {"metric": MAP, "value": 0.5, "step": 4, "checkpoint": "ckpt-2"}


def test_without_the_table_the_next_evaluation_is_the_best(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "best" / "best.json").write_bytes(b"{")
    mend_best(run, [], MAP)
    assert "is not known" in capsys.readouterr().err
    assert keep_if_best(run, str(run / "ckpt-1"), 2, {MAP: 0.1})


def test_an_evaluation_without_truth_is_never_the_best(run: Path) -> None:
    shutil.rmtree(run / "best")
    assert not keep_if_best(run, str(run / "ckpt-1"), 2, {MAP: -1.0})
    assert not (run / "best").exists()


def test_damaged_lines_of_the_table_are_left_out_and_told(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "metrics.csv"
    lines = path.read_text().splitlines()
    path.write_bytes("\n".join([lines[0], lines[1], "fo,ur" + lines[2][1:], lines[3]]).encode() + b"\n\xff\xfe,\n")
    assert [line["step"] for line in RunTable(path, 100).lines] == [2, 6]
    assert "lines that are left out: 2" in capsys.readouterr().err


def test_for_an_evaluation_the_damage_is_an_error_that_names_another(run: Path) -> None:
    (run / "checkpoint").write_bytes(b"\xff\xfe")
    for find in (find_checkpoint, newest_checkpoint):
        with pytest.raises(CheckpointError, match="is damaged") as caught:
            find(run)
        assert caught.value.cure == f"name the checkpoint itself: {run / 'ckpt-3'}"
    (run / "checkpoint").unlink()
    with pytest.raises(CheckpointError, match="holds no checkpoint") as caught:
        find_checkpoint(run)
    assert str(run / "ckpt-3") in caught.value.cure
    _cut(run, 3)
    with pytest.raises(CheckpointError, match="is cut short") as caught:
        restore_model(tiny.TinyModel(), run / "ckpt-3")
    assert caught.value.cure.endswith(f"or name another checkpoint: {run / 'ckpt-2'}")


def test_the_state_is_the_one_that_tensorflow_reads(tmp_path: Path) -> None:
    for number in (2, 10, 9):
        (tmp_path / f"cküpt-{number}.index").write_bytes(b"")
    prefixes = numbered_checkpoints(tmp_path)
    assert prefixes == [str(tmp_path / f"cküpt-{number}") for number in (10, 9, 2)]
    write_state(tmp_path, prefixes)
    assert tf.train.latest_checkpoint(str(tmp_path)) == prefixes[0]
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(state.all_model_checkpoint_paths) == prefixes[::-1]
    assert named_checkpoints(tmp_path) == prefixes
