"""TFRecord framing: checksums worked out by others, damage named by record and byte."""

import io
import struct
from pathlib import Path

import pytest

from tfod.errors import DataError
from tfod.records.frames import read_frames, write_frame
from tfod.shards import masked_crc

PAYLOADS = [b"first", b"", b"x" * 100_000, b"last"]


def _unmasked(masked: int) -> int:
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def _write(path: Path, payloads: list[bytes]) -> Path:
    with path.open("wb") as file:
        for payload in payloads:
            write_frame(file, payload)
    return path


def test_checksums_of_rfc_3720() -> None:
    # The examples of its appendix B.4.
    assert _unmasked(masked_crc(bytes(32))) == 0x8A9136AA
    assert _unmasked(masked_crc(b"\xff" * 32)) == 0x62A8AB43
    assert _unmasked(masked_crc(bytes(range(32)))) == 0x46DD794E


def test_a_checksum_bit_by_bit() -> None:
    crc = 0xFFFFFFFF
    for byte in b"tfod":
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    assert _unmasked(masked_crc(b"tfod")) == crc ^ 0xFFFFFFFF


def test_layout_of_a_record() -> None:
    file = io.BytesIO()
    write_frame(file, b"abc")
    length = struct.pack("<Q", 3)
    expected = length + struct.pack("<I", masked_crc(length)) + b"abc" + struct.pack("<I", masked_crc(b"abc"))
    assert file.getvalue() == expected


def test_round_trip(tmp_path: Path) -> None:
    assert list(read_frames(_write(tmp_path / "a.record", PAYLOADS))) == PAYLOADS
    assert list(read_frames(_write(tmp_path / "empty.record", []))) == []


def test_tensorflow_reads_ours_and_we_read_tensorflows(tmp_path: Path) -> None:
    import tensorflow as tf

    ours, theirs = _write(tmp_path / "ours", PAYLOADS), tmp_path / "theirs"
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(ours))] == PAYLOADS
    with tf.io.TFRecordWriter(str(theirs)) as writer:
        for payload in PAYLOADS:
            writer.write(payload)
    assert theirs.read_bytes() == ours.read_bytes()
    assert list(read_frames(theirs)) == PAYLOADS


@pytest.mark.parametrize(
    ("place", "what", "number", "byte"),
    [
        (3, "length does not match", 0, 0),
        (9, "length does not match", 0, 0),
        (13, "content does not match", 0, 0),
        (18, "content does not match", 0, 0),
        (21 + 16 + 500, "content does not match", 2, 37),
    ],
)
def test_damage_is_named_by_record_and_byte(tmp_path: Path, place: int, what: str, number: int, byte: int) -> None:
    path = _write(tmp_path / "a.record", PAYLOADS)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)

    read = []
    with pytest.raises(DataError, match=what) as caught:
        read.extend(read_frames(path))
    assert caught.value.where == f"{path}, record {number}, byte {byte}"


def test_a_file_cut_anywhere_gives_the_whole_records_and_then_the_error(tmp_path: Path) -> None:
    whole = _write(tmp_path / "a.record", [b"first", b"second"]).read_bytes()
    path = tmp_path / "cut.record"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        frames = read_frames(path)
        if length >= 21:
            assert next(frames) == b"first"
        if length == 21:
            assert list(frames) == []
            continue
        with pytest.raises(DataError, match="ends inside a record"):
            list(frames)


def test_a_length_beyond_the_file_is_not_believed(tmp_path: Path) -> None:
    length = struct.pack("<Q", 1 << 60)
    path = tmp_path / "a.record"
    path.write_bytes(length + struct.pack("<I", masked_crc(length)) + bytes(100))
    with pytest.raises(DataError, match="ends inside a record"):
        list(read_frames(path))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(read_frames(tmp_path / "none.record"))
