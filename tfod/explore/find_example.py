"""One example among many: found by its number or its name, and told as a table."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tfod import names
from tfod.annotations.pictures import picture_stem
from tfod.errors import DataError
from tfod.records.example import Value, decode_example
from tfod.records.files import expand
from tfod.records.frames import scan_frames

__all__ = ["FoundExample", "feature_rows", "find_example"]

_LONGEST = 60  # characters of a value that are shown
_SHOWN = 6  # values of a list
_TYPE_NAMES = {bytes: "bytes", int: "int64", float: "float"}


class FoundExample(NamedTuple):
    """An example, and where it is: `record` counts from 0 within `file`."""

    file: str
    record: int
    offset: int
    size: int
    features: dict[str, Value]

    @property
    def name(self) -> str:
        """The picture's file name; a number where it has none."""
        return next(iter(_names(self.features)), f"{self.record:06d}")

    def number(self, key: str, otherwise: float) -> float:
        """The first value of a feature of numbers; `otherwise` where there is none."""
        value = next(iter(self.features.get(key, ())), None)
        return value if isinstance(value, float | int) else otherwise


def find_example(patterns: Sequence[str], number: int = 0, name: str | None = None) -> FoundExample:
    """The example with that number, counted from 0 through all files; or the first whose picture has that `name`.

    The name is `image/filename` or `image/source_id`, with or without its extension. Raises DataError where there is
    none, where the record is damaged, or is no tf.Example.
    """
    seen = damaged = 0
    for file in expand(patterns):
        for frame in scan_frames(file):
            seen += 1
            if name is None and seen <= number:
                continue
            if frame.fault and name is None:
                raise frame.fault
            if frame.fault:
                damaged += 1
                continue
            features = decode_example(frame.payload, f"{file}, record {frame.number}")
            if name is None or name in _names(features) or name in map(picture_stem, _names(features)):
                return FoundExample(file, frame.number, frame.offset, frame.size, features)
    where = " ".join(patterns)
    if name is None:
        cure = f"there are {seen}, counted from 0" if seen else "the files are empty"
        raise DataError(f"there is no record {number}", where, cure)
    also = f"; {damaged} damaged records could not be looked at" if damaged else ""
    raise DataError(f"no record is named {name!r}{also}", where, "give the picture's file name, or --record NUMBER")


def feature_rows(features: Mapping[str, Value]) -> list[tuple[str, str, int, str]]:
    """Name, type, number of values and a shortened text of each feature, in the record's order."""
    return [
        (key, _TYPE_NAMES[type(values[0])] if values else "", len(values), _shortened(values))
        for key, values in features.items()
    ]


def _names(features: Mapping[str, Value]) -> list[str]:
    values = [value for key in (names.IMAGE_FILENAME, names.IMAGE_SOURCE_ID) for value in features.get(key, ())]
    return [value.decode(errors="replace") for value in values if isinstance(value, bytes)]


def _shortened(values: Value) -> str:
    texts = [_text(value) for value in values[:_SHOWN]]
    return ", ".join(texts) + (", ..." if len(values) > _SHOWN else "")


def _text(value: bytes | float | int) -> str:
    """A value in one line; of long bytes, such as a picture's, only the number.

    >>> _text(0.5), _text(b"cat"), _text(bytes(70_000))
    ('0.5', 'cat', '70000 bytes')
    """
    if not isinstance(value, bytes):
        return f"{value:.6g}"
    text = value.decode(errors="replace")
    if not text.isprintable() or len(value) > 4 * _LONGEST:
        return f"{len(value)} bytes"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
