"""Checkpoints of TensorFlow 1, whose variables have flat names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.models.configs import small_ssd
from tfod.checkpoints.named_reader import NamedReader, open_checkpoint
from tfod.checkpoints.object_reader import find_checkpoint
from tfod.checkpoints.restore import restore_fine_tune, restore_model
from tfod.errors import CheckpointError
from tfod.models.build import build_model
from tfod.training.newest import newest_whole

Values = dict[str, np.ndarray]
EXTRACTOR, HEADS = "FeatureExtractor/", "WeightSharedConvolutionalBoxPredictor/"


def write(prefix: Path, values: Mapping[str, Any], *, first_format: bool = False) -> str:
    """A checkpoint as TensorFlow 1 wrote it: in its first format, one file, or in its second."""
    tensors = [tf.constant(value) for value in values.values()]
    if first_format:
        tf.raw_ops.Save(filename=str(prefix), tensor_names=list(values), data=tensors)
    else:
        tf.raw_ops.SaveV2(
            prefix=str(prefix), tensor_names=list(values), shape_and_slices=[""] * len(values), tensors=tensors
        )
    return str(prefix)


def named(model: Any) -> dict[str, tf.Variable]:
    return model.checkpoint_layout().named.variables


@pytest.fixture(scope="module")
def built() -> Any:
    config = small_ssd()
    config.ssd.feature_extractor.type = "ssd_mobilenet_v2_fpn"
    return build_model(config)


@pytest.fixture(scope="module")
def values(built: Any) -> Values:
    """Other values than a model begins with."""
    rng = np.random.default_rng(0)
    return {name: rng.uniform(0.5, 1.0, v.shape).astype(np.float32) for name, v in named(built).items()}


@pytest.fixture
def model(built: Any) -> Any:
    for variable in built.variables:
        variable.assign(tf.zeros_like(variable))
    return built


def filled(model: Any, values: Values) -> set[str]:
    """The variables that have these values; all others are still empty."""
    found = {name for name, variable in named(model).items() if np.array_equal(variable, values[name])}
    assert not any(variable.numpy().any() for name, variable in named(model).items() if name not in found)
    return found


@pytest.mark.parametrize("first_format", [False, True], ids=["second format", "first format"])
def test_a_whole_model_is_restored_with_its_step(
    model: Any, values: Values, tmp_path: Path, first_format: bool
) -> None:
    more = {"global_step": np.int64(7), f"{HEADS}BoxPredictor/biases/RMSProp": np.ones(8, np.float32)}
    prefix = write(tmp_path / "model.ckpt", values | more, first_format=first_format)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt"\n')
    for place in (prefix, f"{prefix}.meta", tmp_path, tmp_path / "checkpoint"):
        assert find_checkpoint(place) == prefix
    assert restore_model(model, tmp_path) == (prefix, 7)
    assert filled(model, values) == set(values)


def test_moving_averages_are_what_is_evaluated_and_not_what_is_trained_further(
    model: Any, values: Values, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    averaged = f"{HEADS}BoxPredictor/biases"
    average = values[averaged] + 1
    prefix = write(tmp_path / "model.ckpt", values | {f"{averaged}/ExponentialMovingAverage": average})
    restore_model(model, prefix)
    np.testing.assert_array_equal(named(model)[averaged], average)
    assert "moving averages of 1 variables" in capsys.readouterr().err
    assert restore_fine_tune(model, prefix, "full").fresh == ()
    np.testing.assert_array_equal(named(model)[averaged], values[averaged])


def test_detection_restores_what_fits_of_the_feature_extractor(model: Any, values: Values, tmp_path: Path) -> None:
    projection = f"{EXTRACTOR}MobilenetV2/fpn/projection_1/biases"
    prefix = write(tmp_path / "model.ckpt", values | {projection: np.ones(3, np.float32)})
    report = restore_fine_tune(model, prefix, "detection")
    extractor = {name for name in values if name.startswith(EXTRACTOR)}
    assert filled(model, values) == set(report.restored) == extractor - {projection}
    assert f"{HEADS}PredictionTower ({len([n for n in values if n.startswith(HEADS + 'P')])})" in report.summary()
    assert f"{projection} is (3,) there and (11,) here" in report.summary()


def test_heads_are_restored_where_the_config_asks_for_all(model: Any, values: Values, tmp_path: Path) -> None:
    classes = {name: np.ones(3, np.float32) for name in values if "ClassPredictor" in name}
    prefix = write(tmp_path / "model.ckpt", values | classes)
    report = restore_fine_tune(model, prefix, "detection", heads=True)
    assert filled(model, values) == set(values) - set(classes)
    assert set(report.reshaped) == set(report.fresh) == set(classes)


def test_a_classifier_of_slim_fills_the_backbone(model: Any, values: Values, tmp_path: Path) -> None:
    backbone = {name for name in values if name.startswith(EXTRACTOR) and "/fpn/" not in name}
    classifier = {name.removeprefix(EXTRACTOR): values[name] for name in backbone}
    prefix = write(tmp_path / "mobilenet.ckpt", classifier | {"MobilenetV2/Logits/Conv2d_1c_1x1/biases": np.ones(1001)})
    restore_fine_tune(model, prefix, "classification")
    assert filled(model, values) == backbone
    with pytest.raises(CheckpointError, match="nothing in the checkpoint fits") as error:
        restore_fine_tune(model, prefix, "detection")
    assert 'fine_tune_checkpoint_type: "classification"' in error.value.cure


def test_a_checkpoint_of_another_network_is_refused(model: Any, tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", {f"{EXTRACTOR}InceptionV2/Conv2d_1a_7x7/weights": np.ones([7, 7, 3, 64])})
    for kind in ("detection", "classification", "full", "fine_tune"):
        with pytest.raises(CheckpointError, match="nothing in the checkpoint fits the model"):
            restore_fine_tune(model, prefix, kind)
    with pytest.raises(CheckpointError, match="it holds FeatureExtractor"):
        restore_model(model, prefix)


def test_a_detector_taken_for_a_classifier(model: Any, values: Values, tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", values)
    with pytest.raises(CheckpointError, match="nothing in the checkpoint fits") as error:
        restore_fine_tune(model, prefix, "classification")
    assert 'fine_tune_checkpoint_type: "detection"' in error.value.cure


def test_a_pyramid_of_keras_starts_from_it_and_is_not_evaluated_with_it(values: Values, tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", values)
    sibling = build_model(small_ssd())
    assert len(restore_fine_tune(sibling, prefix, "fine_tune").restored) > 0.9 * len(values)
    with pytest.raises(CheckpointError, match="computes otherwise"):
        restore_model(sibling, prefix)


def test_a_run_does_not_go_on_from_it(values: Values, tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt-9", values)
    with pytest.raises(CheckpointError, match="written by TensorFlow 1") as error:
        newest_whole(tmp_path)
    assert f"fine_tune_checkpoint={prefix}" in error.value.cure


def test_a_damaged_one_is_an_error(values: Values, tmp_path: Path) -> None:
    prefix = write(tmp_path / "model.ckpt", values, first_format=True)
    assert isinstance(open_checkpoint(prefix), NamedReader)
    assert open_checkpoint(prefix).verify() == len(values)
    Path(prefix).write_bytes(Path(prefix).read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        open_checkpoint(prefix)
