"""A checkpoint is read through to verify it: those that TensorFlow writes are whole, and every damage is found."""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tfod.checkpoints.object_reader import CheckpointReader
from tfod.errors import CheckpointError

INDEX, DATA = "ckpt-0.index", "ckpt-0.data-00000-of-00001"


def verify_checkpoint(prefix: Path | str) -> int:
    return CheckpointReader(str(prefix)).verify()


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def _change(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def test_one_that_tensorflow_wrote_is_whole(checkpoint: Path) -> None:
    assert verify_checkpoint(checkpoint / "ckpt-0") == 3  # with the counter of checkpoints


def test_the_pretrained_one_is_whole(shared: Path) -> None:
    folder = shared / "pretrained" / "ssd_mobilenet_v2_fpnlite_320x320_hands" / "checkpoint"
    assert verify_checkpoint(folder / "ckpt-0") == 385


def test_a_large_index_has_several_blocks(tmp_path: Path) -> None:
    import tensorflow as tf

    variables = {f"a_variable_with_a_long_name_{number:04d}": tf.Variable(float(number)) for number in range(500)}
    prefix = tf.train.Checkpoint(**variables).write(str(tmp_path / "many"))
    assert verify_checkpoint(prefix) == 500


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: b"", "it is no index, or is cut short"),
        (lambda data: data[:-1], "it is no index, or is cut short"),
        (lambda data: b"<html>404</html>" * 9, "it is no index, or is cut short"),
        (lambda data: data[:20] + b"?" + data[21:], "does not have the checksums"),
        (lambda data: data[:-48] + b"\xff" * 40 + data[-8:], "it is no index"),
        (lambda data: data[:-48] + bytes(40) + data[-8:], "does not have the checksums"),
    ],
)
def test_a_damaged_index(checkpoint: Path, change: Callable[[bytes], bytes], what: str) -> None:
    _change(checkpoint / INDEX, change)
    with pytest.raises(CheckpointError, match=what) as caught:
        verify_checkpoint(checkpoint / "ckpt-0")
    assert caught.value.where == str(checkpoint / INDEX)


def test_every_byte_of_the_index_counts(checkpoint: Path) -> None:
    good = (checkpoint / INDEX).read_bytes()
    unnoticed = []
    for position in range(len(good) - 48):
        (checkpoint / INDEX).write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        try:
            verify_checkpoint(checkpoint / "ckpt-0")
            unnoticed.append(position)
        except CheckpointError:
            pass
    # But those of a list that is empty and that TensorFlow never reads: 8 bytes, and 5 of its checksum.
    assert unnoticed == [*range(unnoticed[0], unnoticed[0] + 13)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: data[:-1], "is cut short"),
        (lambda data: b"", "is cut short"),
        (lambda data: b"\xff" + data[1:], "does not have the checksums"),
    ],
)
def test_damaged_weights(checkpoint: Path, change: Callable[[bytes], bytes], what: str) -> None:
    _change(checkpoint / DATA, change)
    with pytest.raises(CheckpointError, match=what) as caught:
        verify_checkpoint(checkpoint / "ckpt-0")
    assert caught.value.where.startswith(str(checkpoint / "ckpt-0"))


def test_a_changed_weight_is_named(checkpoint: Path) -> None:
    value = struct.pack("<f", 7.0)
    _change(checkpoint / DATA, lambda data: data.replace(value, struct.pack("<f", 8.0), 1))
    with pytest.raises(CheckpointError) as caught:
        verify_checkpoint(checkpoint / "ckpt-0")
    assert caught.value.where == f"{checkpoint / 'ckpt-0'}, a/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.mark.parametrize("name", [INDEX, DATA])
def test_a_missing_file(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match="cannot be read: no such file"):
        verify_checkpoint(checkpoint / "ckpt-0")
