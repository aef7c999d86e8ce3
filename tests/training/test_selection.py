from typing import Any

import pytest
import tensorflow as tf

from tests.models.configs import small_ssd
from tfod.checkpoints.keys import variable_keys
from tfod.errors import ConfigError
from tfod.models.build import build_model
from tfod.protos.train_pb2 import TrainConfig
from tfod.training.from_config import selection_from_config


@pytest.fixture(scope="module")
def model() -> Any:
    return build_model(small_ssd())


def selected(model: Any, config: TrainConfig) -> Any:
    return selection_from_config(model.checkpoint_layout().full, config)


def names_of(model: Any, variables: list[Any]) -> set[str]:
    names = {id(variable): name for name, variable in variable_keys(model=model.checkpoint_layout().full).items()}
    return {names[id(variable)] for variable in variables}


def test_everything_is_trained_unless_something_is_said(model: Any) -> None:
    selection = selected(model, TrainConfig())
    assert [id(v) for v in selection.variables] == [id(v) for v in model.checkpoint_layout().full.trainable_variables]
    assert set(selection.multipliers) == {1.0}


def test_frozen_variables_are_left_out(model: Any) -> None:
    selection = selected(model, TrainConfig(freeze_variables=["classification_backbone", "_fpn_.*/kernel$"]))
    names = names_of(model, selection.variables)
    assert names
    assert not [name for name in names if "classification_backbone" in name]
    assert not [name for name in names if "_fpn_" in name and name.endswith("/kernel")]


def test_only_some_variables_are_trained_and_of_these_some_not(model: Any) -> None:
    config = TrainConfig(update_trainable_variables=["_box_predictor"], freeze_variables=["/bias$"])
    names = names_of(model, selected(model, config).variables)
    assert names
    assert all("_box_predictor" in name and not name.endswith("/bias") for name in names)


def test_biases_learn_at_their_own_rate(model: Any) -> None:
    selection = selected(model, TrainConfig(bias_grad_multiplier=2.0))
    gradients = selection.scale([tf.ones_like(variable) for variable in selection.variables])
    biases = names_of(
        model, [v for v, g in zip(selection.variables, gradients, strict=True) if float(tf.reduce_max(g)) == 2]
    )
    assert biases == {name for name in names_of(model, selection.variables) if name.endswith("/bias")}
    assert biases


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (TrainConfig(freeze_variables=["FeatureExtractor/"]), "no variable has 'FeatureExtractor/' in its name"),
        (TrainConfig(update_trainable_variables=["("]), "is no regular expression"),
        (TrainConfig(freeze_variables=["."]), "nothing is left to train"),
    ],
)
def test_what_means_nothing_is_an_error(model: Any, config: TrainConfig, what: str) -> None:
    with pytest.raises(ConfigError, match=what) as error:
        selected(model, config)
    assert "train_config." in error.value.where
