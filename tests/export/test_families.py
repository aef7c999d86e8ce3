"""What models of every family find, whatever format they are in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.models.configs import small_model
from tfod.config.architectures import ARCHITECTURES
from tfod.errors import ConfigError
from tfod.export.detector import write_detector
from tfod.export.onnx_detector import onnx_detector
from tfod.export.tflite_detector import tflite_detector
from tfod.inference.detector import Detector
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel

RUNTIMES = {"onnx": "onnxruntime", "tflite_float32": "ai_edge_litert"}
IMAGE = np.kron(np.random.default_rng(0).integers(0, 256, [15, 20, 3]), np.ones([16, 12, 1])).astype(np.uint8)


def lively(name: str) -> Any:
    """A small model with weights that pass signals on, and scores that are neither 0 nor 1."""
    config = small_model(ARCHITECTURES[name], num_classes=3)
    config.ssd.post_processing.batch_non_max_suppression.score_threshold = 1e-4
    model = build_model(config)
    random = np.random.default_rng(7)
    for variable in model.trainable_variables:
        if variable.shape.rank == 4:
            height, width, channels, _ = variable.shape
            inputs = height * width * (1 if "depthwise" in variable.name else channels)
            variable.assign(random.normal(0.0, (2.0 / inputs) ** 0.5, variable.shape))
    inputs, shapes = model.preprocess(tf.constant(IMAGE[np.newaxis]))
    logits = model.predict(inputs, shapes, training=False)["class_predictions_with_background"]
    for variable in model.box_predictor.trainable_variables:
        # The last kernels give four box codes, or three classes and their background, for 3, 6 or 9 anchors.
        if variable.shape.rank == 4 and variable.shape[-1] in (12, 24, 36):
            variable.assign(0.7 * variable / tf.math.reduce_std(logits))
        elif variable.shape.rank == 1 and "bias" in variable.name:
            variable.assign(random.normal(0.0, 0.5, variable.shape))
    return model


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # newer versions of TensorFlow announce another package
@pytest.mark.parametrize("name", ["ssd_efficientnet-b0_bifpn_keras", "ssd_mobilenet_v1_ppn", "ssd_mobilenet_v3_large"])
def test_every_format_finds_what_the_model_finds(name: str, tmp_path: Path) -> None:
    for runtime in RUNTIMES.values():
        pytest.importorskip(runtime)
    model = lively(name)
    expected = Detector.from_model(model)(IMAGE).best(20)
    assert expected.scores[-1] > 0.3
    for kind in RUNTIMES:
        found = Detector(write_detector(model, kind, tmp_path, class_names={}))(IMAGE).best(20)
        pixels = np.abs(found.pixel_boxes - expected.pixel_boxes).max()
        assert pixels < 0.5, f"{kind}: {pixels}"
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-3, err_msg=kind)
        np.testing.assert_array_equal(found.class_ids, expected.class_ids, err_msg=kind)


class CenterNet(DetectionModel):
    """Of a family that neither format knows."""

    def __init__(self) -> None:
        tf.Module.__init__(self)


@pytest.mark.parametrize("convert", [onnx_detector, tflite_detector])
def test_what_has_no_form_in_a_format_is_refused_with_those_that_have_one(convert: Any) -> None:
    with pytest.raises(ConfigError, match="a CenterNet cannot be written") as caught:
        convert(CenterNet())
    assert "use the format saved_model" in caught.value.cure
