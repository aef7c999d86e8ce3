"""The file of a TFLite model, read and changed in place: which of its outputs come in which order, what is packed in.

A model is a FlatBuffer (https://flatbuffers.dev): tables, of which each field has a number, here called its slot. What
is added stands behind the model; files that belong to it stand behind that, as a zip archive.
"""

import struct
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

from flatbuffers import encode, number_types
from flatbuffers.table import Table

from tfod import names

__all__ = [
    "OPERATION",
    "OUTPUTS",
    "WITH_MASKS",
    "before_operation",
    "custom_operations",
    "in_order",
    "normalization_of",
    "outputs_of",
    "with_metadata",
]

OPERATION = "TFLite_Detection_PostProcess"
"""A detector's operation that decodes and suppresses."""

OUTPUTS = (names.DETECTION_BOXES, names.DETECTION_CLASSES, names.DETECTION_SCORES, names.NUM_DETECTIONS)
"""In the order that the operation, and all programs that run such models, have: boxes float32 `[1, N, 4]`, yxyx in
[0, 1], not clipped; classes from 0 and scores float32 `[1, N]`; their number float32 `[1]`."""

WITH_MASKS = (*OUTPUTS, names.DETECTION_MASKS)
"""These, and of a Mask R-CNN the masks over the boxes, in [0, 1], float32 `[1, N, mask height, mask width]`."""

_OPERATORS, _SUBGRAPHS, _BUFFERS, _METADATA, _SIGNATURES = 1, 2, 4, 6, 7  # of a model
_OUTPUTS, _OPERATIONS = 2, 3  # of a subgraph; an operation's outputs are its slot 2 too
_INPUTS = 1  # of an operation
_GRAPHS, _INPUT_TENSORS, _PROCESS_UNITS = 3, 2, 4  # of metadata, of a graph in it, of a tensor in that
_NORMALIZATION = 1  # the kind of process unit
# The converter's notes on itself, which nothing reads; their place is taken.
_REPLACED = b"CONVERSION_METADATA"
_NAME = b"TFLITE_METADATA"
_ALIGNED = 16
_ALWAYS = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive knows: the same model is the same file


def custom_operations(model: bytes) -> set[str]:
    """The operations of a model that are not TFLite's own."""
    codes = (_text(code, 1) for code in _tables(_root(model), _OPERATORS))
    return {code.decode() for code in codes if code}


def outputs_of(model: bytes, operation: str) -> list[int]:
    """The numbers of the tensors that an operation gives which is not TFLite's own; none where it is not there."""
    operations = _tables(_tables(_root(model), _SUBGRAPHS)[0], _OPERATIONS)
    place = _place(model, operations, operation)
    return [] if place is None else _numbers(model, operations[place], _OUTPUTS)


def in_order(model: bytes, order: Sequence[str]) -> bytes:
    """The model with its outputs in an order; each is called as the model's signature calls it."""
    [signature] = _tables(_root(model), _SIGNATURES)
    numbers = {_text(output, 0).decode(): _number(output, 1) for output in _tables(signature, 1)}
    graph = _tables(_root(model), _SUBGRAPHS)[0]
    place = graph.Vector(_offset(graph, _OUTPUTS))
    changed = bytearray(model)
    struct.pack_into(f"<{len(order)}i", changed, place, *(numbers[name] for name in order))
    return bytes(changed)


def before_operation(model: bytes, operation: str) -> bytes:
    """The model without an operation and all after it; it gives its first two inputs: OPERATION's boxes and scores.

    To be run by the numbers of its tensors: its signatures are gone. As it is where it has no such operation.
    """
    root = _root(model)
    graph = _tables(root, _SUBGRAPHS)[0]
    operations = _tables(graph, _OPERATIONS)
    place = _place(model, operations, operation)
    if place is None:
        return model
    changed = bytearray(model)
    # Vectors begin with their length.
    taken = _numbers(model, operations[place], _INPUTS)[:2]
    struct.pack_into("<I2i", changed, graph.Vector(_offset(graph, _OUTPUTS)) - 4, 2, *taken)
    struct.pack_into("<I", changed, graph.Vector(_offset(graph, _OPERATIONS)) - 4, place)
    struct.pack_into("<I", changed, root.Vector(_offset(root, _SIGNATURES)) - 4, 0)
    return bytes(changed)


