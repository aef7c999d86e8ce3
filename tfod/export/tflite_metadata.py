"""What a TFLite model says of itself: how images are brought to its input, what its outputs are, its classes' names.

Written as TensorFlow Lite's metadata schema 1.0.0 has it, which the task libraries of phones read. Its tables are
described here by the slots of their fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers

__all__ = ["LABELS", "ImageInput", "detector_metadata", "label_file", "segmenter_metadata"]

LABELS = "labelmap.txt"
_IDENTIFIER = b"M001"
# Kinds of files: names of what the places along a tensor's last axis, and what a tensor's values stand for.
_AXIS_LABELS, _VALUE_LABELS = 2, 3
_FEATURE, _IMAGE, _BOXES = 1, 2, 3  # kinds of content
_RGB, _GRAYSCALE = 1, 2
_BOUNDARIES = 1  # boxes are given by their edges
_EDGES = [1, 0, 3, 2]  # where left, top, right and bottom stand in a box
_NORMALIZATION = 1  # the kind of process unit


@dataclass(frozen=True)
class ImageInput:
    """What users of a model have to know to bring images to its input.

    Attributes:
      mean, deviation: Of each channel; (pixel - mean) / deviation is what a float model takes, for pixels 0..255.
      height, width: Of the input.
      is_grey: Whether the input has one channel.
      resizing: How images are brought to that size, in words.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    height: int
    width: int
    is_grey: bool
    resizing: str


class _Byte(int):
    """An enumeration's value, which takes one byte."""


class _Table(dict[int, Any]):
    """Fields by their slots."""


def label_file(class_names: Mapping[int, str]) -> str:
    """A name a line: that of class id 1 first, which the model calls 0; `???` for an id that has none."""
    lines = (class_names.get(number, "???") for number in range(1, max(class_names, default=0) + 1))
    return "".join(f"{' '.join(line.split())}\n" for line in lines)


def detector_metadata(image: ImageInput, *, masks: bool = False) -> bytes:
    """The metadata of a detector with the four outputs of TFLite's post-processing, and maybe masks."""
    outputs = [
        _output("location", "The boxes: ymin, xmin, ymax, xmax, as parts of the input's sides.", _boxes(), []),
        _output("category", "The class of each box, counted from 0.", _features(), [_labels(_VALUE_LABELS)]),
        _output("score", "The score of each box, best first.", _features(), []),
        _output("number of detections", "How many of the boxes count.", _features(whole=True), []),
    ]
    if masks:
        outputs.append(_output("masks", "The mask over each box, from 0 to 1.", _features(), []))
    return _model("ObjectDetector", "Finds objects on an image.", image, outputs)


def segmenter_metadata(image: ImageInput) -> bytes:
    """The metadata of a model whose output has, for each pixel of its input, a probability for each class."""
    content = _Table({0: _Byte(_IMAGE), 1: _Table({0: _Byte(_GRAYSCALE)})})
    output = _output("segmentation masks", "The probability of each class.", content, [_labels(_AXIS_LABELS)])
    return _model("ImageSegmenter", "Tells the class of each pixel of an image.", image, [output])


def _model(name: str, what: str, image: ImageInput, outputs: list[_Table]) -> bytes:
    graph = _Table({2: [_input(image)], 3: outputs})
    root = _Table({0: name, 1: f"{what} {image.resizing}", 3: [graph], 7: "1.0.0"})
    builder = flatbuffers.Builder(1024)
    builder.Finish(_written(builder, root), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _labels(kind: int) -> _Table:
    return _Table({0: LABELS, 1: "The names of the classes, that of class 0 first.", 2: _Byte(kind)})


def _input(image: ImageInput) -> _Table:
    size = _Table({0: image.width, 1: image.height})
    properties = _Table({0: _Byte(_GRAYSCALE if image.is_grey else _RGB), 1: size})
    normalization = _Table({0: list(image.mean), 1: list(image.deviation)})
    unit = _Table({0: _Byte(_NORMALIZATION), 1: normalization})
    statistics = _Table({0: [255.0], 1: [0.0]})
    content = _Table({0: _Byte(_IMAGE), 1: properties})
    return _Table({0: "image", 1: image.resizing, 3: content, 4: [unit], 5: statistics})


def _output(name: str, description: str, content: _Table, files: Sequence[_Table]) -> _Table:
    table = _Table({0: name, 1: description, 3: content, 5: _Table()})
    return _Table(table | {6: list(files)}) if files else table


def _boxes() -> _Table:
    properties = _Table({0: _EDGES, 1: _Byte(_BOUNDARIES)})
    return _Table({0: _Byte(_BOXES), 1: properties, 2: _Table({0: 2, 1: 2})})


def _features(*, whole: bool = False) -> _Table:
    table = _Table({0: _Byte(_FEATURE), 1: _Table()})
    return table if whole else _Table(table | {2: _Table({0: 2, 1: 2})})


def _written(builder: flatbuffers.Builder, value: Any) -> int:
    """Writes a text, a table or a list; returns where it stands."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        return _vector(builder, value)
    fields = {slot: one if isinstance(one, int) else (_written(builder, one),) for slot, one in value.items()}
    builder.StartObject(max(fields, default=-1) + 1)
    for slot, one in fields.items():
        if isinstance(one, tuple):
            builder.PrependUOffsetTRelativeSlot(slot, one[0], 0)
        elif isinstance(one, _Byte):
            builder.PrependInt8Slot(slot, one, 0)
        else:
            builder.PrependInt32Slot(slot, one, 0)
    return int(builder.EndObject())


def _vector(builder: flatbuffers.Builder, values: list[Any]) -> int:
    if isinstance(values[0], float):
        prepend = builder.PrependFloat32
    elif isinstance(values[0], int):
        prepend = builder.PrependUint32
    else:
        values, prepend = [_written(builder, one) for one in values], builder.PrependUOffsetTRelative
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        prepend(value)
    return int(builder.EndVector())
