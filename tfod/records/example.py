"""tf.Example messages as bytes, without TensorFlow.

The message is small and frozen for ever:

    Example  { Features features = 1; }
    Features { map<string, Feature> feature = 1; }
    Feature  { BytesList = 1 | FloatList = 2 | Int64List = 3 }, each of them { repeated ... value = 1 }

Writing it by hand costs a third of what protobuf's Python objects do, keeps the order of the features, so that
the same input gives the same bytes, and needs no second copy of TensorFlow's schema in the process.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from tfod.errors import DataError
from tfod.records.wire import fields, read_varint

__all__ = [
    "Value",
    "bytes_feature",
    "decode_example",
    "encode_example",
    "example_pieces",
    "float_feature",
    "int64_feature",
    "picture_feature",
    "text_feature",
]

Value = list[bytes] | list[float] | list[int]

_FIELD_1, _FIELD_2, _FIELD_3 = b"\x0a", b"\x12", b"\x1a"  # tags of length-delimited fields
_CACHED = 4096  # lengths, names, class numbers and short lists come again and again
_UINT64 = (1 << 64) - 1


def bytes_feature(*values: bytes) -> bytes:
    """A Feature with a list of byte strings."""
    pieces: list[bytes] = []
    for value in values:
        pieces += (_FIELD_1, _varint(len(value)), value)
    return b"".join((_FIELD_1, _varint(sum(map(len, pieces))), *pieces))  # joined once: a picture is large


def picture_feature(data: bytes) -> tuple[bytes, bytes]:
    """A Feature with one byte string, in two pieces, so that what may be large is not copied."""
    head = _FIELD_1 + _varint(len(data))
    return _FIELD_1 + _varint(len(head) + len(data)) + head, data


@lru_cache(maxsize=_CACHED)
def text_feature(values: tuple[str, ...]) -> bytes:
    """A Feature with a list of texts in UTF-8; made for lists that come again and again, such as class names."""
    return _delimited(_FIELD_1, b"".join(map(_text, values)))


@lru_cache(maxsize=_CACHED)
def int64_feature(values: tuple[int, ...]) -> bytes:
    """A Feature with a list of int64 numbers."""
    packed = b"".join(map(_varint, values))
    return _delimited(_FIELD_3, _delimited(_FIELD_1, packed) if packed else b"")


def float_feature(values: Sequence[float]) -> bytes:
    """A Feature with a list of numbers, rounded to float32."""
    head, pack = _floats(len(values))
    return head + pack(*values)


def encode_example(features: Mapping[str, bytes | tuple[bytes, bytes]]) -> bytes:
    """The tf.Example that holds `features`, name -> what one of the functions above gave, in that order."""
    return b"".join(example_pieces(features))


def example_pieces(features: Mapping[str, bytes | tuple[bytes, bytes]]) -> list[bytes]:
    """The same in pieces, whose join is the message: each picture is one, what lies between them is another."""
    pieces: list[bytes] = []
    between: list[bytes] = []
    for name, feature in features.items():
        if isinstance(feature, bytes):
            between += (_entry_head(name, len(feature)), feature)
        else:
            head, data = feature
            pieces += (b"".join((*between, _entry_head(name, len(head) + len(data)), head)), data)
            between = []
    pieces.append(b"".join(between))
    pieces[0] = b"".join((_FIELD_1, _varint(sum(map(len, pieces))), pieces[0]))
    return pieces


def decode_example(data: bytes, where: str = "a tf.Example") -> dict[str, Value]:
    """The features of a tf.Example: name -> list of bytes, floats or ints; a feature without a list gives [].

    Raises DataError, with `where`, for bytes that are no tf.Example.
    """
    features: dict[str, Value] = {}
    try:
        for body in fields(data, 1):
            for entry in fields(body, 1):
                name = b"".join(fields(entry, 1)).decode()
                features[name] = _decode_feature(b"".join(fields(entry, 2)))
    except (IndexError, ValueError, TypeError, struct.error) as error:
        cure = "convert the data again, or check that the file holds tf.Examples"
        raise DataError("the record is no tf.Example", where, cure) from error
    return features


def _delimited(tag: bytes, payload: bytes) -> bytes:
    return tag + _varint(len(payload)) + payload


@lru_cache(maxsize=_CACHED)
def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first, the top bit set on all but the last; negatives as two's complement."""
    value &= _UINT64
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


@lru_cache(maxsize=_CACHED)
def _text(value: str) -> bytes:
    return _delimited(_FIELD_1, value.encode())


@lru_cache(maxsize=_CACHED)
def _entry_head(name: str, length: int) -> bytes:
    """What stands before a Feature of `length` bytes: the head of its entry in the map, its name, its own head."""
    inner = _text(name) + _FIELD_2 + _varint(length)
    return _FIELD_1 + _varint(len(inner) + length) + inner


@lru_cache(maxsize=_CACHED)
def _floats(count: int) -> tuple[bytes, Callable[..., bytes]]:
    """What stands before a list of `count` floats, and what packs them."""
    packed = _FIELD_1 + _varint(4 * count) if count else b""
    return _FIELD_2 + _varint(len(packed) + 4 * count) + packed, struct.Struct(f"<{count}f").pack


def _decode_feature(data: bytes) -> Value:
    for number, decode in _DECODERS.items():
        lists = list(fields(data, number))
        if lists:
            return decode(b"".join(lists))
    return []


def _decode_bytes(data: bytes) -> list[bytes]:
    return list(fields(data, 1))


def _decode_floats(data: bytes) -> list[float]:
    packed = b"".join(fields(data, 1))  # an unpacked float is a field of four bytes: joined they are the same
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def _decode_ints(data: bytes) -> list[int]:
    packed, values, position = b"".join(fields(data, 1)), [], 0
    while position < len(packed):
        value, position = read_varint(packed, position)
        values.append(value - (1 << 64) if value >> 63 else value)
    return values


_DECODERS: dict[int, Callable[[bytes], Value]] = {1: _decode_bytes, 2: _decode_floats, 3: _decode_ints}
