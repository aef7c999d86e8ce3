"""Event files cut back to a step."""

from pathlib import Path

import pytest
import tensorflow as tf

from tests.training import reading
from tfod.records.frames import write_frame
from tfod.training.events import forget_after


def _write(folder: Path, steps: list[int]) -> Path:
    before = set(folder.glob("*"))
    writer = tf.summary.create_file_writer(str(folder))
    for step in steps:
        with writer.as_default():
            tf.summary.scalar("loss", float(step), step=step)
    writer.close()
    (path,) = set(folder.glob("*")) - before
    return path


def test_steps_after_the_given_one_go(tmp_path: Path) -> None:
    _write(tmp_path, [1, 2, 3])
    _write(tmp_path, [4, 5, 6])
    assert forget_after(tmp_path, 4) == 4
    assert reading.scalars(tmp_path) == {"loss": [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]}
    assert forget_after(tmp_path, 0) is None
    assert reading.scalars(tmp_path) == {}


def test_files_that_need_no_change_are_not_touched(tmp_path: Path) -> None:
    path = _write(tmp_path, [1, 2])
    before = path.stat()
    assert forget_after(tmp_path, 2) == 2
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_record_that_a_kill_cut_off_goes(tmp_path: Path) -> None:
    path = _write(tmp_path, [1, 2, 3])
    path.write_bytes(path.read_bytes()[:-5])
    assert forget_after(tmp_path, 10) == 2
    assert reading.scalars(tmp_path) == {"loss": [(1, 1.0), (2, 2.0)]}


def test_a_damaged_record_is_told_and_what_follows_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path, [1, 2, 3])
    content = path.read_bytes()
    third = content.rfind(b"loss")
    path.write_bytes(content[:third] + b"LOSS" + content[third + 4 :])
    assert forget_after(tmp_path, 10) == 2
    assert f"{path} is damaged at byte" in capsys.readouterr().err
    assert reading.scalars(tmp_path) == {"loss": [(1, 1.0), (2, 2.0)]}


def test_what_is_no_event_file_at_all_is_emptied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes(b"\xff" * 100)
    with (tmp_path / "events.out.tfevents.2").open("wb") as file:
        write_frame(file, b"\xff\xff")
    assert forget_after(tmp_path, 10) is None
    assert capsys.readouterr().err.count("is damaged at byte 0") == 2
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0, 0]


def test_a_folder_without_events_has_no_step(tmp_path: Path) -> None:
    assert forget_after(tmp_path / "missing", 5) is None
