"""tf.Example messages, without TensorFlow: the one door of this room to the schema in `tfod.protos`."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from google.protobuf.message import DecodeError

from tfod.errors import DataError
from tfod.protos import example_pb2

__all__ = [
    "Feature",
    "Value",
    "bytes_feature",
    "decode_example",
    "encode_example",
    "float_feature",
    "int64_feature",
    "text_feature",
]

Value = list[bytes] | list[float] | list[int]


class Feature(NamedTuple):
    """A list of values, and its kind: an empty list has one too."""

    kind: Literal["bytes_list", "float_list", "int64_list"]
    values: Iterable[bytes] | Iterable[float] | Iterable[int]


def bytes_feature(*values: bytes) -> Feature:
    """A list of byte strings."""
    return Feature("bytes_list", values)


def text_feature(values: Iterable[str]) -> Feature:
    """A list of texts, in UTF-8."""
    return Feature("bytes_list", [value.encode() for value in values])


def int64_feature(values: Iterable[int]) -> Feature:
    """A list of int64 numbers; true and false are 1 and 0."""
    return Feature("int64_list", [*map(int, values)])  # newer protobufs warn of a bool


def float_feature(values: Iterable[float]) -> Feature:
    """A list of numbers, rounded to float32."""
    return Feature("float_list", values)


def encode_example(features: Mapping[str, Feature]) -> bytes:
    """The tf.Example that holds `features`, in that order: the same input gives the same bytes."""
    example = example_pb2.Example()
    example.features.SetInParent()
    for name, (kind, values) in features.items():
        filled = getattr(example.features.feature.add(key=name).value, kind)
        filled.SetInParent()
        filled.value.extend(values)
    return example.SerializeToString()


def decode_example(data: bytes, where: str = "a tf.Example") -> dict[str, Value]:
    """The features of a tf.Example: name -> list of bytes, floats or ints; a feature without a list gives [].

    Raises DataError, with `where`, for bytes that are no tf.Example.
    """
    try:
        entries = example_pb2.Example.FromString(data).features.feature
    except DecodeError as error:
        cure = "convert the data again, or check that the file holds tf.Examples"
        raise DataError("the record is no tf.Example", where, cure) from error
    return {entry.key: _values(entry.value) for entry in entries}


def _values(feature: example_pb2.Feature) -> Value:
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []
