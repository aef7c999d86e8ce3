"""Reading the bytes of protobuf messages that are not worth a schema of their own."""

from collections.abc import Iterator

__all__ = ["fields", "read_varint"]

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5  # wire types
_UINT64 = (1 << 64) - 1


def fields(data: bytes, wanted: int) -> Iterator[bytes]:
    """The content of each field numbered `wanted`, whatever its wire type, in order.

    Raises IndexError or ValueError where `data` is no message.
    """
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        start, kind = position, tag & 7
        if kind == _VARINT:
            _, position = read_varint(data, position)
        elif kind == _DELIMITED:
            length, start = read_varint(data, position)
            position = start + length
        elif kind in (_FIXED64, _FIXED32):
            position += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if position > len(data):
            raise ValueError("a field ends after its message")
        if tag >> 3 == wanted:
            yield data[start:position]


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at `position`, seven bits a byte, and the position after it; IndexError or ValueError for none."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _UINT64, position
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
