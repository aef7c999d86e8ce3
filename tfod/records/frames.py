"""The TFRecord file format: records one after the other, each with checksums.

A record is its length (uint64), the checksum of those eight bytes (uint32), the payload, the payload's checksum
(uint32), all little-endian. A checksum is CRC-32C, rotated and offset, so that data that itself holds CRCs keeps
its own apart.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from google_crc32c import value as crc32c

from tfod.errors import DataError
from tfod.stores import file_size, open_file

__all__ = [
    "CHECKS_BEFORE",
    "CUT_OFF",
    "Frame",
    "masked_crc",
    "read_frames",
    "scan_frames",
    "sound_frames",
    "write_frame",
]

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
CHECKS_BEFORE = _LENGTH.size + _CHECKSUM.size  # bytes of a record before its payload
CUT_OFF = "the TFRecord file ends inside a record"  # what a process leaves that was killed while it wrote
_MASK_DELTA = 0xA282EAD8
_MOST_BYTES = (1 << 31) - 1  # of a tf.Example, and of any message of protobuf
_CURE = "convert the data again, or copy the file again from where it came"


def masked_crc(data: bytes) -> int:
    """The checksum that TFRecords store of `data`, a uint32."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def write_frame(file: BinaryIO, payload: bytes) -> bytes:
    """Appends one record; returns what stands before and after the payload, together."""
    length = _LENGTH.pack(len(payload))
    before, after = length + _CHECKSUM.pack(masked_crc(length)), _CHECKSUM.pack(masked_crc(payload))
    file.writelines((before, payload, after))
    return before + after


class Frame(NamedTuple):
    """A record as it lies in a file: `number` counts from 0, `offset` is its first byte.

    `checks` is what stands before and after the payload. `fault` says what is wrong, None where nothing is.
    """

    number: int
    offset: int
    payload: bytes
    checks: bytes
    fault: DataError | None = None

    @property
    def size(self) -> int:
        """Bytes of the whole record."""
        return len(self.checks) + len(self.payload)


def read_frames(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yields the payload of each record, as `sound_frames`."""
    return (frame.payload for frame in sound_frames(path))


def sound_frames(path: str | os.PathLike[str]) -> Iterator[Frame]:
    """Yields each record, one in memory at a time.

    Raises DataError, with the record's number (from 0) and its byte in the file, where a checksum is wrong or the
    file ends inside a record.
    """
    for frame in scan_frames(path):
        if frame.fault:
            raise frame.fault
        yield frame


def scan_frames(path: str | os.PathLike[str]) -> Iterator[Frame]:
    """Yields each record, damaged or not; after one whose length is damaged nothing more can be found.

    Raises DataError where the file cannot be read.
    """
    path = os.fspath(path)
    try:
        file, size = open_file(path), file_size(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the TFRecord file: {reason}", path, "check the path and its rights") from error
    with file:
        number = offset = 0
        while offset < size:
            header = file.read(CHECKS_BEFORE)
            what = _header_fault(header, size - offset)
            payload = footer = b""
            if not what:
                payload = file.read(_LENGTH.unpack_from(header)[0])
                footer = file.read(_CHECKSUM.size)
                if _CHECKSUM.unpack(footer) != (masked_crc(payload),):
                    what = "a record's content does not match its checksum: it is damaged"
            fault = DataError(what, f"{path}, record {number}, byte {offset}", _CURE) if what else None
            yield Frame(number, offset, payload, header + footer, fault)
            if not footer:
                return
            number += 1
            offset += CHECKS_BEFORE + len(payload) + _CHECKSUM.size


def _header_fault(header: bytes, available: int) -> str:
    """What is wrong with the head of a record, `available` bytes before the file's end; empty where nothing is."""
    if len(header) < CHECKS_BEFORE:
        return CUT_OFF
    (length,) = _LENGTH.unpack_from(header)
    if _CHECKSUM.unpack_from(header, _LENGTH.size) != (masked_crc(header[: _LENGTH.size]),):
        return "a record's length does not match its checksum: damaged, or no TFRecord file"
    if CHECKS_BEFORE + length + _CHECKSUM.size > available:
        return CUT_OFF
    if length > _MOST_BYTES:
        return f"a record of {length / 1e9:.1f} GB is no tf.Example, which has 2.1 GB at most"
    return ""
