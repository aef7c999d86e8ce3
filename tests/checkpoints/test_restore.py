import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.models.configs import small_ssd
from tfod.checkpoints.keys import variable_keys
from tfod.checkpoints.object_reader import CheckpointReader, find_checkpoint
from tfod.checkpoints.restore import restore_fine_tune, restore_model
from tfod.errors import CheckpointError, ConfigError
from tfod.models.build import build_model


@pytest.fixture(scope="module")
def trained() -> Any:
    return build_model(small_ssd())


@pytest.fixture(scope="module")
def checkpoint(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("checkpoint")
    saved = tf.train.Checkpoint(model=trained.checkpoint_layout().full, step=tf.Variable(42, dtype=tf.int64))
    return saved.save(str(folder / "ckpt"))


@pytest.fixture
def fresh() -> Any:
    return build_model(small_ssd())


def same(model: Any, other: Any, part: str = "") -> bool:
    ours, theirs = variable_keys(model=model), variable_keys(model=other)
    return all(np.array_equal(ours[key], theirs[key]) for key in ours if part in key)


def test_a_whole_model_is_restored_with_its_step(trained: Any, fresh: Any, checkpoint: str) -> None:
    assert restore_model(fresh, checkpoint) == (checkpoint, 42)
    assert same(fresh, trained)


@pytest.mark.parametrize("suffix", ["", ".index", ".data-00000-of-00001"])
def test_a_checkpoint_is_found_by_any_of_its_names(checkpoint: str, suffix: str) -> None:
    assert find_checkpoint(checkpoint + suffix) == checkpoint


def test_the_newest_of_a_folder_is_found(checkpoint: str) -> None:
    assert find_checkpoint(Path(checkpoint).parent) == checkpoint


def test_a_checkpoint_is_found_in_the_folder_of_a_model_of_the_zoo(tmp_path: Path, tiny_checkpoint: Path) -> None:
    shutil.copytree(tiny_checkpoint, tmp_path / "model" / "checkpoint")
    assert find_checkpoint(tmp_path / "model") == find_checkpoint(tmp_path / "model" / "checkpoint")


def test_detection_restores_all_but_the_heads(trained: Any, fresh: Any, checkpoint: str) -> None:
    report = restore_fine_tune(fresh, checkpoint, "detection")
    assert same(fresh, trained, "_feature_extractor")
    assert not same(fresh, trained, "_class_predictor_layers/0/pointwise_kernel")
    assert all(name.startswith("model/_feature_extractor") for name in report.restored)
    assert all(name.startswith("model/_box_predictor") for name in report.fresh)
    assert f"restored {len(report.restored)} of {len(variable_keys(model=fresh))}" in report.summary()
    assert "_box_predictor/_box_prediction_head (3)" in report.summary()


def test_full_restores_everything(trained: Any, fresh: Any, checkpoint: str) -> None:
    assert restore_fine_tune(fresh, checkpoint, "full").fresh == ()
    assert same(fresh, trained)


def test_classification_restores_the_backbone(trained: Any, fresh: Any, tmp_path: Path) -> None:
    backbone = trained.checkpoint_layout().classification
    prefix = tf.train.Checkpoint(feature_extractor=backbone).save(str(tmp_path / "ckpt"))
    restore_fine_tune(fresh, prefix, "classification")
    assert same(fresh, trained, "classification_backbone")
    assert not same(fresh, trained, "_fpn_features_generator/top_layers/0/kernel")


def test_fine_tune_restores_what_fits_another_number_of_classes(trained: Any, checkpoint: str) -> None:
    config = small_ssd()
    config.ssd.num_classes = 5
    model = build_model(config)
    report = restore_fine_tune(model, checkpoint, "fine_tune")
    assert {name.rsplit("/", 1)[-1] for name in report.fresh} == {"bias", "pointwise_kernel"}
    assert all("_class_predictor_layers" in name for name in report.fresh)
    assert same(model, trained, "_box_prediction_head")


def test_another_number_of_classes_is_an_error_that_says_what_to_do(checkpoint: str) -> None:
    config = small_ssd()
    config.ssd.num_classes = 5
    with pytest.raises(CheckpointError, match="2 of the model's") as error:
        restore_model(build_model(config), checkpoint)
    assert "num_classes" in error.value.cure


def test_a_detection_checkpoint_taken_for_a_classification_one(fresh: Any, checkpoint: str) -> None:
    with pytest.raises(CheckpointError, match="nothing in the checkpoint fits") as error:
        restore_fine_tune(fresh, checkpoint, "classification")
    assert 'fine_tune_checkpoint_type: "detection"' in error.value.cure


def test_a_checkpoint_of_another_architecture(fresh: Any, tmp_path: Path) -> None:
    prefix = tf.train.Checkpoint(model=tf.train.Checkpoint(other=tf.Variable([1.0]))).save(str(tmp_path / "ckpt"))
    for checkpoint_type in ("detection", "full", "fine_tune"):
        with pytest.raises(CheckpointError, match="nothing in the checkpoint fits"):
            restore_fine_tune(fresh, prefix, checkpoint_type)


def test_an_unknown_type_is_an_error(fresh: Any, checkpoint: str) -> None:
    with pytest.raises(ConfigError, match="of the type 'everything'"):
        restore_fine_tune(fresh, checkpoint, "everything")


def test_places_without_a_checkpoint_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        find_checkpoint(tmp_path / "ckpt-0")
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        find_checkpoint(tmp_path)


def test_a_damaged_checkpoint_is_an_error(checkpoint: str, fresh: Any, tmp_path: Path) -> None:
    for name in (".index", ".data-00000-of-00001"):
        (tmp_path / f"ckpt{name}").write_bytes(Path(checkpoint + name).read_bytes())
    data = tmp_path / "ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(CheckpointError):
        restore_model(fresh, tmp_path / "ckpt")
    index = tmp_path / "ckpt.index"
    index.write_bytes(b"no table")
    with pytest.raises(CheckpointError, match="cannot be read"):
        restore_model(fresh, tmp_path / "ckpt")


def test_a_variable_is_found_under_each_of_its_names(trained: Any, checkpoint: str) -> None:
    reader = CheckpointReader(checkpoint)
    alias = "model/_box_predictor/_base_tower_layers_for_heads/box_encodings/0/0/depthwise_kernel"
    own = "model/_box_predictor/_head_scope_conv_layers/PredictionTower/0/depthwise_kernel"
    assert reader.find(alias) == reader.find(own) is not None
    assert reader.find("model/no/such/thing") is None
