"""Finding the records that stop a run: which file, which record, which image, and what is wrong with it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.config.mask_kinds import MASK_TYPES, stored_masks, told
from tfod.errors import DataError, StoreError, TfodError
from tfod.input.decode import RecordDecoder
from tfod.input.decode_shapes import shape_fault
from tfod.records.example import decode_example
from tfod.records.frames import read_frames
from tfod.stores import is_remote, normal, plain_reason

__all__ = ["CorruptRecord", "find_corrupt", "naming_corrupt"]

_CURE = "convert the data again without it, or train with --skip_corrupt"
_GO_ON = "then the same command goes on from its newest checkpoint"
_ON_DISKS = (tf.errors.NotFoundError, tf.errors.PermissionDeniedError, tf.errors.UnknownError)
_IN_STORES = (
    *_ON_DISKS,
    tf.errors.AbortedError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnauthenticatedError,
    tf.errors.UnavailableError,
)
_KIND_NAMES = {bytes: "bytes", int: "int64", float: "float"}
_BOX = (names.OBJECT_YMIN, names.OBJECT_XMIN, names.OBJECT_YMAX, names.OBJECT_XMAX)


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
def naming_corrupt(
    find_records: Callable[[], tuple[Sequence[str], RecordDecoder]], patterns: Sequence[str] = ()
) -> Iterator[None]:
    """Turns TensorFlow's error about a record into a DataError that names file, record and image.

    TensorFlow says no more than that some image could not be decoded, so the files are searched for it.
    An error that no record explains is raised as it is.

    Args:
        find_records: gives the files and the decoder; called only after an error.
        patterns: the files as they were named; that one of them cannot be read any more is a DataError too, or a
            StoreError.
    """
    try:
        yield
    except _IN_STORES as error:
        told = _unreadable(error, patterns)
        if told is None:
            raise
        raise told from error
    except (tf.errors.InvalidArgumentError, tf.errors.DataLossError) as error:
        paths, decode = find_records()
        print(f"a record cannot be used; searching {len(paths)} files for it", file=sys.stderr, flush=True)
        for path in paths:
            for record in find_corrupt(path, decode):
                raise record.error from error
        raise


def _unreadable(error: tf.errors.OpError, patterns: Sequence[str]) -> TfodError | None:
    """The error in words, if it is about one of these files."""
    for pattern in patterns:
        parts = [part for part in re.split(r"[*?]|\[[^]]*\]", normal(pattern)) if part]
        lines = [line for line in str(error).splitlines() if parts and all(part in line for part in parts)]
        if is_remote(pattern) and (lines or "IteratorGetNext" in str(error)):  # stores may name no file
            reason = plain_reason(lines[0]) if lines else plain_reason(error.message)
            cure = f"look at the network and the rights, or copy the records to a disk of this machine; {_GO_ON}"
            return StoreError(
                f"the store cannot be read any more: {reason or type(error).__name__}", normal(pattern), cure
            )
        if lines and isinstance(error, _ON_DISKS):
            what = f"a file of records cannot be read any more: {plain_reason(lines[0])}"
            return DataError(what, pattern, f"put it back, with the right to read it; {_GO_ON}")
    return None


def find_corrupt(path: str, decode: RecordDecoder) -> Iterator[CorruptRecord]:
    """Yields the records of a TFRecord file that `decode` cannot read, in their order.

    All are decoded, as fast as the processors allow. Where the file itself is damaged, the last one stands
    for the rest of the file.
    """
    decoded = _decodable(path, decode)
    number = 0
    try:
        for payload in read_frames(path):
            if number not in decoded:
                yield CorruptRecord(path, number, _explain(payload, f"{path}, record {number}", decode))
            number += 1
    except DataError as error:
        yield CorruptRecord(path, number, error)


def _decodable(path: str, decode: RecordDecoder) -> set[int]:
    def try_decoding(number: Any, serialized: Any) -> tuple[Any, Any]:
        # The size is returned so that TensorFlow does not leave out the decoding as useless.
        return number, tf.shape(decode(serialized, number)[names.IMAGE])

    records = tf.data.TFRecordDataset(path).ignore_errors().enumerate()
    tried = records.map(tf.autograph.experimental.do_not_convert(try_decoding), tf.data.AUTOTUNE)
    return {int(number) for number, _ in tried.ignore_errors()}


def _explain(payload: bytes, where: str, decode: RecordDecoder) -> DataError:
    """What keeps a record from being decoded."""
    try:
        features = decode_example(payload, where)
    except DataError as error:
        return error
    for name in (names.IMAGE_FILENAME, names.IMAGE_SOURCE_ID, names.IMAGE_KEY):
        if features.get(name):
            where = f"{where}, {name} {_text(features[name][0])!r}"
            break
    wanted, held = decode.shapes.masks, stored_masks(features)
    if wanted and held and held != wanted:
        what = f"the record's masks are {told(held)}, and mask_type of the reader says {told(wanted)}"
        return DataError(what, where, f"write mask_type: {MASK_TYPES[held]} into the input reader")
    return DataError(_reason(features, decode), where, _CURE)


def _reason(features: dict[str, Any], decode: RecordDecoder) -> str:
    for name, kind in decode.kinds.items():
        if (values := features.get(name)) and not isinstance(values[0], kind):
            return f"{name} holds values of {_KIND_NAMES[type(values[0])]}, and should hold {_KIND_NAMES[kind]}"
        if name in (names.IMAGE_ENCODED, names.IMAGE_SOURCE_ID) and len(features.get(name, ())) > 1:
            return f"{name} holds {len(features[name])} values, and should hold one"
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
        image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        return f"the image cannot be decoded: {plain_reason(error.message)}"
    shapes = shape_fault(features, decode.shapes, len(edges[0]), (image.shape[0], image.shape[1]))
    if shapes:
        return shapes
    counts = {name: len(values) for name, values in features.items() if name.startswith("image/object/")}
    return f"the lists of the objects differ in length: {counts}"


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
