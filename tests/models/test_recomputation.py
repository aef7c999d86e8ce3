"""A training step that computes features again is the step that keeps them, in less memory."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import small_model
from tests.models.learning import CLASSES, LABELS
from tfod import names
from tfod.config.architectures import ARCHITECTURES
from tfod.models.backbones import efficientnet
from tfod.models.backbones.efficientnet import MBConv, MBConvSettings
from tfod.models.build import build_model
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.cpu_kernels import use_cpu_kernels
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.recomputation import recompute_features
from tfod.models.layers.sequential import RandomStep, Sequential
from tfod.models.precision import mixed_precision
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training.from_config import train
from tfod.training.options import RunOptions

RNG = np.random.default_rng(0)
FEATURES = tf.constant(RNG.normal(size=[4, 9, 8, 8]), tf.float32)
SWISH = ConvHyperparameters(keras.initializers.GlorotUniform, batch_norm=BatchNorm(scale=True), activation=tf.nn.silu)

Compute = Callable[[], tf.Tensor]


def sequence() -> Sequential:
    """Of the kinds of layers that there are, its variables made and unlike their initial values."""
    after = SWISH.normalization_and_activation
    layers = [SWISH.conv(24, 1), *after(), SWISH.depthwise_conv(5), *after(), SWISH.separable_conv(8, 3), *after()]
    made = Sequential(layers)
    made(FEATURES, training=False)
    for variable in made.variables:
        variable.assign(variable + RNG.uniform(0.0, 0.2, variable.shape))
    return made


def step_of(model: tf.Module, loss: Compute, also: Sequence[tf.Tensor] = ()) -> list[np.ndarray]:
    """Loss, gradients and moving averages of a step, which leaves the variables as they were."""
    before = [variable.numpy() for variable in model.variables]
    sources = [*also, *model.trainable_variables]

    @tf.function(autograph=False)
    def step() -> list[tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            total = loss()
        return [total, *tape.gradient(total, sources, unconnected_gradients="zero")]

    found = [array.numpy() for array in step()]
    averages = [variable.numpy() for variable in model.variables if not variable.trainable]
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    return [*found, *averages]


def assert_same_step(
    model: tf.Module, loss: Compute, also: Sequence[tf.Tensor] = (), *, tolerance: float = 1e-5
) -> None:
    """Moving averages but for rounding, gradients beside the largest number of each."""
    kept = step_of(model, loss, also)
    recompute_features(model)
    again = step_of(model, loss, also)
    averages = sum(not variable.trainable for variable in model.variables)
    noise = 1e-6 * max(np.abs(array).max() for array in kept[1:])  # what a bias before normalisation has, instead of 0
    for number, (ours, theirs) in enumerate(zip(again, kept, strict=True)):
        moved = number >= len(kept) - averages
        floor, share = (1e-7, 1e-6) if moved else (noise, tolerance)
        atol = floor + share * np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


def block() -> MBConv:
    made = MBConv(SWISH, MBConvSettings(channels=8, output=8, expansion=6, kernel_size=5, stride=1, drop_rate=0.0))
    made(FEATURES, training=False)
    return made


@pytest.mark.parametrize(("make", "with_kernels"), [(sequence, False), (block, True)])
def test_gradients_and_averages_are_the_same(make: Callable[[], tf.Module], with_kernels: bool) -> None:
    model = make()
    if with_kernels:
        use_cpu_kernels(model)
    slopes = tf.constant(RNG.normal(size=FEATURES.shape), tf.float32)
    assert_same_step(model, lambda: tf.reduce_sum(model(FEATURES, training=True) ** 2 * slopes), [FEATURES])


def test_it_computes_in_bfloat16_too() -> None:
    with mixed_precision():
        model = sequence()
    slopes = tf.constant(RNG.normal(size=FEATURES.shape), tf.float32)

    def loss() -> tf.Tensor:
        return tf.reduce_sum(tf.cast(model(tf.cast(FEATURES, tf.bfloat16), training=True), tf.float32) ** 2 * slopes)

    assert_same_step(model, loss, tolerance=2e-2)


def test_what_is_not_trained_keeps_everything_and_what_is_frozen_is_not_moved() -> None:
    hp = ConvHyperparameters(keras.initializers.GlorotUniform, batch_norm=BatchNorm(scale=True, frozen=True))
    model = Sequential([hp.conv(8, 3), *hp.normalization_and_activation()])
    model(FEATURES, training=False)
    assert_same_step(model, lambda: tf.reduce_sum(model(FEATURES, training=True) ** 2), [FEATURES])
    assert_same_step(model, lambda: tf.reduce_sum(model(FEATURES, training=False) ** 2), [FEATURES])


def test_what_is_drawn_is_drawn_once() -> None:
    scale = keras.layers.Activation(lambda features: features * weights)
    model = Sequential([scale, *SWISH.activation_layer(), keras.layers.Dropout(0.5), *SWISH.activation_layer()])
    weights = tf.Variable(tf.ones(FEATURES.shape))
    recompute_features(model)
    assert [isinstance(step, RandomStep) for step in model.steps] == [False, True, False]

    @tf.function(autograph=False)
    def step() -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            output = model(FEATURES, training=True)
            total = tf.reduce_sum(output**2)
        return output, tape.gradient(total, weights)

    for _ in range(2):
        output, slopes = step()
        dropped = output.numpy() == 0
        assert 0.3 < dropped.mean() < 0.7
        np.testing.assert_array_equal(slopes.numpy()[dropped], 0.0)
        assert (slopes.numpy()[~dropped] != 0).mean() > 0.9


def test_statistics_of_several_devices_are_left_alone() -> None:
    norm = BatchNorm(synchronized=True).layer()
    model = Sequential([SWISH.conv(8, 1), norm])
    steps = model.steps
    recompute_features(model)
    assert model.steps == steps


@pytest.mark.slow
def test_a_model_trains_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet, "_DROP_RATE", 0.0)
    keras.utils.set_random_seed(1)
    message = small_model(ARCHITECTURES["ssd_efficientnet-b0_bifpn_keras"], num_classes=CLASSES)
    message.ssd.feature_extractor.bifpn.num_iterations = 1
    message.ssd.box_predictor.weight_shared_convolutional_box_predictor.num_layers_before_predictor = 1
    model = build_model(message)
    inputs, shapes = model.preprocess(tf.constant(RNG.integers(0, 255, [2, 90, 128, 3]), tf.float32))

    def loss() -> tf.Tensor:
        losses, _ = model.losses(inputs, shapes, LABELS, training=True)
        return losses[names.TOTAL_LOSS]

    assert_same_step(model, loss, tolerance=2e-3)


@pytest.mark.parametrize("recompute", [False, True])
def test_a_run_does_it_where_it_is_asked_to(recompute: bool, tmp_path: Path) -> None:
    place = "tfod.training.from_config."
    with (
        mock.patch(place + "build_model") as build,
        mock.patch(place + "recompute_features") as applied,
        mock.patch(place + "training_dataset", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        train(TrainEvalPipelineConfig(), tmp_path, RunOptions(seed=1, recompute=recompute))
    assert applied.mock_calls == ([mock.call(build.return_value)] if recompute else [])


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the system does not tell the peak")
def test_memory_falls() -> None:
    """Nothing undoes it: neither is the second pass found to be the first, nor is it done at once."""
    model = tf.Module()
    model.blocks = [Sequential([SWISH.conv(8, 1), *SWISH.normalization_and_activation()]) for _ in range(6)]
    images = tf.ones([1, 1024, 1024, 8])  # 34 MB: what is freed goes back to the system at once

    def loss() -> tf.Tensor:
        features = images
        for block in model.blocks:
            features = block(features, training=True)
        return tf.reduce_sum(features)

    def peak() -> float:
        @tf.function(autograph=False)
        def step() -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                total = loss()
            return tape.gradient(total, model.trainable_variables)

        before = _megabytes("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        step()
        return _megabytes("VmHWM") - before

    loss()
    kept = peak()
    recompute_features(model)
    assert peak() < 0.7 * kept


def _megabytes(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1000
