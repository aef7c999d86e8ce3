"""ResNet beside Keras' own networks, of which every variable is copied; and cut, continued and dilated."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfod.models.backbones.checkpoint_layout import backbone_layout
from tfod.models.backbones.resnet import STAGES, ResNet
from tfod.models.backbones.tf1_names import backbone_tf1_names
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm

RNG = np.random.default_rng(0)
IMAGES = tf.constant(RNG.normal(size=[1, 96, 64, 3]), tf.float32)
LIKE_KERAS = ConvHyperparameters(
    make_initializer=keras.initializers.VarianceScaling,
    batch_norm=BatchNorm(decay=0.99, epsilon=1.001e-5, scale=True),
)


def small(**settings: Any) -> ResNet:
    """Of few channels."""
    return ResNet(50, LIKE_KERAS, depth_multiplier=0.125, **settings)


def shaken(backbone: tf.Module) -> None:
    for variable in backbone.variables:
        if variable.shape.rank == 1:
            variable.assign(RNG.uniform(0.5, 1.0, variable.shape))


@pytest.mark.parametrize(
    ("version", "last_layers"),
    [
        (1, ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out"]),
        (2, ["conv1_conv", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out"]),
    ],
)
def test_it_computes_what_the_networks_of_keras_compute(version: Any, last_layers: list[str]) -> None:
    applications = {1: keras.applications.ResNet50, 2: keras.applications.ResNet50V2}
    theirs = applications[version](weights=None, include_top=False, input_shape=(96, 64, 3))
    shaken(theirs)
    ours = ResNet(50, LIKE_KERAS, version=version, as_in_keras=True)
    ours(IMAGES, training=False)
    for layer, original in zip(_layers(ours), (layer for layer in theirs.layers if layer.weights), strict=True):
        layer.set_weights(original.get_weights())

    tapped = keras.Model(theirs.input, [*(theirs.get_layer(name).output for name in last_layers), theirs.output])
    *expected, last = (features.numpy() for features in tapped(IMAGES, training=False))
    end_points = ours(IMAGES, training=False)
    assert tuple(end_points) == STAGES
    for name, features in zip(STAGES, [*expected, last], strict=True):
        np.testing.assert_allclose(end_points[name], features, atol=1e-4 * np.abs(features).max(), err_msg=name)


@pytest.mark.parametrize(("version", "strides"), [(1, [2, 4, 8, 16, 32]), (2, [2, 8, 16, 32, 32])])
def test_end_points_have_the_strides_and_channels_that_it_says(version: Any, strides: list[int]) -> None:
    backbone = small(version=version)
    assert list(backbone.strides.values()) == strides
    for name, features in backbone(IMAGES, training=False).items():
        side = backbone.strides[name]
        assert features.shape == [1, 96 // side, 64 // side, backbone.channels[name]]
    assert {level: backbone.strides[name] for level, name in backbone.levels.items()} == {
        stride.bit_length() - 1: stride for stride in strides
    }


@pytest.mark.parametrize("version", [1, 2])
def test_a_network_that_is_cut_goes_on_in_the_rest(version: Any) -> None:
    whole = small(version=version)
    first, rest = (small(version=version, stages=stages) for stages in (STAGES[:4], STAGES[4:]))
    whole(IMAGES, training=False)
    shaken(whole)
    expected = whole(IMAGES, training=False)
    rest(first(IMAGES, training=False)["conv4"], training=False)
    layers = [layer for half in (first, rest) for layer in _layers(half)]
    for layer, original in zip(layers, _layers(whole), strict=True):
        layer.set_weights(original.get_weights())
    halfway = first(IMAGES, training=False)
    assert tuple(halfway) == STAGES[:4]
    found = rest(halfway["conv4"], training=False)
    assert tuple(found) == ("conv5",)
    np.testing.assert_allclose(found["conv5"], expected["conv5"], rtol=1e-5, atol=1e-5)
    assert rest.strides == {"conv5": 32}


def _layers(backbone: ResNet) -> list[Any]:
    """In the order of checkpoints."""
    numbered = {name: layer for name, layer in vars(backbone_layout(backbone)).items() if name.startswith("layer_")}
    return [numbered[f"layer_with_weights-{number}"] for number in range(len(numbered))]


def test_halving_at_the_end_of_a_stage_gives_what_halving_at_the_next_gives() -> None:
    first, last = (small(halving=halving, output_stride=16) for halving in ("first", "last"))
    first(IMAGES, training=False)
    shaken(first)
    last(IMAGES, training=False)
    for layer, original in zip(_layers(last), _layers(first), strict=True):
        layer.set_weights(original.get_weights())
    assert list(last.strides.values()) == [2, 8, 16, 16, 16]
    expected, found = first(IMAGES, training=False), last(IMAGES, training=False)
    for name in ("conv2", "conv3", "conv4"):
        step = last.strides[name] // first.strides[name]
        np.testing.assert_allclose(found[name], expected[name][:, ::step, ::step], rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_last_stage_of_tf_slim_alone_keeps_the_size_of_what_it_takes() -> None:
    rest = small(halving="last", slim=True, stages=STAGES[4:])
    assert rest(tf.zeros([2, 7, 7, 128]), training=False)["conv5"].shape == [2, 7, 7, 256]
    names = backbone_tf1_names(rest)
    assert {name.split("/")[1] for name in names} == {"block4"}
    assert len(names) == len(rest.variables)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_dilated_kernels_see_what_strides_would_show_them(version: Any, output_stride: int) -> None:
    strided, dilated = small(version=version), small(version=version, output_stride=output_stride)
    strided(IMAGES, training=False)
    shaken(strided)
    dilated(IMAGES, training=False)
    for layer, original in zip(_layers(dilated), _layers(strided), strict=True):
        layer.set_weights(original.get_weights())
    coarse, fine = strided(IMAGES, training=False), dilated(IMAGES, training=False)
    assert max(dilated.strides.values()) == output_stride
    for name in STAGES:
        step = strided.strides[name] // dilated.strides[name]
        np.testing.assert_allclose(fine[name][:, ::step, ::step], coarse[name], rtol=1e-4, atol=1e-4, err_msg=name)
