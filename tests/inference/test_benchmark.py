"""What a model costs: time, where it goes, memory, arithmetic."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.inference.models import export
from tfod import names
from tfod.cli.benchmark_model import main
from tfod.config.zoo_models_tf1 import TF1_MODELS
from tfod.config.zoo_ssd import ssd_model
from tfod.errors import CheckpointError
from tfod.inference.backends.tensorflow import TensorFlowDetector
from tfod.inference.recognition import ModelPlace
from tfod.inference.timing.counting import PartCount, count_by_part
from tfod.inference.timing.measure import measured_alone
from tfod.inference.timing.parts import part_times, seconds_of
from tfod.inference.timing.results import Request
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel

NOISE = np.random.default_rng(0).integers(0, 256, (1, 48, 64, 3), np.uint8)


def request(model: Path | str, **changes: Any) -> Request:
    return Request(**{"model": str(model), "pipeline_config": None, "threads": 1, "batch_sizes": [1], "images": [],
                      "runs": 3, **changes})  # fmt: skip


class Weights(tf.Module):
    def __init__(self, **shapes: list[int]) -> None:
        super().__init__()
        self.kernels = {name: tf.Variable(tf.ones(shape)) for name, shape in shapes.items()}


class Tiny(DetectionModel):
    """Of inputs of 8 x 8: a convolution, a depthwise one, a transposed one, and a product of matrices."""

    def __init__(self) -> None:
        super().__init__("tiny", num_classes=1, preprocess=lambda images: (
            tf.image.resize(images, [8, 8]), tf.constant([[8, 8, 3]])))  # fmt: skip
        self.backbone = Weights(convolution=[3, 3, 3, 4])
        self.neck = Weights(depthwise=[3, 3, 4, 2], transposed=[2, 2, 5, 8])
        self.box_predictor = Weights(product=[5, 6])

    def predict(self, inputs: tf.Tensor, true_shapes: tf.Tensor, *, labels: Any = None, training: bool) -> Any:
        features = tf.nn.conv2d(inputs, self.backbone.kernels["convolution"], 2, "SAME")
        features = tf.nn.depthwise_conv2d(features, self.neck.kernels["depthwise"] * 0.5, [1, 1, 1, 1], "SAME")
        features = tf.nn.conv2d_transpose(features, self.neck.kernels["transposed"], [1, 8, 8, 5], 2)
        return {"found": tf.reshape(features, [64, 5]) @ tf.cast(self.box_predictor.kernels["product"], tf.float32)}

    def postprocess(self, prediction: Any, true_shapes: tf.Tensor) -> Any:
        found = prediction["found"]
        classes = tf.matmul(found, found, transpose_b=True)[tf.newaxis]
        return {
            names.DETECTION_CLASSES: classes,
            names.RAW_DETECTION_BOXES: found[tf.newaxis, :, :4],
            names.RAW_DETECTION_SCORES: found[tf.newaxis, :, 4:],
        }

    def loss(self, *_: Any, **__: Any) -> Any:
        raise AssertionError

    def checkpoint_layout(self) -> Any:
        raise AssertionError


def test_multiply_adds_of_each_part_are_those_counted_by_hand() -> None:
    assert count_by_part(Tiny(), 30, 40) == [
        PartCount("backbone", 108, 4 * 4 * 4 * (3 * 3 * 3)),  # outputs, each of so many products
        PartCount("neck", 72 + 160, 4 * 4 * 8 * (3 * 3) + 4 * 4 * 8 * (2 * 2 * 5)),  # transposed: counted by inputs
        PartCount("heads", 30, 64 * 6 * 5),
        PartCount("post-processing", 0, 64 * 64 * 6),
    ]
    assert count_by_part(Tiny(), 30, 40)[2].flops == 2 * 1920


def test_a_model_of_the_zoo_needs_what_its_paper_says() -> None:
    # Table 13 of https://arxiv.org/abs/1704.04861: SSD 300 with MobileNet has 6.8 million parameters, and needs 1.2
    # billion multiply-adds.
    [model] = [one for one in TF1_MODELS if one.title == "ssd_mobilenet_v1_coco"]
    counts = count_by_part(build_model(ssd_model(model, 90)), 480, 640)
    assert sum(one.parameters for one in counts) / 1e6 == pytest.approx(6.8, abs=0.05)
    assert sum(one.multiply_adds for one in counts) / 1e9 == pytest.approx(1.2, abs=0.05)
    assert [one.name for one in counts] == ["backbone", "neck", "heads", "post-processing"]


def test_a_model_that_does_not_run_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"\0\0\0\0TFL3" + bytes(100))
    with pytest.raises(CheckpointError) as caught:
        measured_alone(request(tmp_path / "model.tflite"))
    assert caught.value.where == str(tmp_path / "model.tflite")


def test_parts_of_a_model_in_memory_and_of_a_graph_are_told(tmp_path: Path) -> None:
    backend = TensorFlowDetector.of_model(Tiny())
    parts = part_times(ModelPlace("checkpoint", ""), backend, NOISE, request(""))
    assert parts.preprocess and parts.network and parts.postprocess
    # The same function as an exported model has it, here without a config beside it.
    parts = part_times(ModelPlace("saved_model", ""), backend, NOISE, request(""))
    assert parts.preprocess is None and parts.network and parts.postprocess is not None
    assert "no config" in parts.how and "cut before suppression" in parts.how
    lonely = TensorFlowDetector.of_saved_model(str(export(tmp_path)))
    parts = part_times(ModelPlace("saved_model", ""), lonely, NOISE, request(""))
    assert (parts.preprocess, parts.network, parts.postprocess) == (None, None, None)
    assert "raw_detection_boxes" in parts.how


def test_parts_of_onnx_are_told_by_its_profile(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    kernel = helper.make_tensor("kernel", real, [8, 3, 3, 3], np.ones(216, np.float32))
    nodes = [
        helper.make_node("Transpose", ["images"], ["inputs"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["inputs", "kernel"], ["features"]),
        helper.make_node("ReduceMax", ["features"], ["detection_scores"]),
    ]
    images = helper.make_tensor_value_info("images", real, [1, 48, 64, 3])
    scores = helper.make_tensor_value_info("detection_scores", real, None)
    graph = helper.make_graph(nodes, "small", [images], [scores], [kernel])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "a.onnx")
    parts = part_times(ModelPlace("onnx", str(tmp_path / "a.onnx")), None, NOISE, request(""))
    assert parts.preprocess and parts.network and parts.postprocess


def test_runs_that_take_turns_are_timed_each() -> None:
    order: list[str] = []
    first, second = seconds_of(2, lambda: order.append("a"), lambda: order.append("b"))
    assert len(first) == len(second) == 2 and order == ["a", "b"] * (len(order) // 2) and len(order) > 4


@pytest.mark.parametrize("flags", [["--runs", "0"], ["--batch_sizes", "1,x"], ["--threads", "0"]])
def test_numbers_that_measure_nothing_are_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anything", *flags]) == 2
    assert flags[0] in capsys.readouterr().err
