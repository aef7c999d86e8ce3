"""One harness: every architecture that can be built passes the same tests.

An architecture is here by standing in `tfod.config.architectures`. Its config is that of the zoo, as the product puts
it together, for few classes and smaller images. (That this is the zoo's own: tests/config/test_zoo.py; names and shapes
of variables: tests/checkpoints/test_zoo_keys.py; numbers, gradients among them: tests/parity.)
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import is_quick, small_model, trains_quickly
from tests.models.detections import assert_same_detections
from tests.models.learning import BOXES, CLASSES, learn
from tfod import names
from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.export.from_config import export_model
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel
from tfod.models.precision import mixed_precision
from tfod.protos import pipeline_pb2

Detector = Callable[[np.ndarray], dict[str, np.ndarray]]


def _seconds(row: Architecture) -> float:
    return row.cost.seconds_an_image if row.cost else math.inf


# The demo's own shows itself: with random weights it is so thin that proposals change places in an export.
_OF_THE_DEMO = "faster_rcnn_mobilenet_v1_035_keras"
_ROWS = [row for row in ARCHITECTURES.values() if row.buildable and row.name != _OF_THE_DEMO]


def _is_shown(row: Architecture) -> bool:
    """Of what differs in its tables alone the two quickest are enough, of what only TensorFlow 1 had the quickest.

    (Names and shapes of the largest: tests/checkpoints/test_zoo_keys.py.)
    """
    network = [other for other in _ROWS if other.network == row.network]
    if not any(other.era == "tf2" for other in network):
        return row is min(network, key=_seconds)
    alike = [other for other in network if _kind(other) == _kind(row)]
    return row in sorted(alike, key=_seconds)[:2]


def _kind(row: Architecture) -> tuple[str, str, str, int]:
    return row.family, row.pyramid, row.era, row.feature_maps


def _is_small(row: Architecture) -> bool:
    """Of two stages the quickest of a kind is enough too: what an SSD has not they have in common."""
    alike = [other for other in _ROWS if (other.family, other.pyramid) == (row.family, row.pyramid)]
    return row.family == "ssd" or row is min((one for one in alike if one.era == "tf2"), key=_seconds)


BUILDABLE = [row for row in _ROWS if _is_shown(row) and _is_small(row)]


def _quickest_of_each(kind: Callable[[Architecture], object]) -> list[Architecture]:
    best: dict[object, Architecture] = {}
    for row in sorted(BUILDABLE, key=_seconds):
        best.setdefault(kind(row), row)
    return list(best.values())


def _parameters(rows: list[Architecture], quick: Callable[[Architecture], bool] = is_quick) -> list[Any]:
    return [pytest.param(row, id=row.name, marks=() if quick(row) else pytest.mark.slow) for row in rows]


def _only(rows: list[Architecture], quick: Callable[[Architecture], bool] = is_quick) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", _parameters(rows, quick), indirect=True)


# What differs only in its depth has the same kinds of layers: one depth is saved and exported. And what parity of
# gradients does not show of training (that steps add up, and precision) is shown once for each kind of backbone.
one_depth_of_each = _only(_quickest_of_each(lambda row: (row.family, row.network, row.pyramid)))
# (Of TensorFlow 1's networks parity shows training steps with the statistics of the batch; two stages, which learn
# from samples, tests/models/test_faster_rcnn.py.)
one_of_each_backbone = _only(
    [
        row
        for row in _quickest_of_each(lambda row: (row.family, row.network.rsplit("_v", 1)[0]))
        if row.era == "tf2" and row.family == "ssd"
    ],
    trains_quickly,
)


def _rate(row: Architecture) -> float:
    """Adam's, with which a few steps show that it learns."""
    return 3e-3 if row.network == "efficientnet" else 1e-3


