"""Every tensor that the original publishes, equal within the noise of float32."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.scripts.our_case import (
    case_variables,
    filled_model,
    ground_truth,
    inference,
    losses_and_gradients,
)
from benchmarks.scripts.parity_rules import sample, untied
from tests.parity.cases import Case, case_folders
from tfod.errors import ConfigError


def _slow_where_large(folder: Path) -> Any:
    return pytest.param(folder, id=folder.name, marks=pytest.mark.slow if "mask_rcnn" in folder.name else ())


@pytest.fixture(scope="module", params=map(_slow_where_large, case_folders()))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.fixture(scope="module")
def model(case: Case) -> Any:
    try:
        return filled_model(case.config.model, case.settings)
    except ConfigError as error:
        pytest.skip(f"the architecture of {case.folder.name} does not exist yet: {error.what}")


@pytest.fixture(scope="module")
def computed(case: Case, model: Any) -> dict[str, np.ndarray]:
    return inference(model, case.pictures())


@pytest.fixture(scope="module")
def trained(case: Case, model: Any) -> tuple[dict[str, float], dict[str, float]]:
    return losses_and_gradients(model, case.pictures(), case.settings)


def test_there_are_cases(shared: Path) -> None:
    assert case_folders()


def test_variables(case: Case, model: Any) -> None:
    ours = {key: tuple(v.shape) for key, v in case_variables(model, case.settings).items()}
    theirs = {key: shape for key, (shape, dtype) in case.variables.items() if dtype == "float32"}
    assert ours == theirs


def test_preprocessing(case: Case, computed: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(
        sample("preprocessed", computed["preprocessed"]), case.expected["preprocessed"], atol=1e-3
    )
    np.testing.assert_array_equal(computed["true_image_shapes"], case.expected["true_image_shapes"])


def test_predictions(case: Case, computed: dict[str, np.ndarray]) -> None:
    published = [name for name in case.expected if name.startswith("prediction/")]
    assert published
    for name in published:
        ours, theirs = sample(name, computed[name]), case.expected[name]
        tolerance = 1e-5 if "anchors" in name else (3e-3 if case.is_deep else 1e-3) * np.abs(theirs).max()
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=0, atol=tolerance, err_msg=name)


def test_detections(case: Case, computed: dict[str, np.ndarray]) -> None:
    published = [name for name in case.expected if name.startswith("detection/")]
    assert published
    scores = case.expected["detection/detection_scores"]
    certain = untied(scores, 1e-4 if case.is_deep else 1e-5)
    for name in published:
        theirs = case.expected[name]
        ours = sample(name, computed[name]).reshape(theirs.shape)
        if ours.ndim >= 2 and ours.shape[:2] == scores.shape:
            ours, theirs = ours[certain], theirs[certain]
        exact = name.endswith(("classes", "indices", "num_detections"))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0 if exact else 1e-4, err_msg=name)


def test_losses(case: Case, trained: tuple[dict[str, float], dict[str, float]]) -> None:
    losses, _ = trained
    published = {name.removeprefix("loss/"): v for name, v in case.expected.items() if name.startswith("loss/")}
    assert published.keys() == losses.keys()
    for name, value in published.items():
        assert losses[name] == pytest.approx(float(value), rel=1e-4), name


def test_gradients(case: Case, trained: tuple[dict[str, float], dict[str, float]]) -> None:
    keys, values = case.expected["gradient_norms/keys"], case.expected["gradient_norms/values"]
    theirs = dict(zip(keys.tolist(), values.tolist(), strict=True))
    ours = {key: norm for key, norm in trained[1].items() if not np.isnan(norm)}
    assert ours.keys() == theirs.keys()
    largest = max(theirs.values())
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, rel=2e-3, abs=1e-4 * largest), key


# The original's losses while it trains, that is, with the statistics of the batch.
_TRAINING_LOSSES = {
    "ssd_mobilenet_v1_fpn": (0.7849432, 171.75644),
    "ssd_mobilenet_v2_320x320": (0.5626973, 626.89185),
    "ssd_mobilenet_v2_fpnlite_320x320": (0.6567984, 4397.1875),
    "ssd_resnet50_v1_fpn": (0.7523941, 171.86417),
}


def test_losses_with_the_statistics_of_the_batch(case: Case, model: Any) -> None:
    expected = case.training_losses() or _TRAINING_LOSSES.get(case.folder.name)
    if not expected:
        pytest.skip("the original's losses in training mode were not measured for this case")
    if "efficientnet" in str(case.config.model):
        pytest.skip("blocks are left out at random; tests/parity/test_loss_curves.py compares training without that")
    inputs, shapes = model.preprocess(tf.constant(case.pictures()))
    before = [variable.numpy() for variable in model.variables]
    labels = ground_truth(case.settings, model.num_classes, tuple(inputs.shape[1:3]))
    losses = model.loss(model.predict(inputs, shapes, labels=labels, training=True), labels, training=True)
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    assert tuple(map(float, losses.values())) == pytest.approx(expected, rel=1e-4)
