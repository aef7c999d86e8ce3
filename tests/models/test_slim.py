"""What TF-Slim's networks do otherwise than Keras': widths, what hyperparameters apply to, and pyramids."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import small_ssd
from tfod.models.backbones.mobilenet_v1 import MOBILENET_V1_BLOCKS, MobileNetV1, mobilenet_defaults
from tfod.models.backbones.mobilenet_v2 import MobileNetV2
from tfod.models.backbones.resnet import ResNet, resnet_defaults
from tfod.models.backbones.tf1_names import backbone_tf1_names
from tfod.models.from_config import conv_hyperparameters_from_config
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm
from tfod.models.necks.fpn import FeaturePyramid
from tfod.models.ssd.features_from_config import features_from_config

MOBILENET, RESNET = mobilenet_defaults(freeze_batch_norm=False), resnet_defaults(freeze_batch_norm=False)
DEFAULTS = {MobileNetV1: MOBILENET, MobileNetV2: MOBILENET, ResNet: RESNET}


@pytest.mark.parametrize(
    ("network", "multiplier", "end_point", "slim", "keras_has"),
    [
        (MobileNetV1, 0.5, "block13", 512, 256),  # Keras' is multiplied twice
        (MobileNetV2, 1.4, "top", 1792, 1280),  # and of this one widths beyond the paper's are not multiplied
    ],
)
def test_widths(network: Any, multiplier: float, end_point: str, slim: int, keras_has: int) -> None:
    for is_slim, width in ((True, slim), (False, keras_has)):
        backbone = network(DEFAULTS[network], depth_multiplier=multiplier, min_depth=16, slim=is_slim)
        assert backbone.channels[end_point] == width


def test_mobilenet_v1_that_is_cut_goes_on_in_the_rest() -> None:
    whole, first, rest = (
        MobileNetV1(MOBILENET, numbers=numbers, depth_multiplier=0.25, slim=True)
        for numbers in (MOBILENET_V1_BLOCKS, MOBILENET_V1_BLOCKS[:11], MOBILENET_V1_BLOCKS[11:])
    )
    images = tf.constant(np.random.default_rng(0).normal(size=[1, 64, 64, 3]), tf.float32)
    expected = whole(images, training=False)["block13"]
    rest(first(images, training=False)["block11"], training=False)
    halves = {**backbone_tf1_names(first), **backbone_tf1_names(rest)}
    named = backbone_tf1_names(whole)
    assert halves.keys() == named.keys()
    for name, variable in halves.items():
        variable.assign(named[name])
    found = rest(first(images, training=False)["block11"], training=False)
    np.testing.assert_allclose(found["block13"], expected, rtol=1e-5, atol=1e-5)
    assert (rest.strides, rest.channels, tuple(found)) == ({"block13": 32}, {"block13": 256}, ("block13",))


def test_a_thin_resnet_keeps_its_first_layer_and_projects_only_what_changes() -> None:
    backbone = ResNet(50, RESNET, depth_multiplier=0.25, min_depth=16, stages=("conv1", "conv2", "conv3"), slim=True)
    assert backbone(tf.zeros([1, 33, 33, 3]), training=False)["conv3"].shape == (1, 5, 5, 128)
    shapes = {name: tuple(variable.shape) for name, variable in backbone_tf1_names(backbone).items()}
    assert shapes["resnet_v1_50/conv1/weights"] == (7, 7, 3, 64)
    assert shapes["resnet_v1_50/block1/unit_1/bottleneck_v1/conv3/weights"] == (1, 1, 16, 64)
    assert {name.split("/")[1] for name in shapes if "shortcut" in name} == {"block2"}


@pytest.mark.parametrize("slim", [False, True])
def test_what_hyperparameters_apply_to(slim: bool) -> None:
    hp = ConvHyperparameters(keras.initializers.Ones, keras.regularizers.L2(1.0), BatchNorm(center=False), slim=slim)
    separable = hp.separable_conv(4, 3)
    assert hp.use_bias is not slim, "normalisation without an offset"
    assert (separable.pointwise_regularizer is None) is not slim
    assert (hp.depthwise_conv(3, plain_kernel=True).depthwise_regularizer is None) is not slim


def test_batch_norm_is_frozen_by_its_own_field() -> None:
    message = small_ssd().ssd.feature_extractor.conv_hyperparams
    message.batch_norm.train = False
    for slim in (False, True):
        hp = conv_hyperparameters_from_config(message, freeze_batch_norm=False, slim=slim)
        assert hp.batch_norm is not None
        assert hp.batch_norm.frozen is slim


def test_what_a_config_overrides_of_a_backbone() -> None:
    """MobileNetV2 is always normalised with scale and activated by ReLU6, a ResNet keeps its own normalisation."""
    config = small_ssd().ssd.feature_extractor
    config.conv_hyperparams.activation = config.conv_hyperparams.RELU
    config.conv_hyperparams.batch_norm.scale = False
    config.conv_hyperparams.batch_norm.decay = 0.5
    expected = {"ssd_mobilenet_v2_fpn": (tf.nn.relu6, True, 0.5), "ssd_resnet50_v1_fpn": (tf.nn.relu, True, 0.997)}
    for name, (activation, scale, decay) in expected.items():
        config.type = name
        _, norm, activated, *_ = (
            layer
            for layer in features_from_config(config, "here", freeze_batch_norm=False).backbone.stem.layers  # type: ignore[attr-defined]
            if not isinstance(layer, keras.layers.ZeroPadding2D)
        )
        assert (activated.activation, norm.scale, norm.momentum) == (activation, scale, decay)


@pytest.mark.parametrize("smoothed", [False, True])
def test_a_pyramid_doubles_what_it_should(smoothed: bool) -> None:
    """With smoothing that gives zeros the finest of three levels has its own features, or the coarser ones' too."""
    hp = ConvHyperparameters(keras.initializers.Ones, activation=None)
    neck = FeaturePyramid(hp, end_points=["a", "b", "c"], depth=1, coarser=0, doubles_smoothed=smoothed)
    end_points = {name: tf.ones([1, side, side, 1]) for name, side in (("a", 4), ("b", 2), ("c", 1))}
    neck(end_points, training=False)
    middle, finest = neck.smooth[1].layers[0], neck.smooth[0].layers[0]
    middle.kernel.assign(tf.zeros_like(middle.kernel))
    finest.kernel.assign(tf.reshape([0.0] * 4 + [1.0] + [0.0] * 4, [3, 3, 1, 1]))
    np.testing.assert_array_equal(neck(end_points, training=False)[0], 1.0 if smoothed else 3.0)
