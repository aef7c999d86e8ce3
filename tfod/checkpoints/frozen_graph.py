"""Frozen graphs, as TensorFlow 1 exported models: operations by name, with the weights among them as constants."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow.core.framework import graph_pb2

from tfod.checkpoints.find_frozen_graph import FROZEN_GRAPH
from tfod.errors import CheckpointError
from tfod.stores import read_file

__all__ = ["FrozenGraph"]

_CONSTANT = "Const"
# What holds weights that lie in a checkpoint; a frozen graph has none.
_VARIABLES = ("VariableV2", "Variable", "VarHandleOp")


class FrozenGraph:
    """The nodes of a graph by name.

    Attributes:
      path: The file.
      nodes: What the graph computes, in the file's order; each names its inputs, the operation and its settings.
    """

    def __init__(self, path: Path | str, definition: Any) -> None:
        """`definition` is a GraphDef."""
        self.path = str(path)
        self._definition = definition
        self.nodes: Mapping[str, Any] = {node.name: node for node in definition.node}

    @classmethod
    def read(cls, path: Path | str) -> "FrozenGraph":
        """The graph in a file.

        Raises:
          CheckpointError: the file is damaged, is no graph, or has its weights elsewhere.
          OSError: it cannot be read.
        """
        try:
            definition = graph_pb2.GraphDef.FromString(read_file(path))
        except DecodeError as error:
            cure = "copy it again, or fetch its archive again"
            raise CheckpointError("the file is cut short, damaged or no graph", str(path), cure) from error
        if not definition.node:
            cure = f"name a {FROZEN_GRAPH}, or a folder with saved_model.pb"
            raise CheckpointError("the file holds no graph", str(path), cure)
        variables = [node.name for node in definition.node if node.op in _VARIABLES]
        if variables:
            what = f"the graph is not frozen: its variables, {variables[0]} first, have no value here"
            cure = "give the checkpoint that lies beside it, with --pipeline_config_path and --checkpoint_dir"
            raise CheckpointError(what, str(path), cure)
        return cls(path, definition)

    def inputs(self) -> list[str]:
        """The names of what is fed."""
        return [name for name, node in self.nodes.items() if node.op.startswith("Placeholder")]

    def outputs(self) -> list[str]:
        """The names of what nothing in the graph reads, which is what it was exported for."""
        read = {source for node in self.nodes.values() for source in _sources(node)}
        return [name for name, node in self.nodes.items() if name not in read and node.op not in (_CONSTANT, "NoOp")]

    def shape(self, name: str) -> tf.TensorShape:
        """The shape of a placeholder; of unknown rank where the graph does not say."""
        return tf.TensorShape(self.nodes[name].attr["shape"].shape) if "shape" in self.nodes[name].attr else _ANY

    def dtype(self, name: str) -> tf.DType:
        """The dtype of a placeholder."""
        return tf.dtypes.as_dtype(self.nodes[name].attr["dtype"].type)

    def needed_for(self, outputs: Iterable[str]) -> "FrozenGraph":
        """The part of the graph that `outputs` are computed from."""
        waiting, needed = list(outputs), set()
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += self._sources_there(name)
        part = graph_pb2.GraphDef(versions=self._definition.versions, library=self._definition.library)
        part.node.extend(node for name, node in self.nodes.items() if name in needed)
        return FrozenGraph(self.path, part)

    def constant(self, name: str) -> NDArray[Any] | None:
        """The constant of a name, `[...]` in its dtype, read through the identities that lead to it; None: it is not.

        Raises:
          CheckpointError: its value is damaged.
        """
        node = self.nodes.get(name)
        while node is not None and node.op == "Identity":
            node = self.nodes.get(next(_sources(node), ""))
        if node is None or node.op != _CONSTANT:
            return None
        try:
            value: NDArray[Any] = tf.make_ndarray(node.attr["value"].tensor)
        except (TypeError, ValueError) as error:
            raise CheckpointError(
                "a constant of the graph is damaged", f"{self.path}, {node.name}", "fetch it again"
            ) from error
        return value

    def require_numbers(self) -> None:
        """Raises CheckpointError where a constant is NaN, which would make every score NaN, and no object found."""
        for name, node in self.nodes.items():
            value = self.constant(name) if node.op == _CONSTANT else None
            if value is not None and value.dtype.kind == "f" and np.isnan(value).any():
                what = "a weight of the graph is not a number (NaN): the training that it comes from had failed"
                raise CheckpointError(what, f"{self.path}, {name}", "export an earlier checkpoint of that training")

    def definition(self) -> Any:
        """The GraphDef, for TensorFlow."""
        return self._definition

    def _sources_there(self, name: str) -> list[str]:
        sources = list(_sources(self.nodes[name]))
        missing = [source for source in sources if source not in self.nodes]
        if missing:
            what = f"the graph is not whole: {name} reads {missing[0]}, which is not there"
            raise CheckpointError(what, self.path, "export it again, or fetch its archive again")
        return sources


_ANY = tf.TensorShape(None)


def _sources(node: Any) -> Iterator[str]:
    """The names of the nodes whose outputs a node reads, or waits for."""
    for text in node.input:
        yield text.removeprefix("^").partition(":")[0]
