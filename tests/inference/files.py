"""Detectors as files of TFLite and ONNX, small, made in an instant, with answers that can be foreseen."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfod import names
from tfod.export.converters import tflite_model
from tfod.export.tflite_file import OPERATION, OUTPUTS

__all__ = ["onnx", "tflite"]

_MARK = f"""name: "{OPERATION}"
  attr {{ key: "use_regular_nms" value {{ b: false }} }}
  attr {{ key: "max_detections" value {{ i: 2 }} }} attr {{ key: "max_classes_per_detection" value {{ i: 1 }} }}
  attr {{ key: "num_classes" value {{ i: 1 }} }} attr {{ key: "nms_score_threshold" value {{ f: 0.0 }} }}
  attr {{ key: "nms_iou_threshold" value {{ f: 0.5 }} }} attr {{ key: "y_scale" value {{ f: 10.0 }} }}
  attr {{ key: "x_scale" value {{ f: 10.0 }} }} attr {{ key: "h_scale" value {{ f: 5.0 }} }}
  attr {{ key: "w_scale" value {{ f: 5.0 }} }}"""


def tflite() -> bytes:
    """Finds the middle of an image; its score is the mean of the input, float32 `[1, 4, 4, 3]`."""

    @tf.function(autograph=False, experimental_implements=_MARK)
    def finish(codes: tf.Tensor, scores: tf.Tensor, anchors: tf.Tensor) -> Any:
        return tuple(tf.constant(0.0, name=name) for name in OUTPUTS)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, 4, 4, 3], tf.float32)])
    def detect(images: tf.Tensor) -> Any:
        score = tf.reshape(tf.reduce_mean(images), [1, 1, 1])
        anchors = tf.constant([[0.5, 0.5, 0.5, 0.5]])
        return dict(zip("abcd", finish(tf.zeros([1, 1, 4]) * score, score, anchors), strict=True))

    return tflite_model(detect.get_concrete_function(), tf.Module(), "float32", custom_op=OPERATION)


def onnx(node: str = "Identity", domain: str = "", sides: tuple[int | None, int | None] = (4, 8)) -> bytes:
    """Finds the middle of an image of 4 x 8 pixels, the only ones that it can compute with, whatever `sides` says."""
    helper = pytest.importorskip("onnx.helper", reason="needs the extra [onnx]")
    numpy_helper = pytest.importorskip("onnx.numpy_helper")
    found = {
        names.DETECTION_BOXES: np.float32([[[0.25, 0.25, 0.75, 0.75]]]),
        names.DETECTION_SCORES: np.float32([[0.5]]),
        names.DETECTION_CLASSES: np.float32([[1]]),
        names.NUM_DETECTIONS: np.float32([1]),
    }
    constants = [numpy_helper.from_array(value, f"{name}_") for name, value in found.items()]
    constants.append(numpy_helper.from_array(np.float32([0]), "nothing"))
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=1),
        helper.make_node("Reshape", ["floats", "sides"], ["rows"]),
        helper.make_node("ReduceMax", ["rows"], ["largest"], keepdims=0),
        helper.make_node("Mul", ["largest", "nothing"], ["zero"]),
        helper.make_node(node, ["zero"], ["last"], domain=domain),
        *(helper.make_node("Add", [f"{name}_", "last"], [name]) for name in found),
    ]
    constants.append(numpy_helper.from_array(np.int64([1, 4, 8, 3]), "sides"))
    image = helper.make_tensor_value_info("image", 2, [1, *sides, 3])
    outputs = [helper.make_tensor_value_info(name, 1, value.shape) for name, value in found.items()]
    graph = helper.make_graph(nodes, "graph", [image], outputs, constants)
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
