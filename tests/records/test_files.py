"""Names of record files."""

from pathlib import Path

import pytest

from tfod.errors import DataError
from tfod.records.files import expand, shard_names


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def test_shard_names() -> None:
    assert shard_names("a/train.record", 1) == ["a/train.record"]
    assert shard_names("a/t", 3) == ["a/t-00000-of-00003", "a/t-00001-of-00003", "a/t-00002-of-00003"]


def test_names_and_patterns_sorted_once(tmp_path: Path) -> None:
    _touch(tmp_path, "b.record", "a.record", "c[1].record", ".a.record.tmp")
    assert expand([f"{tmp_path}/*.record", f"{tmp_path}/a.record", f"{tmp_path}/c[1].record"]) == [
        f"{tmp_path}/a.record",
        f"{tmp_path}/b.record",
        f"{tmp_path}/c[1].record",
    ]


@pytest.mark.parametrize("end", ["", ".tfrecord"])
def test_a_whole_set(tmp_path: Path, end: str) -> None:
    names = [name + end for name in shard_names("train.record", 3)]
    _touch(tmp_path, *names)
    assert expand([f"{tmp_path}/train.record-?????-of-00003{end}"]) == [f"{tmp_path}/{name}" for name in names]


def test_nothing_matches(tmp_path: Path) -> None:
    (tmp_path / "folder.record").mkdir()
    with pytest.raises(DataError, match="no TFRecord file matches") as caught:
        expand([f"{tmp_path}/*.record"])
    assert caught.value.where == f"{tmp_path}/*.record"


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    _touch(tmp_path, *shard_names("train.record", 10)[1:])
    with pytest.raises(DataError, match="1 of its 10 shards are missing") as caught:
        expand([f"{tmp_path}/train.record-*"])
    assert caught.value.where == f"{tmp_path}/train.record-00000-of-00010"


def test_sets_of_different_sizes_are_not_mixed(tmp_path: Path) -> None:
    _touch(tmp_path, *shard_names("train.record", 2), *shard_names("train.record", 3))
    with pytest.raises(DataError, match="sets of 2 and of 3 files are mixed"):
        expand([f"{tmp_path}/train.record*"])
    assert len(expand([f"{tmp_path}/train.record-?????-of-00003"])) == 3

    _touch(tmp_path, "train.record")
    with pytest.raises(DataError, match="sets of 1 and of 2 files are mixed"):
        expand([f"{tmp_path}/train.record*"])
