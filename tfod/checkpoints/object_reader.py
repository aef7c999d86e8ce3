"""Reading checkpoints by the names of objects, as the original and the model zoo wrote them."""

import os
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow.core.protobuf import trackable_object_graph_pb2

from tfod.checkpoints.state import newest_checkpoint, numbered_checkpoints
from tfod.errors import CheckpointError
from tfod.stores import is_file, is_folder, normal

__all__ = ["CheckpointReader", "VariableReader", "find_checkpoint"]

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def find_checkpoint(place: str | Path) -> str:
    """The prefix of a checkpoint: of `place` itself, or of the newest in the folder `place`.

    A prefix is what `fine_tune_checkpoint` names: the path without `.index`. With it, it is understood too; so is
    the folder of a model of the zoo, or of an export, in which `checkpoint` is a folder.

    Raises:
      CheckpointError: there is none, or the file `checkpoint` is damaged.
    """
    path = normal(place).removesuffix(".index").removesuffix(".data-00000-of-00001")
    if is_file(path + ".index"):
        return path
    if not is_folder(path):
        raise CheckpointError(
            "there is no such checkpoint",
            path,
            "name the files' common part, as in .../checkpoint/ckpt-0, or their folder",
        )
    inner = os.path.join(path, "checkpoint")
    folder = inner if is_folder(inner) else path
    newest = newest_checkpoint(folder)
    if newest is None:
        others = numbered_checkpoints(folder)
        cure = "name the folder in which the files `checkpoint` and ckpt-*.index lie"
        if others:
            cure = f"the file `checkpoint` is missing: name the checkpoint itself, {others[0]}"
        raise CheckpointError("the folder holds no checkpoint", path, cure)
    return newest


class VariableReader:
    """The variables of one checkpoint by the names under which it has them, whichever TensorFlow wrote it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        try:
            self._reader = tf.train.load_checkpoint(prefix)
            self._shapes: dict[str, list[int]] = self._reader.get_variable_to_shape_map()
        except (tf.errors.OpError, ValueError) as error:
            raise _damaged(error, f"{prefix}.index", prefix) from error

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the variable of a key."""
        return tuple(self._shapes[key])

    def value(self, key: str) -> NDArray[Any]:
        """The value of the variable of a key, of its shape `[...]` and dtype."""
        try:
            return self._reader.get_tensor(key)
        except (tf.errors.OpError, IndexError, ValueError) as error:  # the reader gives short files an IndexError
            raise _damaged(error, f"{self.prefix}, {key}", self.prefix) from error

    def verify(self) -> int:
        """Reads every variable, so that its checksum is compared; returns how many there are.

        Raises:
          CheckpointError: a file is missing, cut short, or does not have the checksums that it should.
        """
        for key in self._shapes:
            self.value(key)
        return sum(dtype != tf.string for dtype in self._reader.get_variable_to_dtype_map().values())


class CheckpointReader(VariableReader):
    """The variables of a checkpoint of TensorFlow 2, by the names of objects.

    A variable that can be reached by several names is saved under one of them. The graph of objects that a
    checkpoint carries knows all, so a variable is found by whichever name it is asked for.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        if _OBJECT_GRAPH not in self._shapes:
            raise CheckpointError(
                "the checkpoint was written by TensorFlow 1", prefix, "use the TF2 model zoo's archive of this model"
            )
        try:
            self._graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(self.value(_OBJECT_GRAPH))
        except DecodeError as error:
            raise _damaged(error, prefix, prefix) from error

    def find(self, name: str) -> str | None:
        """The key under which the variable of a name (`model/_box_predictor/...`) is saved; None: it is not."""
        node = self._graph.nodes[0]
        for part in name.split("/"):
            child = next((c for c in node.children if c.local_name == _unescape(part)), None)
            if child is None:
                return None
            node = self._graph.nodes[child.node_id]
        return next((a.checkpoint_key for a in node.attributes if a.checkpoint_key in self._shapes), None)

    def roots(self) -> list[str]:
        """The names of the objects that were saved, as `model` and `optimizer`."""
        return [child.local_name for child in self._graph.nodes[0].children]


# Of TensorFlow's messages, what tells the reasons apart; its reader gives all but short files one class of error.
_REASONS = {
    "hecksum": "does not have the checksums that it should: it is damaged",
    "Read less bytes": "is cut short",
    "No such file": "cannot be read: no such file or directory",
    "Failed to find any matching files": "cannot be read: no such file or directory",
    "an sstable": "cannot be read: it is no index, or is cut short",
    "bad block handle": "cannot be read: it is no index, or is cut short",
}


def _damaged(error: Exception, where: str, prefix: str) -> CheckpointError:
    said = str(error)
    reason = next(
        (words for mark, words in _REASONS.items() if mark in said), f"cannot be read: {said.splitlines()[0]}"
    )
    others = [other for other in numbered_checkpoints(Path(prefix).parent) if other != str(Path(prefix))]
    another = f", or name another checkpoint: {others[0]}" if others else ""
    cure = f"copy it again, or fetch its archive again{another}"
    return CheckpointError(f"a file of the checkpoint {reason}", where, cure)


def _unescape(part: str) -> str:
    return part.replace(".S", "/").replace("..", ".")
