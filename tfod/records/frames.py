"""The TFRecord file format: records one after the other, each with checksums.

A record is its length (uint64), the checksum of those eight bytes (uint32), the payload, the payload's checksum
(uint32), all little-endian. A checksum is CRC-32C, rotated and offset, so that data that itself holds CRCs keeps
its own apart.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from google_crc32c import value as crc32c

from tfod.errors import DataError

__all__ = ["frame", "masked_crc", "read_frames", "write_frame"]

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEADER_SIZE = _LENGTH.size + _CHECKSUM.size
_MASK_DELTA = 0xA282EAD8
_CURE = "convert the data again, or copy the file again from where it came"


def masked_crc(data: bytes) -> int:
    """The checksum that TFRecords store of `data`, a uint32."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def frame(payload: bytes) -> tuple[bytes, bytes, bytes]:
    """One record, in pieces: what stands before the payload, the payload itself, what stands after it."""
    length = _LENGTH.pack(len(payload))
    return length + _CHECKSUM.pack(masked_crc(length)), payload, _CHECKSUM.pack(masked_crc(payload))


def write_frame(file: BinaryIO, payload: bytes) -> None:
    """Appends one record."""
    file.writelines(frame(payload))


def read_frames(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yields the payload of each record, one in memory at a time.

    Raises DataError, with the record's number (from 0) and its byte in the file, where a checksum is wrong or the
    file ends inside a record.
    """
    path = os.fspath(path)
    try:
        file = open(path, "rb")  # noqa: SIM115  (closed below; opening has errors of its own)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the TFRecord file: {reason}", path, "check the path and its rights") from error
    with file:
        size = os.fstat(file.fileno()).st_size
        number = offset = 0
        while offset < size:
            payload = _read_frame(file, size - offset, f"{path}, record {number}, byte {offset}")
            yield payload
            number += 1
            offset += _HEADER_SIZE + len(payload) + _CHECKSUM.size


def _read_frame(file: BinaryIO, available: int, where: str) -> bytes:
    header = file.read(_HEADER_SIZE)
    if len(header) < _HEADER_SIZE:
        raise DataError("the TFRecord file ends inside a record", where, _CURE)
    (length,) = _LENGTH.unpack_from(header)
    if _CHECKSUM.unpack_from(header, _LENGTH.size) != (masked_crc(header[: _LENGTH.size]),):
        raise DataError("a record's length does not match its checksum: damaged, or no TFRecord file", where, _CURE)
    if _HEADER_SIZE + length + _CHECKSUM.size > available:
        raise DataError("the TFRecord file ends inside a record", where, _CURE)
    payload = file.read(length)
    if _CHECKSUM.unpack(file.read(_CHECKSUM.size)) != (masked_crc(payload),):
        raise DataError("a record's content does not match its checksum: it is damaged", where, _CURE)
    return payload
