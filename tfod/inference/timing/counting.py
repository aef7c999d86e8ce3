"""Parameters and arithmetic of a model, part by part, counted from the shapes of its traced graph.

A FLOP is an addition or a multiplication, and so a multiply-add is two. Counted are the multiply-adds of convolutions
and products of matrices. Activations, normalisation, resizing and suppression are left out: they are some percents of
the arithmetic, whatever they take of the time.

A convolution of 3x3 from 8 channels to 16 at 10 x 10 places: 3 · 3 · 8 multiply-adds for each of 10 · 10 · 16 outputs,
115,200; 230,400 FLOPs.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.models.detection_model import DetectionModel

__all__ = ["PartCount", "count_by_part", "count_multiply_adds"]

NO_WEIGHTS = "no weights"
POSTPROCESSING = "post-processing"


@dataclass(frozen=True)
class PartCount:
    """One part of a model, for one image.

    Attributes:
      parameters: Those that are trained, without the averages of batch normalisation.
    """

    name: str
    parameters: int
    multiply_adds: int

    @property
    def flops(self) -> int:
        """A multiply-add is two."""
        return 2 * self.multiply_adds


def count_by_part(model: DetectionModel, height: int, width: int) -> list[PartCount]:
    """Backbone, neck, heads and what else has weights, in the model's order, and post-processing.

    Args:
      height, width: Of the image, in pixels, which the model's own preprocessing brings to its size.
    """
    inputs, true_shapes = model.preprocess(tf.zeros([1, height, width, 3], tf.uint8))
    parts = {name: part for name, part in vars(model).items() if isinstance(part, tf.Module) and part.variables}
    owners = {id(variable.handle): name for name, part in parts.items() for variable in part.variables}
    spec = tf.TensorSpec(inputs.shape, inputs.dtype)

    @tf.function(autograph=False, input_signature=[spec])
    def predict(pixels: tf.Tensor) -> Any:
        return model.predict(pixels, true_shapes, training=False)

    @tf.function(autograph=False, input_signature=[spec])
    def detect(pixels: tf.Tensor) -> Any:
        return model.detect_inputs(pixels, true_shapes)

    of_network = count_multiply_adds(predict.get_concrete_function(), owners)
    whole = count_multiply_adds(detect.get_concrete_function(), owners)
    counts = [PartCount(_called(name), _parameters(part), of_network[name]) for name, part in parts.items()]
    if of_network[NO_WEIGHTS]:
        counts.append(PartCount(NO_WEIGHTS, 0, of_network[NO_WEIGHTS]))
    return [*counts, PartCount(POSTPROCESSING, 0, sum(whole.values()) - sum(of_network.values()))]


def _called(attribute: str) -> str:
    return "heads" if attribute == "box_predictor" else attribute.strip("_")


def _parameters(part: tf.Module) -> int:
    return sum(math.prod(variable.shape) for variable in part.trainable_variables)


def count_multiply_adds(function: Any, owners: Mapping[int, str]) -> Counter[str]:
    """Of a concrete function whose shapes are all known, by the owner of the weights; NO_WEIGHTS for those of none.

    Args:
      owners: By the `id` of a variable's handle.
    """
    captured = function.captured_inputs
    inner = function.inputs[len(function.inputs) - len(captured) :]
    names = {tensor.name: owners.get(id(outer), NO_WEIGHTS) for tensor, outer in zip(inner, captured, strict=True)}
    counts: Counter[str] = Counter()
    for operation in function.graph.get_operations():
        if amount := _multiply_adds(operation):
            counts[_owner(operation, names)] += amount
    return counts


def _multiply_adds(operation: tf.Operation) -> int:
    kind, inputs = operation.type, operation.inputs
    if kind == "Conv2D":
        return _size(operation.outputs[0]) * _size(inputs[1], slice(3))  # a kernel is [K, K, C, D]
    if kind == "DepthwiseConv2dNative":
        return _size(operation.outputs[0]) * _size(inputs[1], slice(2))  # [K, K, C, M]: M outputs of each of C
    if kind == "Conv2DBackpropInput":  # a transposed convolution, [K, K, out, in]
        return _size(inputs[2]) * _size(inputs[1], slice(3))
    if kind == "MatMul":
        summed = 0 if operation.get_attr("transpose_a") else 1
    elif kind in ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"):
        summed = -2 if operation.get_attr("adj_x") else -1
    else:
        return 0
    return _size(operation.outputs[0]) * int(inputs[0].shape[summed])


def _size(tensor: tf.Tensor, sides: slice = slice(None)) -> int:
    if not tensor.shape.is_fully_defined():
        what = f"the shape of {tensor.op.type} is not known before the model runs"
        raise ConfigError(what, tensor.name, "give the config an image_resizer of a fixed size")
    return math.prod(tensor.shape[sides])


def _owner(operation: tf.Operation, names: Mapping[str, str]) -> str:
    """Whose weights an operation takes: what its second input was read from, through casts, shapes and scales."""
    waiting, seen = [operation.inputs[1]], set()
    while waiting:
        tensor = waiting.pop()
        if tensor.name in names:
            return names[tensor.name]
        if tensor.name in seen or tensor.op.type in ("Conv2D", "DepthwiseConv2dNative"):
            continue  # these are features, not weights
        seen.add(tensor.name)
        waiting.extend(tensor.op.inputs)
    return NO_WEIGHTS
