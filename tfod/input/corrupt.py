"""Finding the records that stop a run: which file, which record, which image, and what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.errors import DataError
from tfod.records.example import decode_example
from tfod.records.frames import read_frames

__all__ = ["CorruptRecord", "Decode", "find_corrupt", "naming_corrupt"]

Decode = Callable[[Any, Any], Any]
"""A `tfod.input.decode.RecordDecoder`, or what takes the same: a record, string `[]`, and its number, int64 `[]`."""

_CURE = "convert the data again without it, or train with --skip_corrupt"
_KINDS = {bytes: "bytes", int: "int64", float: "float"}
_BOX = (names.OBJECT_YMIN, names.OBJECT_XMIN, names.OBJECT_YMAX, names.OBJECT_XMAX)

# What is read of a record, and its kind.
_READ: dict[str, type] = {
    **dict.fromkeys((names.IMAGE_ENCODED, names.IMAGE_SOURCE_ID, names.OBJECT_CLASS_TEXT), bytes),
    **dict.fromkeys((*_BOX, names.OBJECT_WEIGHT, names.OBJECT_AREA), float),
    **dict.fromkeys((names.OBJECT_CLASS_LABEL, names.OBJECT_IS_CROWD, names.OBJECT_DIFFICULT), int),
}


@dataclass(frozen=True)
class CorruptRecord:
    """A record that cannot be used.

    Attributes:
        path: its file.
        number: its place in the file, counted from 0.
        error: what is wrong, with the image's name.
    """

    path: str
    number: int
    error: DataError


@contextmanager
def naming_corrupt(find_records: Callable[[], tuple[Sequence[str], Decode]]) -> Iterator[None]:
    """Turns TensorFlow's error about a record into a DataError that names file, record and image.

    TensorFlow says no more than that some image could not be decoded, so the files are searched for it.
    An error that no record explains is raised as it is.

    Args:
        find_records: gives the files and the decoder; called only after an error.
    """
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.DataLossError) as error:
        paths, decode = find_records()
        print(f"a record cannot be used; searching {len(paths)} files for it", file=sys.stderr, flush=True)
        for path in paths:
            for record in find_corrupt(path, decode):
                raise record.error from error
        raise


def find_corrupt(path: str, decode: Decode) -> Iterator[CorruptRecord]:
    """Yields the records of a TFRecord file that `decode` (a RecordDecoder) cannot read, in their order.

    All are decoded, as fast as the processors allow. Where the file itself is damaged, the last one stands
    for the rest of the file.
    """
    decoded = _decodable(path, decode)
    number = 0
    try:
        for payload in read_frames(path):
            if number not in decoded:
                yield CorruptRecord(path, number, _explain(payload, f"{path}, record {number}"))
            number += 1
    except DataError as error:
        yield CorruptRecord(path, number, error)


def _decodable(path: str, decode: Decode) -> set[int]:
    def try_decoding(number: Any, serialized: Any) -> tuple[Any, Any]:
        # The size is returned so that TensorFlow does not leave out the decoding as useless.
        return number, tf.shape(decode(serialized, number)[names.IMAGE])

    records = tf.data.TFRecordDataset(path).ignore_errors().enumerate()
    tried = records.map(tf.autograph.experimental.do_not_convert(try_decoding), tf.data.AUTOTUNE)
    return {int(number) for number, _ in tried.ignore_errors()}


def _explain(payload: bytes, where: str) -> DataError:
    """What keeps a record from being decoded."""
    try:
        features = decode_example(payload, where)
    except DataError as error:
        return error
    for name in (names.IMAGE_FILENAME, names.IMAGE_SOURCE_ID, names.IMAGE_KEY):
        if features.get(name):
            where = f"{where}, {name} {_text(features[name][0])!r}"
            break
    return DataError(_reason(features), where, _CURE)


def _reason(features: dict[str, Any]) -> str:
    for name, kind in _READ.items():
        if (values := features.get(name)) and not isinstance(values[0], kind):
            return f"{name} holds values of {_KINDS[type(values[0])]}, and should hold {_KINDS[kind]}"
    encoded = (features.get(names.IMAGE_ENCODED) or [b""])[0]
    if not encoded:
        return f"the record holds no image ({names.IMAGE_ENCODED} is missing or empty)"
    edges = [features.get(name, []) for name in _BOX]
    if len({len(values) for values in edges}) > 1:
        return f"the lists of box coordinates have {[len(values) for values in edges]} values"
    for index, (ymin, xmin, ymax, xmax) in enumerate(zip(*edges, strict=True)):
        if ymax < ymin or xmax < xmin:
            return f"box {index} is inverted: ymin {ymin}, xmin {xmin}, ymax {ymax}, xmax {xmax}"
    try:
        tf.io.decode_image(encoded, channels=3, expand_animations=False)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        return f"the image cannot be decoded: {_first_line(error)}"
    counts = {name: len(values) for name, values in features.items() if name.startswith("image/object/")}
    return f"the lists of the objects differ in length: {counts}"


def _first_line(error: tf.errors.OpError) -> str:
    line: str = error.message.splitlines()[0]
    return line.split("}} ")[-1].split(" [Op:")[0]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
