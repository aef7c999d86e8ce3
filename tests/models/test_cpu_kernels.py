import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.conv import Activation
from tfod.models.layers.cpu_kernels import (
    depthwise_conv,
    fusible_activation,
    normalized_pointwise,
    suits_depthwise,
    suits_normalized_pointwise,
    suits_swish,
    swish,
    use_cpu_kernels,
)
from tfod.models.layers.normalization import FreezableBatchNormalization
from tfod.models.layers.sequential import Sequential

RNG = np.random.default_rng(0)
FEATURES = tf.constant(RNG.normal(2.0, 3.0, [3, 5, 7, 4]), tf.float32)


def normalised_pair(filters: int = 24) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """A 1x1 convolution and normalisation with variables unlike their initial values."""
    conv = keras.layers.Conv2D(filters, 1, use_bias=False)
    norm = FreezableBatchNormalization(frozen=False, momentum=0.9, epsilon=1e-3)
    norm(conv(FEATURES), training=False)
    for variable in norm.variables:
        variable.assign(RNG.uniform(0.5, 1.5, variable.shape))
    return conv, norm


@pytest.mark.parametrize("activation", [None, tf.nn.relu, tf.nn.relu6])
def test_normalised_convolutions_give_what_the_layers_give(activation: Activation | None) -> None:
    conv, norm = normalised_pair()
    activate = activation or tf.identity
    slopes = tf.constant(RNG.normal(size=[3, 5, 7, 24]), tf.float32)
    before = [variable.numpy() for variable in norm.variables]
    results = []
    for run in (
        lambda x: activate(norm(conv(x), training=True)),
        lambda x: normalized_pointwise(conv, norm, x, activation),
    ):
        for variable, value in zip(norm.variables, before, strict=True):
            variable.assign(value)
        with tf.GradientTape() as tape:
            tape.watch(FEATURES)
            # Not linear in the output: normalisation takes out whatever is constant or proportional to it.
            output = run(FEATURES)
            total = tf.reduce_sum(tf.square(output) * slopes)
        gradients = tape.gradient(total, [FEATURES, conv.kernel, norm.gamma, norm.beta])
        results.append([output, norm.moving_mean.numpy(), norm.moving_variance.numpy(), *gradients])
    for plain, fast in zip(*results, strict=True):
        np.testing.assert_allclose(fast, plain, rtol=2e-4, atol=2e-4 * np.abs(plain).max())


def test_which_activations_are_worked_into_the_convolution_before() -> None:
    assert fusible_activation(keras.layers.Activation(tf.nn.relu6)) is tf.nn.relu6
    assert fusible_activation(keras.layers.Activation("relu")) is None  # Keras' own, which has arguments
    assert fusible_activation(keras.layers.Activation("linear")) is None
    assert fusible_activation(keras.layers.Conv2D(8, 1, activation=tf.nn.relu6)) is None


def test_normalised_output_has_the_statistics_that_gamma_and_beta_say() -> None:
    conv, norm = normalised_pair()
    output = normalized_pointwise(conv, norm, FEATURES).numpy().reshape(-1, 24)
    np.testing.assert_allclose(output.mean(axis=0), norm.beta, atol=1e-4)
    variance = conv(FEATURES).numpy().reshape(-1, 24).var(axis=0)
    np.testing.assert_allclose(output.std(axis=0), norm.gamma * np.sqrt(variance / (variance + 1e-3)), rtol=1e-4)


def test_features_far_from_zero_lose_no_digits() -> None:
    conv, norm = normalised_pair()
    output = normalized_pointwise(conv, norm, FEATURES + 1000.0)
    np.testing.assert_allclose(output, normalized_pointwise(conv, norm, FEATURES), atol=5e-3)


def test_only_where_the_output_is_much_wider_and_all_is_float32() -> None:
    conv, norm = normalised_pair()
    assert suits_normalized_pointwise(conv, norm)
    mixed = keras.layers.Conv2D(24, 1, use_bias=False, dtype="mixed_bfloat16")
    mixed(FEATURES)
    assert not suits_normalized_pointwise(mixed, norm)
    assert not suits_normalized_pointwise(conv, None)
    narrow, follower = keras.layers.Conv2D(200, 1, use_bias=False), keras.layers.BatchNormalization()
    wide = tf.zeros([1, 1, 1, 200])
    follower(narrow(wide), training=False)
    assert not suits_normalized_pointwise(narrow, follower)


@pytest.mark.parametrize("size", [3, 5])
def test_depthwise_convolutions_have_the_gradients_of_tensorflow(size: int) -> None:
    kernel = tf.constant(RNG.normal(size=[size, size, 4, 1]), tf.float32)
    slopes = tf.constant(RNG.normal(size=FEATURES.shape), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([FEATURES, kernel])
        fast = depthwise_conv(FEATURES, kernel)
        plain = tf.nn.depthwise_conv2d(FEATURES, kernel, [1, 1, 1, 1], "SAME")
        totals = [tf.reduce_sum(output * slopes) for output in (fast, plain)]
    np.testing.assert_array_equal(fast, plain)
    for ours, theirs in zip(*(tape.gradient(total, [FEATURES, kernel]) for total in totals), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [7, 100])  # the larger one is compiled
def test_swish_has_the_gradient_of_tensorflow(side: int) -> None:
    assert suits_swish(keras.layers.Activation(tf.nn.silu))
    assert not suits_swish(keras.layers.Activation(tf.nn.relu))
    features, slopes = (tf.constant(RNG.normal(size=[2, side, side, 6]) * 4, tf.float32) for _ in range(2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        fast, plain = swish(features), tf.nn.silu(features)
        totals = [tf.reduce_sum(output * slopes) for output in (fast, plain)]
    np.testing.assert_allclose(fast, plain, rtol=1e-5, atol=1e-6)
    ours, theirs = (tape.gradient(total, features) for total in totals)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_which_depthwise_convolutions_are_their_own_gradient() -> None:
    assert suits_depthwise(keras.layers.DepthwiseConv2D(3, padding="same"))
    assert suits_depthwise(keras.layers.SeparableConv2D(8, 3, padding="same"))
    assert not suits_depthwise(keras.layers.DepthwiseConv2D(3, padding="same", dtype="mixed_bfloat16"))
    assert not suits_depthwise(keras.layers.DepthwiseConv2D(3, strides=2, padding="same"))
    assert not suits_depthwise(keras.layers.DepthwiseConv2D(3))
    assert not suits_depthwise(keras.layers.Conv2D(8, 3, padding="same"))


def test_a_finished_model_trains_with_these_kernels_and_detects_with_its_layers() -> None:
    conv, norm = normalised_pair()
    layers = [
        keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False),
        conv,
        norm,
        keras.layers.Activation(tf.nn.relu6),
        keras.layers.SeparableConv2D(6, 3, padding="same"),
        keras.layers.Conv2D(5, 3, padding="same"),
        keras.layers.Dropout(0.0),
    ]
    plain, fast = Sequential(layers), Sequential(layers)
    detected = plain(FEATURES, training=False)
    use_cpu_kernels(fast)
    assert len(fast.steps) == len(layers) - 2  # convolution, normalisation and activation are one
    np.testing.assert_array_equal(fast(FEATURES, training=False), detected)
    np.testing.assert_allclose(fast(FEATURES, training=True), plain(FEATURES, training=True), rtol=1e-4, atol=1e-4)
