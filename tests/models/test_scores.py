import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tfod.errors import ConfigError
from tfod.models.from_config import score_converter_from_config
from tfod.models.scores import interpolate
from tfod.protos import post_processing_pb2

LOGITS = tf.constant([[[0.0, np.log(3.0)], [np.log(3.0), 0.0]]], tf.float32)


def convert(text: str) -> np.ndarray:
    config = text_format.Parse(text, post_processing_pb2.PostProcessing())
    return score_converter_from_config(config, "post_processing")(LOGITS).numpy()


def test_activations() -> None:
    np.testing.assert_array_equal(convert(""), LOGITS)
    np.testing.assert_allclose(convert("score_converter: SIGMOID"), [[[0.5, 0.75], [0.75, 0.5]]], rtol=1e-6)
    np.testing.assert_allclose(convert("score_converter: SOFTMAX"), [[[0.25, 0.75], [0.75, 0.25]]], rtol=1e-6)


def test_logits_are_divided_by_their_scale_and_by_the_temperature() -> None:
    np.testing.assert_allclose(convert("logit_scale: 2"), LOGITS / 2)
    temperature = "calibration_config { temperature_scaling_calibration { scaler: 4 } }"
    np.testing.assert_allclose(convert(f"logit_scale: 2 {temperature}"), LOGITS / 8)


def test_calibration_of_all_classes_and_of_one() -> None:
    pairs = "x_y_pair { x: 0 y: 0.2 } x_y_pair { x: 1 y: 0.4 }"
    every = f"calibration_config {{ function_approximation {{ x_y_pairs {{ {pairs} }} }} }}"
    np.testing.assert_allclose(convert(f"score_converter: SIGMOID {every}"), [[[0.3, 0.35], [0.35, 0.3]]], rtol=1e-6)
    one = f"class_id_function_approximations {{ class_id_xy_pairs_map {{ key: 1 value {{ {pairs} }} }} }}"
    one = f"score_converter: SIGMOID calibration_config {{ {one} }}"
    np.testing.assert_allclose(convert(one), [[[0.5, 0.35], [0.75, 0.3]]], rtol=1e-6)


def test_interpolation_is_constant_beyond_the_points() -> None:
    values = tf.constant([-5.0, 0.0, 0.5, 1.0, 1.5, 9.0])
    assert interpolate(values, [0.0, 1.0], [0.2, 0.4]).numpy() == pytest.approx([0.2, 0.2, 0.3, 0.4, 0.4, 0.4])


@pytest.mark.parametrize(
    ("calibration", "what"),
    [
        ("sigmoid_calibration {}", "sigmoid_calibration is not available"),
        ("temperature_scaling_calibration {}", "the temperature is 0"),
        ("function_approximation {}", "do not increase"),
        ("function_approximation { x_y_pairs { x_y_pair { x: 1 } x_y_pair { x: 0 } } }", "do not increase"),
    ],
)
def test_calibrations_that_cannot_be(calibration: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        convert(f"calibration_config {{ {calibration} }}")
