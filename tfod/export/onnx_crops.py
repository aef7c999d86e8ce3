"""TensorFlow's crops as ONNX's RoiAlign, which takes all boxes at once; tf2onnx makes a loop over them of it.

RoiAlign looks at the middle of each cell of a box, TensorFlow at points of which the first and the last lie on its
edges: so boxes grow by half a cell on each side. Beyond the border RoiAlign repeats it, where TensorFlow has zeros.

Letters: `R` boxes, `H W D` sides and channels of the features, `S` the side of a crop.
"""

from typing import Any

import numpy as np

__all__ = ["crops_as_roi_align"]


def crops_as_roi_align(context: Any, node: Any, name: str, arguments: Any) -> None:
    """A handler of tf2onnx: puts ONNX's operations into the place of a CropAndResize, bilinear, of a known size.

    Args:
      context, node, name: The graph, and the operation in it.
      arguments: Of the handler, there are none.
    """
    graph = _Graph(context)
    features, boxes, images, _ = node.input
    sides = node.inputs[3].get_tensor_value()
    shapes, dtypes, outputs = node.output_shapes, node.output_dtypes, node.output
    context.remove_node(node.name)
    last = graph.add("Sub", graph.as_float(graph.part(graph.add("Shape", features), 1, 3, axis=0)), graph.constant(1.0))
    low, high = graph.part(boxes, 0, 2, axis=1), graph.part(boxes, 2, 4, axis=1)
    # As TensorFlow's kernel calculates it: on a last digit depends whether a crop ends in the image.
    start = graph.add("Mul", low, last)
    cell = graph.add(
        "Div", graph.add("Mul", graph.add("Sub", high, low), last), graph.constant([side - 1.0 for side in sides])
    )
    crops = graph.add(
        "RoiAlign",
        graph.add("Transpose", features, perm=[0, 3, 1, 2]),
        _grown(graph, start, cell, sides),
        graph.add("Cast", images, to=graph.int64),
        output_height=int(sides[0]),
        output_width=int(sides[1]),
        sampling_ratio=1,
    )
    crops = graph.add("Mul", crops, _inside(graph, start, cell, last, sides))
    attributes = {"perm": [0, 2, 3, 1]}
    context.make_node("Transpose", [crops], attributes, name=name, outputs=outputs, shapes=shapes, dtypes=dtypes)


class _Graph:
    """Adds operations to a graph of tf2onnx; values are known by the names of what gives them."""

    def __init__(self, context: Any) -> None:
        from onnx import TensorProto
        from tf2onnx.graph_builder import GraphBuilder
        from tf2onnx.utils import make_name

        self._context, self._builder, self._make_name = context, GraphBuilder(context), make_name
        self.float32, self.int64 = TensorProto.FLOAT, TensorProto.INT64

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        return str(self._context.make_node(operation, list(inputs), attr=attributes).output[0])

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        return str(self._context.make_const(self._make_name("constant"), np.array(value, dtype)).output[0])

    def as_float(self, value: str) -> str:
        return self.add("Cast", value, to=self.float32)

    def part(self, value: str, start: int, end: int, *, axis: int) -> str:
        return str(self._builder.make_slice({"data": value, "starts": [start], "ends": [end], "axes": [axis]}))

    def with_axis(self, value: str, axis: int) -> str:
        return str(self._builder.make_unsqueeze({"data": value, "axes": [axis]}))


def _grown(graph: _Graph, start: str, cell: str, sides: Any) -> str:
    """Boxes as RoiAlign takes them, `[R, 4]`: left, top, right, bottom; 0.5 is the middle of the first feature."""
    half = graph.constant(0.5)
    low = graph.add("Add", graph.add("Sub", start, graph.add("Mul", cell, half)), half)
    high = graph.add("Add", low, graph.add("Mul", cell, graph.constant(sides)))
    turned = graph.constant([1, 0], np.int64)
    low, high = (graph.add("Gather", value, turned, axis=1) for value in (low, high))
    return graph.add("Concat", low, high, axis=1)


def _inside(graph: _Graph, start: str, cell: str, last: str, sides: Any) -> str:
    """1 where a sample lies within the features, else 0: float32 `[R, 1, S, S]`."""
    marks = []
    for axis, side in enumerate(sides):
        first, step = (graph.part(value, axis, axis + 1, axis=1) for value in (start, cell))  # [R, 1]
        at = graph.add("Add", first, graph.add("Mul", graph.constant(np.arange(side)), step))  # [R, S]
        is_before = graph.add("LessOrEqual", at, graph.part(last, axis, axis + 1, axis=0))
        is_behind = graph.add("GreaterOrEqual", at, graph.constant(0.0))
        mark = graph.as_float(graph.add("And", is_before, is_behind))
        marks.append(graph.with_axis(graph.with_axis(mark, 1), 3 - axis))
    return graph.add("Mul", *marks)
