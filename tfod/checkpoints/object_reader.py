"""Reading checkpoints by the names of objects, as the original and the model zoo wrote them."""

import os
from pathlib import Path

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import trackable_object_graph_pb2

from tfod.checkpoints.state import STATE_FILE, newest_checkpoint, numbered_checkpoints
from tfod.checkpoints.tensor_reader import TensorReader, damaged
from tfod.errors import CheckpointError
from tfod.stores import is_file, is_folder, normal

__all__ = ["OBJECT_GRAPH", "CheckpointReader", "find_checkpoint"]

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""The key under which checkpoints of TensorFlow 2 keep the graph of objects; those of version 1 have none."""

_PARTS = (".index", ".data-00000-of-00001", ".meta")


def find_checkpoint(place: str | Path) -> str:
    """The prefix of a checkpoint: of `place` itself, or of the newest in the folder `place`.

    A prefix is what `fine_tune_checkpoint` names: the path without `.index`. With it, it is understood too; so is
    the folder of a model of the zoo, or of an export, in which `checkpoint` is a folder. The oldest checkpoints are
    one file, which is its own prefix.

    Raises:
      CheckpointError: there is none, or the file `checkpoint` is damaged.
    """
    path = normal(place)
    for part in _PARTS:
        path = path.removesuffix(part)
    if os.path.basename(path) == STATE_FILE and is_file(path):
        path = os.path.dirname(path)
    if is_file(path + ".index") or (is_file(path) and not path.endswith(".pb")):
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


class CheckpointReader(TensorReader):
    """The variables of one checkpoint of TensorFlow 2.

    A variable that can be reached by several names is saved under one of them. The graph of objects that a
    checkpoint carries knows all, so a variable is found by whichever name it is asked for.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        if OBJECT_GRAPH not in self.shapes:
            raise CheckpointError(
                "the checkpoint was written by TensorFlow 1", prefix, "use the TF2 model zoo's archive of this model"
            )
        try:
            self._graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(self.value(OBJECT_GRAPH))
        except DecodeError as error:
            raise damaged(error, prefix, prefix) from error

    def find(self, name: str) -> str | None:
        """The key under which the variable of a name (`model/_box_predictor/...`) is saved; None: it is not."""
        node = self._graph.nodes[0]
        for part in name.split("/"):
            child = next((c for c in node.children if c.local_name == _unescape(part)), None)
            if child is None:
                return None
            node = self._graph.nodes[child.node_id]
        return next((a.checkpoint_key for a in node.attributes if a.checkpoint_key in self.shapes), None)

    def roots(self) -> list[str]:
        """The names of the objects that were saved, as `model` and `optimizer`."""
        return [child.local_name for child in self._graph.nodes[0].children]

    def kind(self) -> str:
        """Of which type of fine-tuning checkpoints it is: `detection`, `classification`, or "" for neither."""
        roots = self.roots()
        return "detection" if "model" in roots else "classification" if "feature_extractor" in roots else ""

    def step(self) -> int | None:
        """The training step at which it was written; None where it does not say."""
        key = self.find("step")
        return int(self.value(key)) if key else None


def _unescape(part: str) -> str:
    return part.replace(".S", "/").replace("..", ".")
