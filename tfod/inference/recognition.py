"""Which kind of model lies at a place, judged by what is there and how it begins, not by its name."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, NoReturn

from tfod.checkpoints.find_frozen_graph import FROZEN_GRAPH, find_frozen_graph
from tfod.checkpoints.state import newest_checkpoint
from tfod.config.kinds import WORDS, foreign, kind_of
from tfod.errors import CheckpointError
from tfod.export.known import GRAPH_FILE
from tfod.files import LFS_CURE, is_lfs_pointer
from tfod.stores import is_file, is_folder, is_remote, matches, normal, open_file

__all__ = ["Format", "ModelPlace", "find_exported_model", "find_model", "find_saved_model"]

Format = Literal["saved_model", "frozen_graph", "checkpoint", "tflite", "onnx"]

_TAKEN = "name a SavedModel's folder, a frozen graph, a checkpoint with its pipeline.config, a .tflite or an .onnx file"
_EXPORT = "export the model with tools/exporter_main_v2.py, and name that folder"
_HEAD = 4096
_TORCH = ("a model of PyTorch", "export it from there as ONNX, with the outputs of a detector")
_KERAS = ("a Keras model", "a detector is a SavedModel, TFLite or ONNX: export it with tools/exporter_main_v2.py")
_PICKLE = b"\x80"
_BY_SUFFIX = {".keras": _KERAS, ".h5": _KERAS, ".pt": _TORCH, ".pth": _TORCH}
_PART = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")


class ModelPlace(NamedTuple):
    """A model that was found: its format, and the folder, the file or the prefix that it is loaded from."""

    format: Format
    path: str


def find_model(place: Path | str) -> ModelPlace:
    """The model at a place: a file, a folder, or the prefix of a checkpoint.

    Of a folder with several, the SavedModel is meant, or else the frozen graph, the only TFLite or ONNX file, the
    newest checkpoint.

    Raises:
      CheckpointError: There is none, or several that could be meant; it says what is there instead.
    """
    path = normal(place)
    if is_file(path):
        return _of_file(path)
    if is_folder(path):
        return _of_folder(path)
    if is_file(f"{path}.index"):
        return ModelPlace("checkpoint", path)
    raise CheckpointError("there is no such file or folder", path, _TAKEN)


def find_exported_model(place: Path | str) -> str:
    """The folder with `saved_model.pb`, or the file of a frozen graph of TensorFlow 1; else CheckpointError.

    A folder that holds both, as the archives of the zoo do, stands for the SavedModel.
    """
    graph = find_frozen_graph(place)
    return str(graph) if graph and _saved_model_in(place) is None else find_saved_model(place)


def find_saved_model(directory: Path | str) -> str:
    """The folder with `saved_model.pb`, here or in a store: `directory` or its `saved_model`; else CheckpointError."""
    found = _saved_model_in(directory)
    if found is None:
        cure = f"name the folder that holds {GRAPH_FILE}, as exporter_main_v2.py writes it, or a {FROZEN_GRAPH}"
        raise CheckpointError("no exported model there", normal(directory), cure)
    return found


def _saved_model_in(directory: Path | str) -> str | None:
    folder = normal(directory)
    places = (folder, os.path.join(folder, "saved_model"))
    return next((place for place in places if is_file(os.path.join(place, GRAPH_FILE))), None)


def _of_folder(path: str) -> ModelPlace:
    saved_model = _saved_model_in(path)
    if saved_model is not None:
        return ModelPlace("saved_model", saved_model)
    graph = None if is_remote(path) else find_frozen_graph(path)
    if graph is not None:
        return ModelPlace("frozen_graph", str(graph))
    # A folder's name may hold what a pattern is made of.
    files = [] if is_remote(path) else sorted(str(one) for one in Path(path).iterdir() if one.is_file())
    converted = [one for one in files if one.endswith((".tflite", ".onnx"))]
    if len(converted) == 1:
        return _of_file(converted[0])
    if converted:
        shown = ", ".join(os.path.basename(one) for one in converted)
        raise CheckpointError(f"the folder holds {len(converted)} models: {shown}", path, "name one of them")
    inner = os.path.join(path, "checkpoint")
    newest = newest_checkpoint(inner if is_folder(inner) else path)
    if newest is not None:
        return ModelPlace("checkpoint", newest)
    _refuse_folder(path, files)


def _refuse_folder(path: str, files: list[str]) -> NoReturn:
    if is_remote(path):
        files = [one for one in matches(os.path.join(path, "*")) if is_file(one)]
    prefixes = sorted(one.removesuffix(".index") for one in files if one.endswith(".index"))
    if prefixes:
        cure = f"the file `checkpoint` is missing: name the checkpoint itself, {prefixes[-1]}"
        raise CheckpointError("the folder does not say which of its checkpoints is the newest", path, cure)
    shown = ", ".join(os.path.basename(one) for one in files[:4])
    what = f"the folder holds no model, but {shown}" if files else "the folder holds no model"
    raise CheckpointError(what, path, _TAKEN)


def _of_file(path: str) -> ModelPlace:
    with open_file(path) as file:
        head = file.read(_HEAD)
        fields = list(_fields(file)) if head[4:8] != b"TFL3" else []
    name = os.path.basename(path)
    if head[4:8] == b"TFL3":
        return ModelPlace("tflite", path)
    if _PART.search(name) or (name == "checkpoint" and head.startswith(b"model_checkpoint_path")):
        prefix = _PART.sub("", path)
        return ModelPlace("checkpoint", prefix) if prefix != path else _of_folder(os.path.dirname(path) or ".")
    _refuse_stranger(path, head)
    if fields[:1] == [(1, 0)] and (7, 2) in fields:
        return ModelPlace("onnx", path)
    if name == GRAPH_FILE:
        return ModelPlace("saved_model", os.path.dirname(path) or ".")
    if name.endswith(".pb"):
        return ModelPlace("frozen_graph", path)
    kind = {".tflite": "TFLite", ".onnx": "ONNX"}.get(os.path.splitext(name)[1])
    if kind is not None:
        raise CheckpointError(
            f"the file is cut short, damaged or no {kind} model", path, "copy it again, or " + _EXPORT
        )
    raise CheckpointError("the file is no model", path, _TAKEN)


def _refuse_stranger(path: str, head: bytes) -> None:
    """Raises CheckpointError for what is surely no model of these kinds."""
    if not head:
        raise CheckpointError("the file is empty", path, "copy it again")
    if is_lfs_pointer(head):
        raise CheckpointError("this is a pointer of Git LFS, not the model", path, LFS_CURE)
    stranger = _BY_SUFFIX.get(os.path.splitext(path)[1].lower()) or foreign(head)
    if stranger is None and head.startswith(_PICKLE):
        stranger = _TORCH
    if stranger is not None:
        raise CheckpointError(f"this is {stranger[0]}", path, stranger[1] or _TAKEN)
    kind = kind_of(head, os.path.basename(path))
    if kind in ("config", "label map", "records"):
        raise CheckpointError(f"this is {WORDS[kind]}, not a model", path, _TAKEN)


def _fields(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """The numbers and kinds of the fields of a protocol buffer, as far as they can be read; few of its bytes are."""
    place = 0
    while True:
        file.seek(place)
        head = file.read(22)
        tag, taken = _number(head, 0)
        number, kind = tag >> 3, tag & 7
        if not taken or not number or kind not in (0, 2):
            return
        value, taken = _number(head, taken)
        if not taken:
            return
        yield number, kind
        place += taken + (value if kind == 2 else 0)


def _number(head: bytes, start: int) -> tuple[int, int]:
    """A number of variable length, and where it ends; 0 for the end where it is cut short."""
    value = 0
    for index, byte in enumerate(head[start : start + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, start + index + 1
    return 0, 0
