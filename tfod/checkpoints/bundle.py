"""Whether the files of a checkpoint are whole, told by the checksums that they carry, without TensorFlow.

An index is a sorted table (of LevelDB's form) in blocks: keys and values, then what the block is compressed with, then
the checksum of both. The last 48 bytes say where the block lies that lists the others, and end in a fixed number. The
table says of each variable its type, in which data file it lies, where, and the checksum of its bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tfod.checkpoints.wire import fields, read_varint
from tfod.errors import CheckpointError
from tfod.records.frames import masked_crc

__all__ = ["verify_checkpoint"]

_FOOTER = 48
_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_TRAILER = 5  # one byte for the compression, four for the checksum
_UNCOMPRESSED = 0
_STRING = 7  # the number of TensorFlow's type for texts, of which the checksum is made in another way


@dataclass(frozen=True)
class _Entry:
    key: str
    dtype: int
    shard: int
    offset: int
    size: int
    checksum: int | None  # None: not said


def verify_checkpoint(prefix: Path | str) -> int:
    """Reads the whole checkpoint `prefix` and returns how many variables it holds.

    Raises CheckpointError where a file is missing, cut short, or does not have the checksums that it should.
    """
    index = Path(f"{prefix}.index")
    try:
        table = dict(_table(index.read_bytes()))
        shards = _number(table.pop(b"", b""), 1, default=1)
        entries = [_entry(key, value) for key, value in table.items()]
    except OSError as error:
        raise _damaged(str(index), f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, IndexError, struct.error) as error:
        raise _damaged(str(index), str(error) if isinstance(error, _TableError) else "is no index") from error
    if not entries:
        raise _damaged(str(index), "lists no variable")
    for shard in range(shards):
        _verify_data(Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}"), [e for e in entries if e.shard == shard])
    return sum(entry.dtype != _STRING for entry in entries)


class _TableError(ValueError):
    """What is wrong with an index, in words."""


def _damaged(where: str, what: str) -> CheckpointError:
    return CheckpointError(f"a file of the checkpoint {what}", where, "copy it again, or fetch its archive again")


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < _FOOTER or not data.endswith(_MAGIC):
        raise _TableError("is no index, or is cut short")
    footer = data[-_FOOTER:]
    list(_block(data, footer, 0))  # of what nothing is needed; but it should be whole too
    _, position = read_varint(footer, 0)
    _, position = read_varint(footer, position)
    for _, handle in _block(data, footer, position):
        yield from _block(data, handle, 0)


def _block(data: bytes, handle: bytes, position: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the block whose offset and size `handle` has at `position`."""
    offset, position = read_varint(handle, position)
    size, _ = read_varint(handle, position)
    block, trailer = data[offset : offset + size], data[offset + size : offset + size + _TRAILER]
    if len(trailer) < _TRAILER or struct.unpack("<I", trailer[1:]) != (masked_crc(block + trailer[:1]),):
        raise _TableError("does not have the checksums that it should: it is damaged")
    if trailer[0] != _UNCOMPRESSED:
        raise _TableError("is compressed, which TensorFlow's are not")
    (restarts,) = struct.unpack("<I", block[-4:])
    end, position, key = len(block) - 4 * (restarts + 1), 0, b""
    while position < end:  # each key without what it shares with the one before
        shared, position = read_varint(block, position)
        rest, position = read_varint(block, position)
        length, position = read_varint(block, position)
        key = key[:shared] + block[position : position + rest]
        position += rest
        yield key, block[position : position + length]
        position += length


def _entry(key: bytes, value: bytes) -> _Entry:
    dtype, shard, offset, size = (_number(value, field) for field in (1, 3, 4, 5))
    encoded = b"".join(fields(value, 6))
    checksum = struct.unpack("<I", encoded)[0] if encoded and dtype != _STRING else None
    return _Entry(key.decode("utf-8", "replace"), dtype, shard, offset, size, checksum)


def _number(message: bytes, field: int, default: int = 0) -> int:
    encoded = b"".join(fields(message, field))
    return read_varint(encoded, 0)[0] if encoded else default


def _verify_data(path: Path, entries: list[_Entry]) -> None:
    try:
        with path.open("rb") as file:
            needed, there = max((e.offset + e.size for e in entries), default=0), path.stat().st_size
            if there < needed:
                raise _damaged(str(path), f"is cut short: it has {there} bytes, and should have {needed}")
            for entry in entries:
                if entry.checksum is not None and _checksum(file, entry) != entry.checksum:
                    raise _damaged(f"{path}, {entry.key}", "does not have the checksums that it should: it is damaged")
    except OSError as error:
        raise _damaged(str(path), f"cannot be read: {(error.strerror or str(error)).lower()}") from error


def _checksum(file: BinaryIO, entry: _Entry) -> int:
    file.seek(entry.offset)
    return masked_crc(file.read(entry.size))
