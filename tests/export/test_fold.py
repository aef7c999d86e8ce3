from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import small_ssd
from tests.models.detections import assert_same_detections
from tfod.export.fold import folded
from tfod.models.build import build_model
from tfod.models.layers.sequential import Sequential

RNG = np.random.default_rng(0)
FEATURES = tf.constant(RNG.normal(size=[2, 3, 3, 4]), tf.float32)


def shaken(model: tf.Module) -> tf.Module:
    """With statistics, scales and biases unlike the initial ones."""
    for variable in model.variables:
        if variable.shape.rank == 1:
            variable.assign(RNG.uniform(0.5, 1.5, variable.shape))
    return model


@pytest.mark.parametrize(("small", "kernels"), [(0, 2), (10_000, 3)])
def test_a_large_kernel_that_several_normalisations_share_is_kept_twice(small: int, kernels: int) -> None:
    conv = keras.layers.Conv2D(8, 3, padding="same")
    model = tf.Module()
    model.towers = [Sequential([conv, keras.layers.BatchNormalization()]) for _ in range(3)]
    plain = [tower(FEATURES, training=False) for tower in model.towers]
    shaken(model)
    plain = [tower(FEATURES, training=False) for tower in model.towers]
    with folded(model, constants=0, small=small) as variables:
        found = [tower(FEATURES, training=False) for tower in model.towers]
        kept = {id(array) for array in _arrays(model) if np.ndim(array) == 4}
    for features, expected in zip(found, plain, strict=True):
        np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)
    assert len(kept) == kernels
    assert sum(variable.shape.rank == 4 for variable in variables) == (kernels if small == 0 else 0)


def _arrays(model: Any) -> list[Any]:
    """What the folded steps hold."""
    functions = [step for tower in model.towers for step in tower.steps]
    cells = [cell.cell_contents for function in functions for cell in function.__closure__ or ()]
    inner = [cell.cell_contents for one in cells if callable(one) for cell in getattr(one, "__closure__", None) or ()]
    return [one for one in (*cells, *inner) if isinstance(one, np.ndarray | tf.Variable)]


def test_every_kind_of_layer_in_every_order() -> None:
    layers = [
        keras.layers.BatchNormalization(),  # before any convolution, as in the second version of ResNet
        keras.layers.Activation("relu"),
        keras.layers.ZeroPadding2D(1),
        keras.layers.Conv2D(6, 3, strides=2, use_bias=False),
        keras.layers.Activation("relu"),
        keras.layers.BatchNormalization(scale=False),  # not right after its convolution
        keras.layers.DepthwiseConv2D(3, padding="same"),
        keras.layers.BatchNormalization(center=False),
        keras.layers.SeparableConv2D(5, 3, padding="same", use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Conv2D(4, 3, padding="same", dilation_rate=2),
        keras.layers.LayerNormalization(),
    ]
    model = Sequential(layers)
    model(FEATURES, training=False)
    shaken(model)
    expected = model(FEATURES, training=False)
    with folded(model):
        np.testing.assert_allclose(model(FEATURES, training=False), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(model(FEATURES, training=False), expected)


def test_whoever_fails_within_gets_the_model_back() -> None:
    model = Sequential([keras.layers.Conv2D(4, 1)])
    model(FEATURES, training=False)
    steps = model.steps
    with pytest.raises(KeyError), folded(model):
        assert model.steps is not steps
        raise KeyError
    assert model.steps is steps


@pytest.mark.parametrize("constants", [None, 0])
def test_a_detector_detects_the_same(constants: int | None) -> None:
    model = shaken(build_model(small_ssd()))
    image = tf.constant(RNG.uniform(0, 255, [1, 80, 60, 3]), tf.float32)
    detect = tf.function(model.detect, autograph=False)
    with folded(model, constants=constants, small=1000) as variables:
        function = detect.get_concrete_function(image)
    assert len(function.captured_inputs) == len(variables)
    assert bool(variables) == (constants is not None)
    assert all(variable.shape.num_elements() > 1000 for variable in variables)
    assert not {id(variable) for variable in variables} & {id(variable) for variable in model.variables}
    assert_same_detections(function(image), model.detect(image))
