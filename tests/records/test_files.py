"""Names of record files."""

import gzip
import io
import zlib
from pathlib import Path

import pytest

from tfod.errors import DataError
from tfod.records.files import expand, records_below
from tfod.records.frames import write_frame
from tfod.shards import shard_names


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def _record_file(payload: bytes) -> bytes:
    """The bytes of a file with one record."""
    file = io.BytesIO()
    write_frame(file, payload)
    return file.getvalue()


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


def test_a_set_that_counts_from_1_is_whole_too(tmp_path: Path) -> None:
    _touch(tmp_path, *[f"train.record-0000{number}-of-00003" for number in (1, 2, 3)])
    assert len(expand([f"{tmp_path}/train.record-*"])) == 3
    (tmp_path / "train.record-00002-of-00003").unlink()
    with pytest.raises(DataError, match="1 of its 3 shards") as caught:
        expand([f"{tmp_path}/train.record-*"])
    assert caught.value.where.endswith("train.record-00002-of-00003")


def test_the_shards_of_a_checkpoint_are_no_records(tmp_path: Path) -> None:
    _touch(tmp_path, "ckpt-1.data-00000-of-00001", "ckpt-1.index", "a.tfrec", "b-00000-of-00001", "c.record.gz")
    assert records_below(str(tmp_path)) == [f"{tmp_path}/a.tfrec", f"{tmp_path}/b-00000-of-00001"]


def test_what_is_compressed_or_a_pointer_is_told_with_its_cure(tmp_path: Path) -> None:
    path = tmp_path / "x.record"
    content, plain = _record_file(b"payload"), tmp_path / "x_plain.record"
    path.write_bytes(content)
    assert expand([str(path)]) == [str(path)]
    for data, what, cure in (
        (
            gzip.compress(content),
            "the records are compressed with GZIP",
            f"unpack them: gzip -dc {path} > {plain}",
        ),
        (zlib.compress(content), "the records are compressed with ZLIB", f"< {path} > {plain}"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, not the records", "git lfs pull"),
    ):
        path.write_bytes(data)
        with pytest.raises(DataError, match=what) as caught:
            expand([str(path)])
        assert cure in caught.value.cure


def test_the_length_of_a_record_may_look_like_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "x.record"
    path.write_bytes(_record_file(bytes(0x88B1F)))
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert expand([str(path)]) == [str(path)]


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
    with pytest.raises(DataError, match="sets of 2 and 3 files are mixed"):
        expand([f"{tmp_path}/train.record*"])
    assert len(expand([f"{tmp_path}/train.record-?????-of-00003"])) == 3

    _touch(tmp_path, "train.record")
    with pytest.raises(DataError, match="sets of 1 and 2 and 3 files are mixed"):
        expand([f"{tmp_path}/train.record*"])
