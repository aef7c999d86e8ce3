"""Every tensor that the original publishes, equal within the noise of float32."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.scripts.parity_rules import sample, weight
from tests.parity.cases import Case, case_folders
from tfod import names
from tfod.checkpoints.keys import variable_keys
from tfod.errors import ConfigError
from tfod.models.factory import build_model


@pytest.fixture(scope="module", params=case_folders(), ids=lambda folder: folder.name)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.fixture(scope="module")
def model(case: Case) -> Any:
    try:
        model = build_model(case.config.model)
    except ConfigError as error:
        pytest.skip(f"the architecture of {case.folder.name} does not exist yet: {error.what}")
    for key, variable in variable_keys(model=model).items():
        variable.assign(weight(key, tuple(variable.shape)))
    return model


@pytest.fixture(scope="module")
def inference(case: Case, model: Any) -> dict[str, np.ndarray]:
    @tf.function(autograph=False)
    def run(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, shapes = model.preprocess(pictures)
        prediction = model.predict(inputs, shapes, training=False)
        detections = model.postprocess(prediction, shapes)
        outputs = {"preprocessed": inputs, "true_image_shapes": shapes}
        outputs |= {f"prediction/{name}": value for name, value in _flat(prediction)}
        return outputs | {f"detection/{name}": value for name, value in detections.items()}

    return {name: value.numpy() for name, value in run(tf.constant(case.pictures())).items()}


@pytest.fixture(scope="module")
def gradients(case: Case, model: Any) -> dict[str, Any]:
    inputs, shapes = model.preprocess(tf.constant(case.pictures()))
    variables = variable_keys(model=model)
    trainable = {key: v for key, v in variables.items() if v.trainable}

    # The README of the cases says that batch normalisation used the statistics of the batch here. The numbers are
    # those of the stored statistics; the original gives the very same ones with Keras' learning phase set to 0.
    @tf.function(autograph=False)
    def run() -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            losses = model.loss(model.predict(inputs, shapes, training=False), _labels(case), training=True)
            losses["regularization"] = model.regularization_loss()
            losses["total"] = tf.add_n(list(losses.values()))
        slopes = tape.gradient(losses["total"], list(trainable.values()))
        return losses, [tf.constant(np.nan) if slope is None else tf.norm(slope) for slope in slopes]

    losses, norms = run()
    return {
        "losses": {name: float(value) for name, value in losses.items()},
        "norms": dict(zip(trainable, map(float, norms), strict=True)),
    }


def _flat(prediction: dict[str, Any]) -> list[tuple[str, tf.Tensor]]:
    flat = []
    for name, value in prediction.items():
        several = isinstance(value, list | tuple)
        flat += [(f"{name}/{k}", v) for k, v in enumerate(value)] if several else [(name, value)]
    return flat


def _labels(case: Case) -> dict[str, tf.Tensor]:
    boxes, classes = case.settings["groundtruth_boxes"], case.settings["groundtruth_classes"]
    most = max(map(len, boxes))
    padded_boxes = np.zeros([len(boxes), most, 4], np.float32)
    one_hot = np.zeros([len(boxes), most, case.config.model.ssd.num_classes], np.float32)
    weights = np.zeros([len(boxes), most], np.float32)
    for image, (image_boxes, image_classes) in enumerate(zip(boxes, classes, strict=True)):
        padded_boxes[image, : len(image_boxes)] = image_boxes
        one_hot[image, range(len(image_classes)), image_classes] = 1
        weights[image, : len(image_boxes)] = 1
    return {
        names.NUM_GROUNDTRUTH_BOXES: tf.constant([len(image) for image in boxes]),
        names.GROUNDTRUTH_BOXES: tf.constant(padded_boxes),
        names.GROUNDTRUTH_CLASSES: tf.constant(one_hot),
        names.GROUNDTRUTH_WEIGHTS: tf.constant(weights),
    }


def test_there_are_cases(shared: Path) -> None:
    assert case_folders()


def test_variables(case: Case, model: Any) -> None:
    ours = {key: tuple(v.shape) for key, v in variable_keys(model=model).items()}
    theirs = {key: shape for key, (shape, dtype) in case.variables.items() if dtype == "float32"}
    assert ours == theirs


def test_preprocessing(case: Case, inference: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(
        sample("preprocessed", inference["preprocessed"]), case.expected["preprocessed"], atol=1e-3
    )
    np.testing.assert_array_equal(inference["true_image_shapes"], case.expected["true_image_shapes"])


def test_predictions(case: Case, inference: dict[str, np.ndarray]) -> None:
    published = [name for name in case.expected if name.startswith("prediction/")]
    assert published
    for name in published:
        ours, theirs = sample(name, inference[name]), case.expected[name]
        tolerance = 1e-5 if "anchors" in name else 1e-3 * np.abs(theirs).max()
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=0, atol=tolerance, err_msg=name)


def test_detections(case: Case, inference: dict[str, np.ndarray]) -> None:
    published = [name for name in case.expected if name.startswith("detection/")]
    assert published
    scores = case.expected["detection/detection_scores"]
    untied = np.ones(scores.shape, bool)
    close = np.abs(np.diff(scores, axis=-1)) < 1e-5
    untied[:, 1:] &= ~close
    untied[:, :-1] &= ~close
    for name in published:
        ours, theirs = sample(name, inference[name]), case.expected[name]
        if ours.ndim >= 2 and ours.shape[:2] == scores.shape:
            ours, theirs = ours[untied], theirs[untied]
        exact = name.endswith(("classes", "indices", "num_detections"))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0 if exact else 1e-4, err_msg=name)


def test_losses(case: Case, gradients: dict[str, Any]) -> None:
    published = {name.removeprefix("loss/"): v for name, v in case.expected.items() if name.startswith("loss/")}
    assert published.keys() == gradients["losses"].keys()
    for name, value in published.items():
        assert gradients["losses"][name] == pytest.approx(float(value), rel=1e-4), name


def test_gradients(case: Case, gradients: dict[str, Any]) -> None:
    keys, values = case.expected["gradient_norms/keys"], case.expected["gradient_norms/values"]
    theirs = dict(zip(keys.tolist(), values.tolist(), strict=True))
    ours = {key: norm for key, norm in gradients["norms"].items() if not np.isnan(norm)}
    assert ours.keys() == theirs.keys()
    largest = max(theirs.values())
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, rel=2e-3, abs=1e-4 * largest), key


# The original's losses while it trains, that is, with the statistics of the batch.
_TRAINING_LOSSES = {"ssd_mobilenet_v2_fpnlite_320x320": (0.6567984, 4397.1875)}


def test_losses_with_the_statistics_of_the_batch(case: Case, model: Any) -> None:
    if case.folder.name not in _TRAINING_LOSSES:
        pytest.skip("the original's losses in training mode were not measured for this case")
    inputs, shapes = model.preprocess(tf.constant(case.pictures()))
    before = [variable.numpy() for variable in model.variables]
    losses = model.loss(model.predict(inputs, shapes, training=True), _labels(case), training=True)
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    assert tuple(map(float, losses.values())) == pytest.approx(_TRAINING_LOSSES[case.folder.name], rel=1e-5)