def _images() -> np.ndarray:
    """Two images with their objects, uint8 `[2, 120, 200, 3]`: noise, and a bright patch where a box is."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 100, [2, 120, 200, 3])
    for image, boxes in zip(images, BOXES, strict=True):
        for number, (ymin, xmin, ymax, xmax) in enumerate(boxes):
            image[int(ymin * 120) : int(ymax * 120), int(xmin * 200) : int(xmax * 200), number] = 255
    return images.astype(np.uint8)


IMAGES = _images()


@pytest.fixture(scope="module", params=_parameters(BUILDABLE))
def row(request: pytest.FixtureRequest) -> Architecture:
    row: Architecture = request.param
    return row


@pytest.fixture(scope="module")
def config(row: Architecture) -> pipeline_pb2.TrainEvalPipelineConfig:
    return pipeline_pb2.TrainEvalPipelineConfig(model=small_model(row, num_classes=CLASSES))


@pytest.fixture(scope="module")
def model(config: pipeline_pb2.TrainEvalPipelineConfig) -> DetectionModel:
    """With statistics unlike the initial ones, and heads whose answers differ."""
    keras.utils.set_random_seed(1)
    model = build_model(config.model)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.shape.rank == 1:
            variable.assign(variable + rng.uniform(-0.2, 0.2, variable.shape))
    return model


# Of two stages the first one's, for which no score decides what is looked at.
PREDICTIONS = (names.BOX_ENCODINGS, names.CLASS_PREDICTIONS, names.RPN_BOX_ENCODINGS, names.RPN_OBJECTNESS)


def compared(detections: dict[str, np.ndarray]) -> tuple[str, str]:
    """The names of box codes and logits among what `detector` gives."""
    return PREDICTIONS[2:] if names.RPN_OBJECTNESS in detections else PREDICTIONS[:2]  # type: ignore[return-value]


def detector(model: DetectionModel) -> Detector:
    """What detects with `model`: a graph for each size of a batch."""

    @tf.function(autograph=False)
    def run(images: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, shapes = model.preprocess(images)
        prediction = model.predict(inputs, shapes, training=False)
        raw = {name: prediction[name] for name in PREDICTIONS if name in prediction}
        return raw | model.postprocess(prediction, shapes)

    return lambda images: {name: value.numpy() for name, value in run(tf.constant(images)).items()}


@pytest.fixture(scope="module")
def detect(model: DetectionModel) -> Detector:
    return detector(model)


@pytest.fixture(scope="module")
def detections(detect: Detector) -> dict[str, np.ndarray]:
    return detect(IMAGES)


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float, name: str) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * np.abs(expected).max(), err_msg=name)


def test_it_predicts_for_every_anchor(
    config: pipeline_pb2.TrainEvalPipelineConfig, model: DetectionModel, detections: dict[str, np.ndarray]
) -> None:
    inputs, shapes = model.preprocess(tf.constant(IMAGES))
    anchors = model.predict(inputs, shapes, training=False)[names.ANCHORS]
    codes, logits = (detections[name] for name in compared(detections))
    assert codes.shape == (2, len(anchors), 4)
    ssd = config.model.ssd
    columns = CLASSES + int(ssd.add_background_class) if config.model.HasField("ssd") else 2
    assert logits.shape == (2, len(anchors), columns)
    assert np.isfinite(logits).all()


def test_images_come_back_from_the_networks_input(model: DetectionModel) -> None:
    images = tf.constant(IMAGES, tf.float32)
    inputs = model.preprocess.pixels.normalize(images)
    np.testing.assert_allclose(model.preprocess.denormalize(inputs), images, atol=1e-3)


def test_a_batch_gives_what_its_images_give(detect: Detector, detections: dict[str, np.ndarray]) -> None:
    for number in range(2):
        alone = detect(IMAGES[number : number + 1])
        for name in compared(detections):
            close(alone[name][0], detections[name][number], 1e-4, name)


@one_depth_of_each
def test_it_is_the_same_after_saving_and_restoring(
    config: pipeline_pb2.TrainEvalPipelineConfig,
    model: DetectionModel,
    detections: dict[str, np.ndarray],
    tmp_path: Path,
) -> None:
    prefix = tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(tmp_path / "ckpt"))
    restored = build_model(config.model)
    status = tf.train.Checkpoint(model=restored.checkpoint_layout().full).restore(prefix)
    status.assert_existing_objects_matched().assert_consumed()
    for name, value in detector(restored)(IMAGES).items():
        np.testing.assert_array_equal(value, detections[name], err_msg=name)


@one_depth_of_each
def test_it_is_the_same_after_export(
    config: pipeline_pb2.TrainEvalPipelineConfig, model: DetectionModel, detect: Detector, tmp_path: Path
) -> None:
    tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(tmp_path / "ckpt"))
    export_model(config, tmp_path, tmp_path / "exported")
    exported = tf.saved_model.load(str(tmp_path / "exported" / "saved_model")).signatures["serving_default"]
    assert_same_detections(exported(tf.constant(IMAGES[:1])), detect(IMAGES[:1]), 1e-4)


@one_of_each_backbone
def test_mixed_precision_learns_and_computes_nearly_the_same(
    row: Architecture,
    config: pipeline_pb2.TrainEvalPipelineConfig,
    model: DetectionModel,
    detections: dict[str, np.ndarray],
) -> None:
    keras.utils.set_random_seed(1)
    with mixed_precision():
        mixed = build_model(config.model)
    assert {variable.dtype for variable in mixed.variables} == {tf.float32}
    losses = learn(mixed, tf.constant(IMAGES), 12, _rate(row))
    assert losses[-1] < 0.9 * losses[0]
    for variable, value in zip(mixed.variables, model.variables, strict=True):
        variable.assign(value)
    found = detector(mixed)(IMAGES)
    for name in compared(found):
        assert found[name].dtype == np.float32
        assert (found[name] != detections[name]).any(), "nothing was computed in bfloat16"
        assert np.corrcoef(found[name].ravel(), detections[name].ravel())[0, 1] > 0.99


@one_of_each_backbone
def test_two_images_are_learnt(row: Architecture, config: pipeline_pb2.TrainEvalPipelineConfig) -> None:
    keras.utils.set_random_seed(1)
    losses = learn(build_model(config.model), tf.constant(IMAGES), 40, _rate(row))
    assert losses[-1] < 0.3 * losses[0]
