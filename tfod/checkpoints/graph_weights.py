"""Weights of a frozen graph under the names that TensorFlow 1's checkpoints would give to them.

They are the graph's constants. Tools of that time folded batch normalisation into the convolutions before it: then
the kernels are scaled, and an offset follows, which may be called anything; it is found by what reads the convolution.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.checkpoints.frozen_graph import FrozenGraph
from tfod.errors import CheckpointError

__all__ = ["FilledFromGraph", "fill_from_graph"]

Array = NDArray[Any]

_DEPTHWISE = "DepthwiseConv2dNative"
# What a convolution computes with -> the leaves of its names.
_KERNELS = {_DEPTHWISE: ("depthwise_weights",), "Conv2D": ("weights", "pointwise_weights")}
_KERNEL_LEAVES = tuple(leaf for leaves in _KERNELS.values() for leaf in leaves)
_OFFSETS = ("BiasAdd", "Add", "AddV2")
_BIAS = "biases"
_NORM = "BatchNorm"
# What passes a constant on, up to the quantisation of training that knew of it.
_PASSES_ON = ("Identity", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs")


@dataclass(frozen=True)
class FilledFromGraph:
    """What a graph filled: how many variables, and of how many normalisations, folded there, they stand for."""

    variables: int
    folded: int


def fill_from_graph(
    variables: Mapping[str, tf.Variable], epsilons: Mapping[str, float], graph: FrozenGraph
) -> FilledFromGraph:
    """Fills variables with the constants of a graph.

    A normalisation that was folded becomes one that adds the offset and changes nothing else.

    Args:
      variables: By TensorFlow 1's names, each of the shape and dtype of its constant.
      epsilons: What a normalisation adds to the variance, by its scope, as `FeatureExtractor/.../BatchNorm`.

    Raises:
      CheckpointError: The graph lacks some, or has them in other shapes; then none is filled.
    """
    source = _GraphWeights(graph)
    values = {name: source.value(name) for name in variables if _norm_of(name) is None}
    folded = 0
    for norm, names in _norms(variables).items():
        own = {leaf: graph.constant(f"{norm}/{leaf}") for leaf in names}
        if all(value is None for value in own.values()):
            own = source.folded(norm, names, epsilons[norm])
            folded += bool(own)
        values |= {name: own.get(leaf) for leaf, name in names.items()}
    _require_fit(variables, values, graph)
    for name, variable in variables.items():
        variable.assign(values[name])
    return FilledFromGraph(len(variables), folded)


def _norms(names: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The names of normalisations by scope and leaf."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        norm = _norm_of(name)
        if norm is not None:
            found.setdefault(norm, {})[name.rpartition("/")[2]] = name
    return found


def _norm_of(name: str) -> str | None:
    scope = name.rpartition("/")[0]
    return scope if _NORM in scope.split("/") else None


def _require_fit(variables: Mapping[str, tf.Variable], values: Mapping[str, Array | None], graph: FrozenGraph) -> None:
    shapes = {name: None if value is None else value.shape for name, value in values.items()}
    others = [name for name, variable in variables.items() if shapes[name] != tuple(variable.shape)]
    if others:
        name = min(others, key=lambda one: shapes[one] is not None)  # what is not there says more
        shape = tuple(variables[name].shape)
        why = f"is {shapes[name]} there, and {shape} in the model" if shapes[name] else "is not there"
        raise CheckpointError(
            f"{len(others)} of the model's {len(variables)} variables are not in the graph; the first, {name}, {why}",
            graph.path,
            "give the pipeline.config that the graph was exported with",
        )
    for name in variables:
        if not np.isfinite(np.asarray(values[name], np.float64)).all():
            cure = "export an earlier checkpoint of that training"
            raise CheckpointError("a weight of the graph is not a number", f"{graph.path}, {name}", cure)


class _Convolution(NamedTuple):
    op: str
    kernel: Array | None
    offset: Array | None


class _GraphWeights:
    """The constants by name, and the convolutions by scope."""

    def __init__(self, graph: FrozenGraph) -> None:
        self._graph = graph
        self._readers: dict[str, list[Any]] = {}
        for node in graph.nodes.values():
            for text in node.input:
                self._readers.setdefault(text.partition(":")[0], []).append(node)
        self._convolutions: dict[str, list[_Convolution]] = {}
        for node in graph.nodes.values():
            if node.op in _KERNELS:
                found = _Convolution(node.op, self._constant(node.input[1]), self._offset(node.name))
                for scope in {*self._scopes(node)}:
                    self._convolutions.setdefault(scope, []).append(found)

    def value(self, name: str) -> Array | None:
        """A kernel or bias: what a convolution of that scope computes with, or the constant of that name."""
        scope, _, leaf = name.rpartition("/")
        for convolution in self._convolutions.get(scope, []):
            if leaf in _KERNELS[convolution.op] and convolution.kernel is not None:
                return convolution.kernel
        constant = self._graph.constant(name)
        return self._offset_in(scope) if constant is None and leaf == _BIAS else constant

    def folded(self, norm: str, leaves: Mapping[str, str], epsilon: float) -> dict[str, Array | None]:
        """Values with which a normalisation adds what stands in its place in the graph; {} where nothing does."""
        offset = self._offset_in(norm.rpartition(f"/{_NORM}")[0])
        if offset is None:
            return {}
        nothing, one = np.zeros_like(offset), np.ones_like(offset)
        values = {"gamma": one, "beta": offset, "moving_mean": nothing, "moving_variance": one - np.float32(epsilon)}
        return {leaf: values[leaf] for leaf in leaves}

    def _offset_in(self, scope: str) -> Array | None:
        offsets = (convolution.offset for convolution in self._convolutions.get(scope, []))
        return next((offset for offset in offsets if offset is not None), None)

    def _constant(self, text: str) -> Array | None:
        node = self._graph.nodes.get(text.partition(":")[0])
        while node is not None and node.op in _PASSES_ON:
            node = self._graph.nodes.get(node.input[0].partition(":")[0])
        return None if node is None else self._graph.constant(node.name)

    def _offset(self, name: str) -> Array | None:
        """What is added to the output of a node, one number a channel."""
        for reader in self._readers.get(name, []):
            if reader.op in _OFFSETS:
                terms = [self._constant(text) for text in reader.input]
                vector = next((term for term in terms if term is not None and term.ndim == 1), None)
                if vector is not None:
                    return vector
        return None

    def _scopes(self, node: Any) -> Iterator[str]:
        """Where the variables of a convolution lie: where its kernel does, or where itself does.

        TensorFlow 1 wrote the scope of a network twice into the names of its operations, and once into variables'.
        """
        kernel_scope, _, leaf = node.input[1].removesuffix("/read").rpartition("/")
        if leaf in _KERNEL_LEAVES:
            yield kernel_scope
        parts = node.name.split("/")[:-1]
        if parts and parts[-1].startswith("separable_conv2d"):
            parts.pop()
        yield "/".join(part for i, part in enumerate(parts) if i == 0 or part != parts[i - 1])
