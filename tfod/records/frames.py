"""The TFRecord file format: records one after the other, each with checksums.

A record is its length (uint64), the checksum of those eight bytes (uint32), the payload, the payload's checksum
(uint32), all little-endian. A checksum is CRC-32C, rotated and offset, so that data that itself holds CRCs keeps
its own apart.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from tfod.errors import DataError
from tfod.shards import FOOTER, HEADER, header_fault, masked_crc
from tfod.stores import file_size, open_file

__all__ = ["Frame", "read_frames", "scan_frames", "sound_frames", "write_frame"]

_CURE = "convert the data again, or copy the file again from where it came"


def write_frame(file: BinaryIO, payload: bytes) -> bytes:
    """Appends one record; returns what stands before and after the payload, together."""
    length = len(payload)
    before, after = HEADER.pack(length, masked_crc(length.to_bytes(8, "little"))), FOOTER.pack(masked_crc(payload))
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
            header = file.read(HEADER.size)
            what = header_fault(header, size - offset)
            payload = footer = b""
            if not what:
                payload = file.read(HEADER.unpack(header)[0])
                footer = file.read(FOOTER.size)
                if FOOTER.unpack(footer) != (masked_crc(payload),):
                    what = "a record's content does not match its checksum: it is damaged"
            fault = DataError(what, f"{path}, record {number}, byte {offset}", _CURE) if what else None
            yield Frame(number, offset, payload, header + footer, fault)
            if not footer:
                return
            number += 1
            offset += HEADER.size + len(payload) + FOOTER.size