def with_metadata(model: bytes, metadata: bytes, files: Mapping[str, str]) -> bytes:
    """The model with a metadata FlatBuffer, and files by name, which the metadata tells of."""
    root, changed = _root(model), bytearray(model)
    entry = next(one for one in _tables(root, _METADATA) if _text(one, 0) == _REPLACED)
    buffer = _tables(root, _BUFFERS)[_number(entry, 1)]
    _append(changed, entry.Pos + _offset(entry, 0), _NAME + b"\0", len(_NAME))
    _append(changed, buffer.Pos + _offset(buffer, 0), metadata, len(metadata))
    whole = BytesIO(bytes(changed))
    with zipfile.ZipFile(whole, "a") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ALWAYS), text)
    return whole.getvalue()


def normalization_of(model: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and deviation of each channel of the input, or of all, as metadata has them; None where it has none."""
    root = _root(model)
    buffers = [_tables(root, _BUFFERS)[_number(one, 1)] for one in _tables(root, _METADATA) if _text(one, 0) == _NAME]
    for buffer in buffers:
        place = buffer.Vector(_offset(buffer, 0))
        content = model[place : place + buffer.VectorLen(_offset(buffer, 0))]
        inputs = [one for graph in _tables(_root(content), _GRAPHS)[:1] for one in _tables(graph, _INPUT_TENSORS)[:1]]
        for unit in (one for tensor in inputs for one in _tables(tensor, _PROCESS_UNITS)):
            if unit.Get(number_types.Uint8Flags, unit.Pos + _offset(unit, 0)) == _NORMALIZATION:
                options = Table(content, unit.Indirect(unit.Pos + _offset(unit, 1)))
                return _floats(options, 0), _floats(options, 1)
    return None


def _append(changed: bytearray, field: int, content: bytes, length: int) -> None:
    """Adds a vector of bytes at the end, and has a field refer to it."""
    changed += b"\0" * (-(len(changed) + 4) % _ALIGNED)
    struct.pack_into("<I", changed, field, len(changed) - field)
    changed += struct.pack("<I", length) + content


def _root(model: bytes) -> Table:
    return Table(model, encode.Get(number_types.UOffsetTFlags.packer_type, model, 0))


def _place(model: bytes, operations: Sequence[Table], operation: str) -> int | None:
    """Where among a graph's operations one is that is not TFLite's own."""
    kinds = [_text(code, 1).decode() for code in _tables(_root(model), _OPERATORS)]
    return next((place for place, one in enumerate(operations) if kinds[_number(one, 0)] == operation), None)


def _numbers(model: bytes, table: Table, slot: int) -> list[int]:
    """A vector of int32."""
    offset = _offset(table, slot)
    return list(struct.unpack_from(f"<{table.VectorLen(offset)}i", model, table.Vector(offset))) if offset else []


def _floats(table: Table, slot: int) -> tuple[float, ...]:
    """A vector of float32."""
    offset = _offset(table, slot)
    place, count = table.Vector(offset), table.VectorLen(offset)
    return struct.unpack_from(f"<{count}f", table.Bytes, place)


def _offset(table: Table, slot: int) -> int:
    """Where a field stands, counted from its table; 0 where it has its default."""
    return int(table.Offset(4 + 2 * slot))


def _tables(table: Table, slot: int) -> list[Table]:
    offset = _offset(table, slot)
    if not offset:
        return []
    start = table.Vector(offset)
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(table.VectorLen(offset))]


def _text(table: Table, slot: int) -> bytes:
    offset = _offset(table, slot)
    return bytes(table.String(table.Pos + offset)) if offset else b""


def _number(table: Table, slot: int) -> int:
    offset = _offset(table, slot)
    return int(table.Get(number_types.Uint32Flags, table.Pos + offset)) if offset else 0
