"""One harness: every architecture of the zoo that exists here passes the same tests.

Each is built from the zoo's own config, with few classes and smaller pictures, ResNets with fewer channels too. (Names
and shapes of variables: tests/checkpoints/test_zoo_keys.py; numbers: tests/parity.)
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import zoo_model
from tests.models.detections import assert_same_detections
from tests.models.learning import BOXES, CLASSES, learn
from tfod import names
from tfod.export.from_config import export_model
from tfod.models.build import build_model
from tfod.models.precision import mixed_precision
from tfod.protos import pipeline_pb2

Detector = Callable[[np.ndarray], dict[str, np.ndarray]]

SLOW = pytest.mark.slow
ARCHITECTURES = [
    pytest.param("ssd_mobilenet_v1_fpn_640x640", marks=SLOW),
    "ssd_mobilenet_v2_320x320",
    "ssd_mobilenet_v2_fpnlite_320x320",
    pytest.param("ssd_resnet50_v1_fpn_640x640", marks=SLOW),
    pytest.param("ssd_resnet101_v1_fpn_640x640", marks=SLOW),
    pytest.param("ssd_resnet152_v1_fpn_640x640", marks=SLOW),
]
# The smallest at which a ResNet, and the coarsest map of SSD without a pyramid, have something to look at.
SIDE, SIDE_WITHOUT_PYRAMID = 160, 288


def pictures() -> np.ndarray:
    """Two pictures with their objects, uint8 `[2, 120, 200, 3]`: noise, and a bright patch where a box is."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 100, [2, 120, 200, 3])
    for image, boxes in zip(images, BOXES, strict=True):
        for number, (ymin, xmin, ymax, xmax) in enumerate(boxes):
            image[int(ymin * 120) : int(ymax * 120), int(xmin * 200) : int(xmax * 200), number] = 255
    return images.astype(np.uint8)


PICTURES = pictures()


@pytest.fixture(scope="module", params=ARCHITECTURES)
def config(request: pytest.FixtureRequest, shared: Path) -> pipeline_pb2.TrainEvalPipelineConfig:
    model = zoo_model(shared, request.param, num_classes=CLASSES)
    if "resnet" in request.param:
        model.ssd.feature_extractor.depth_multiplier = 0.25
    shape = model.ssd.image_resizer.fixed_shape_resizer
    shape.height = shape.width = SIDE if "fpn" in request.param else SIDE_WITHOUT_PYRAMID
    return pipeline_pb2.TrainEvalPipelineConfig(model=model)


@pytest.fixture(scope="module")
def model(config: pipeline_pb2.TrainEvalPipelineConfig) -> Any:
    """With statistics unlike the initial ones, and heads whose answers differ."""
    keras.utils.set_random_seed(1)
    model = build_model(config.model)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.shape.rank == 1:
            variable.assign(variable + rng.uniform(-0.2, 0.2, variable.shape))
    return model


def detector(model: Any) -> Detector:
    """What detects with `model`: a graph for each size of a batch."""

    @tf.function(autograph=False)
    def run(images: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, shapes = model.preprocess(images)
        prediction = model.predict(inputs, shapes, training=False)
        raw = {name: prediction[name] for name in (names.BOX_ENCODINGS, names.CLASS_PREDICTIONS)}
        return raw | model.postprocess(prediction, shapes)

    return lambda images: {name: value.numpy() for name, value in run(tf.constant(images)).items()}


@pytest.fixture(scope="module")
def detect(model: Any) -> Detector:
    return detector(model)


@pytest.fixture(scope="module")
def detections(detect: Detector) -> dict[str, np.ndarray]:
    return detect(PICTURES)


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float, name: str) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * np.abs(expected).max(), err_msg=name)


def test_it_predicts_for_every_anchor(model: Any, detections: dict[str, np.ndarray]) -> None:
    inputs, shapes = model.preprocess(tf.constant(PICTURES))
    anchors = model.predict(inputs, shapes, training=False)[names.ANCHORS]
    assert detections[names.BOX_ENCODINGS].shape == (2, len(anchors), 4)
    assert detections[names.CLASS_PREDICTIONS].shape == (2, len(anchors), CLASSES + 1)
    assert np.isfinite(detections[names.CLASS_PREDICTIONS]).all()


def test_pictures_come_back_from_the_networks_input(model: Any) -> None:
    images = tf.constant(PICTURES, tf.float32)
    np.testing.assert_allclose(
        model.preprocess.denormalize(model.preprocess.pixels.normalize(images)), images, atol=1e-3
    )


def test_a_batch_gives_what_its_pictures_give(detect: Detector, detections: dict[str, np.ndarray]) -> None:
    for number in range(2):
        alone = detect(PICTURES[number : number + 1])
        for name in (names.BOX_ENCODINGS, names.CLASS_PREDICTIONS):
            close(alone[name][0], detections[name][number], 1e-4, name)


def test_it_is_the_same_after_saving_and_restoring(
    config: pipeline_pb2.TrainEvalPipelineConfig, model: Any, detections: dict[str, np.ndarray], tmp_path: Path
) -> None:
    prefix = tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(tmp_path / "ckpt"))
    restored = build_model(config.model)
    status = tf.train.Checkpoint(model=restored.checkpoint_layout().full).restore(prefix)
    status.assert_existing_objects_matched().assert_consumed()
    for name, value in detector(restored)(PICTURES).items():
        np.testing.assert_array_equal(value, detections[name], err_msg=name)


def test_it_is_the_same_after_export(
    config: pipeline_pb2.TrainEvalPipelineConfig,
    model: Any,
    detect: Detector,
    tmp_path: Path,
) -> None:
    tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(tmp_path / "ckpt"))
    export_model(config, tmp_path, tmp_path / "exported")
    exported = tf.saved_model.load(str(tmp_path / "exported" / "saved_model")).signatures["serving_default"]
    assert_same_detections(exported(tf.constant(PICTURES[:1])), detect(PICTURES[:1]), 1e-4)


def test_mixed_precision_learns_and_computes_nearly_the_same(
    config: pipeline_pb2.TrainEvalPipelineConfig, model: Any, detections: dict[str, np.ndarray]
) -> None:
    keras.utils.set_random_seed(1)
    with mixed_precision():
        mixed = build_model(config.model)
    assert {variable.dtype for variable in mixed.variables} == {tf.float32}
    losses = learn(mixed, tf.constant(PICTURES), 12, 1e-3)
    assert losses[-1] < 0.9 * losses[0]
    for variable, value in zip(mixed.variables, model.variables, strict=True):
        variable.assign(value)
    found = detector(mixed)(PICTURES)
    for name in (names.BOX_ENCODINGS, names.CLASS_PREDICTIONS):
        assert found[name].dtype == np.float32
        assert (found[name] != detections[name]).any(), "nothing was computed in bfloat16"
        assert np.corrcoef(found[name].ravel(), detections[name].ravel())[0, 1] > 0.99


def test_two_pictures_are_learnt(config: pipeline_pb2.TrainEvalPipelineConfig) -> None:
    keras.utils.set_random_seed(1)
    losses = learn(build_model(config.model), tf.constant(PICTURES), 40, 1e-3)
    assert losses[-1] < 0.3 * losses[0]
