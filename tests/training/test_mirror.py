"""Runs whose folder lies in a store. `file://` stands for one here: `ram://` appends to files that are written anew."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from tests.training import tiny
from tfod.errors import StoreError
from tfod.training.mirror import on_this_machine
from tfod.training.options import RunOptions


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"file://{tmp_path}/bucket/run"


def names(store: str) -> list[str]:
    """All files of a folder of a store, below it."""
    paths = (f"{at}/{name}" for at, _, files in tf.io.gfile.walk(store) for name in files)
    return sorted(path.removeprefix(f"{store}/") for path in paths)


def test_a_folder_of_this_machine_is_itself(tmp_path: Path) -> None:
    with on_this_machine(tmp_path) as folder:
        assert folder == tmp_path


def test_a_run_is_trained_into_a_store_and_gone_on_with(store: str, tmp_path: Path) -> None:
    options = RunOptions(seed=1, checkpoint_every_n=2)
    with on_this_machine(store) as folder:
        assert tiny.train(tiny.config(4, tmp_path), folder, options).step == 4
    assert not folder.exists()
    assert {"checkpoint", "ckpt-1.index", "ckpt-2.index", "run.json", "pipeline.config"} <= set(names(store))
    assert tf.train.latest_checkpoint(store) == f"{store}/ckpt-2"
    with on_this_machine(Path(store)) as folder:
        assert tiny.train(tiny.config(6, tmp_path), folder, options).step == 6
        assert (folder / "ckpt-3.index").exists()
    assert tf.train.latest_checkpoint(store) == f"{store}/ckpt-3"


def test_what_changes_follows_while_the_run_goes_on(store: str) -> None:
    with on_this_machine(store, seconds=0.05) as folder:
        (folder / "train").mkdir()
        for name in ("a", "train/b", ".c.tmp"):
            (folder / name).write_text(name)
        _wait_for(lambda: tf.io.gfile.exists(f"{store}/train/b"))
        (folder / "a").unlink()
        (folder / "train/b").write_text("longer")
        _wait_for(lambda: not tf.io.gfile.exists(f"{store}/a"))
    assert names(store) == ["train/b"]
    with tf.io.gfile.GFile(f"{store}/train/b") as file:
        assert file.read() == "longer"


def test_a_failed_run_leaves_what_it_had_written(store: str) -> None:
    with pytest.raises(KeyError), on_this_machine(store) as folder:
        (folder / "a").write_text("a")
        raise KeyError
    assert names(store) == ["a"]


def test_a_store_that_cannot_be_written_leaves_the_copy(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise tf.errors.UnavailableError(None, None, "no answer\nfrom there")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(StoreError, match="no answer\n  where") as caught, on_this_machine(store) as folder:
        (folder / "a").write_text("a")
        monkeypatch.setattr(tf.io.gfile, "copy", fail)
    assert str(folder) in caught.value.cure
    assert (folder / "a").read_text() == "a"


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
