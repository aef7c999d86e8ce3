import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfod.export.fold import folded
from tfod.models.layers.sequential import Sequential
from tfod.models.layers.winograd import suits_winograd, winograd_conv

RNG = np.random.default_rng(0)


def drawn(*shape: int) -> tf.Tensor:
    return tf.constant(RNG.normal(size=shape), tf.float32)


# A tile is of 4x4: one, several, parts of one, and fewer pixels than the kernel has.
@pytest.mark.parametrize("shape", [(3, 4, 4, 2), (1, 8, 12, 3), (2, 5, 7, 3), (1, 1, 2, 4)])
def test_it_is_a_convolution(shape: tuple[int, ...]) -> None:
    features, kernel = drawn(*shape), drawn(3, 3, shape[3], 5)
    expected = tf.nn.conv2d(features, kernel, 1, "SAME")
    np.testing.assert_allclose(winograd_conv(features, kernel), expected, rtol=0, atol=1e-4)


def test_images_of_any_number_and_size_go_through_one_function() -> None:
    kernel = drawn(3, 3, 2, 3)
    conv = tf.function(
        lambda features: winograd_conv(features, kernel), input_signature=[tf.TensorSpec([None, None, None, 2])]
    )
    for shape in ((1, 6, 9, 2), (2, 4, 4, 2)):
        features = drawn(*shape)
        np.testing.assert_allclose(conv(features), tf.nn.conv2d(features, kernel, 1, "SAME"), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "suits"),
    [
        ({}, True),
        ({"strides": 2}, False),
        ({"dilation_rate": 2}, False),
        ({"padding": "valid"}, False),
        ({"kernel_size": 1}, False),
        ({"filters": 256}, False),
    ],
)
def test_only_wide_plain_convolutions_of_3x3_gain(settings: dict[str, int | str], suits: bool) -> None:
    conv = keras.layers.Conv2D(**{"filters": 512, "kernel_size": 3, "padding": "same"} | settings)
    conv.build([None, 4, 4, 512])
    assert suits_winograd(conv) is suits


def test_an_export_asks_for_it_and_nothing_else_does() -> None:
    model = tf.Module()
    conv = keras.layers.Conv2D(512, 3, padding="same", bias_initializer="normal")
    model.layers = Sequential([conv, keras.layers.BatchNormalization()])
    features = drawn(2, 4, 4, 512)
    expected = model.layers(features, training=False)
    for winograd in (False, True):
        with folded(model, winograd=winograd):
            run = tf.function(lambda features: model.layers(features, training=False)).get_concrete_function(features)
        assert ("Conv2D" in {op.type for op in run.graph.get_operations()}) is not winograd
        np.testing.assert_allclose(run(features), expected, rtol=0, atol=1e-3 * np.abs(expected).max())
