"""Optimizers: steps by hand, the keys in checkpoints, averages, clipping."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tfod.errors import ConfigError
from tfod.protos.optimizer_pb2 import Optimizer
from tfod.training import optimizers
from tfod.training.averages import averaged_weights
from tfod.training.optimizer_from_config import optimizer_from_config

_RATE = "learning_rate { constant_learning_rate { learning_rate: 0.1 } }"
_MOMENTUM = f"momentum_optimizer {{ {_RATE} }}"


class _Model(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0])


def _build(text: str, step: Any = None, model: tf.Module | None = None) -> Any:
    message = text_format.Merge(text, Optimizer(use_moving_average=False))
    step = tf.Variable(0, dtype=tf.int64) if step is None else step
    return optimizer_from_config(message, step, model or tf.Module())[0]


def _walk(optimizer: Any, model: _Model, steps: int = 3) -> list[list[float]]:
    """The weights after each step with the gradient [1, -2]."""
    weights = []
    for _ in range(steps):
        optimizer.apply_gradients([(tf.constant([1.0, -2.0]), model.weight)])
        weights.append(model.weight.numpy().tolist())
    return weights


def _keys(optimizer: Any, model: _Model, folder: Path) -> set[str]:
    prefix = tf.train.Checkpoint(model=model, optimizer=optimizer).save(str(folder / "ckpt"))
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    return {name.removesuffix(suffix) for name, _ in tf.train.list_variables(prefix) if name.endswith(suffix)}


def test_momentum_by_hand(tmp_path: Path) -> None:
    model, optimizer = _Model(), _build(_MOMENTUM)
    # v = 0.9 v - 0.1 g, w += v: v is -0.1, -0.19, -0.271 for g = 1.
    expected = [[0.9, 2.2], [0.71, 2.58], [0.439, 3.122]]
    np.testing.assert_allclose(_walk(optimizer, model), expected, rtol=1e-6)
    assert _keys(optimizer, model, tmp_path) == {
        "model/weight",
        "model/weight/.OPTIMIZER_SLOT/optimizer/momentum",
        "optimizer/decay",
        "optimizer/iter",
        "optimizer/momentum",
        "save_counter",
    }


def test_adam_by_hand(tmp_path: Path) -> None:
    model, optimizer = _Model(), _build(f"adam_optimizer {{ {_RATE} }}")
    # A constant gradient: m / sqrt(v), bias-corrected, is its sign.
    np.testing.assert_allclose(_walk(optimizer, model), [[0.9, 2.1], [0.8, 2.2], [0.7, 2.3]], rtol=1e-5)
    keys = _keys(optimizer, model, tmp_path)
    assert {"optimizer/beta_1", "model/weight/.OPTIMIZER_SLOT/optimizer/v"} <= keys


def test_rms_prop_as_the_original_reads_it(tmp_path: Path) -> None:
    model, optimizer = _Model(), _build(f"rms_prop_optimizer {{ {_RATE} }}")
    # rho 0.9, epsilon 1, momentum 0.9, and `decay` 0.9 lowers the rate to 0.1 / (1 + 0.9 t): first
    # 0.1 * 1 / sqrt(0.1 * 1 + 1) and 0.1 * 2 / sqrt(0.1 * 4 + 1). The rest is what the original gave.
    first = [1 - 0.1 / 1.1**0.5, 2 + 0.2 / 1.4**0.5]
    walked = _walk(optimizer, model)
    np.testing.assert_allclose(walked[0], first, rtol=1e-6)
    np.testing.assert_allclose(walked[1:], [[0.77059484, 2.4005035], [0.618263, 2.6583083]], rtol=1e-6)
    assert "model/weight/.OPTIMIZER_SLOT/optimizer/rms" in _keys(optimizer, model, tmp_path)


def test_the_rate_follows_the_step() -> None:
    step = tf.Variable(0, dtype=tf.int64)
    schedule = "manual_step_learning_rate { initial_learning_rate: 1 schedule { step: 1 learning_rate: 0.5 } }"
    model = _Model()
    text = f"momentum_optimizer {{ learning_rate {{ {schedule} }} momentum_optimizer_value: 0 }}"
    optimizer = _build(text, step)
    assert _walk(optimizer, model, 1) == [[0.0, 4.0]]
    step.assign_add(1)
    assert _walk(optimizer, model, 1) == [[-0.5, 5.0]]


def test_moving_averages_by_hand(tmp_path: Path) -> None:
    model = _Model()
    optimizer = _build(f"{_MOMENTUM} use_moving_average: true", model=model)

    def step() -> None:
        optimizer.apply_gradients([(tf.constant([1.0, -2.0]), model.weight)])

    graph = tf.function(step, autograph=False)
    graph()
    # The averages begin at 0 and move by 1 - min(0.9999, (1 + t) / (10 + t)) of the way: at t = 1 by 9 / 11.
    after_one = np.array([0.9, 2.2]) * 9 / 11
    with averaged_weights(optimizer, [model.weight]):
        np.testing.assert_allclose(model.weight.numpy(), after_one, rtol=1e-6)
    np.testing.assert_array_equal(model.weight.numpy(), np.float32([0.9, 2.2]))
    graph()
    with averaged_weights(optimizer, [model.weight]):
        expected = after_one + 9 / 12 * (np.array([0.71, 2.58]) - after_one)
        np.testing.assert_allclose(model.weight.numpy(), expected, rtol=1e-6)
    assert _keys(optimizer, model, tmp_path) >= {
        "optimizer/ema_base_optimizer/iter",
        "model/weight/.OPTIMIZER_SLOT/optimizer/average",
        "model/weight/.OPTIMIZER_SLOT/optimizer/ema_base_optimizer/momentum",
    }


def test_without_moving_averages_nothing_is_averaged() -> None:
    model, optimizer = _Model(), _build(_MOMENTUM)
    with averaged_weights(optimizer, [model.weight]):
        assert model.weight.numpy().tolist() == [1.0, 2.0]


def test_clipping_scales_all_gradients_by_one_factor() -> None:
    gradients = [tf.constant([3.0]), tf.constant([0.0, 4.0])]  # their joint norm is 5
    clipped = optimizers.clip_gradients(gradients, 1.0)
    np.testing.assert_allclose(np.concatenate([g.numpy() for g in clipped]), [0.6, 0.0, 0.8], rtol=1e-6)
    assert optimizers.clip_gradients(gradients, 0.0) is gradients
    np.testing.assert_array_equal(optimizers.clip_gradients(gradients, 9.0)[0].numpy(), [3.0])


def test_a_config_without_an_optimizer_is_refused() -> None:
    with pytest.raises(ConfigError, match="no optimizer is chosen"):
        _build("")
