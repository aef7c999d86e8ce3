"""Networks that only TensorFlow 1 had: what the tests of all architectures do not show of them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfod.config.check import check_pipeline
from tfod.config.zoo_models import MODELS
from tfod.config.zoo_ssd import ssd_model
from tfod.errors import ConfigError
from tfod.models.backbones.inception_v2 import INCEPTION_V2_PARTS, InceptionV2
from tfod.models.backbones.inception_v3 import InceptionV3
from tfod.models.backbones.mobiledet import MobileDet
from tfod.models.backbones.mobilenet_v3 import V3_EXPANSION, MobileNetV3
from tfod.models.backbones.tf1_names import backbone_tf1_names
from tfod.models.build import build_model
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm
from tfod.models.necks.pooling_pyramid import PoolingPyramid
from tfod.models.ssd.features_from_config import features_from_config
from tfod.protos import pipeline_pb2

RNG = np.random.default_rng(0)
IMAGES = tf.constant(RNG.normal(size=[1, 96, 128, 3]), tf.float32)
PLAIN = ConvHyperparameters(make_initializer=keras.initializers.VarianceScaling, batch_norm=BatchNorm())


def shaken(backbone: Any) -> Any:
    """A backbone with variables, whose statistics are unlike the initial ones."""
    backbone(IMAGES, training=False)
    for variable in backbone.variables:
        if variable.shape.rank == 1:
            variable.assign(RNG.uniform(0.5, 1.0, variable.shape))
    return backbone


def test_inception_v3_computes_what_the_network_of_keras_computes() -> None:
    theirs = keras.applications.InceptionV3(weights=None, include_top=False, input_shape=IMAGES.shape[1:])
    ours = shaken(InceptionV3(PLAIN))
    for kind in (keras.layers.Conv2D, keras.layers.BatchNormalization):
        layers = [layer for layer in theirs.layers if isinstance(layer, kind)]
        numbered = sorted(
            layers, key=lambda layer: int(layer.name.rsplit("_", 1)[-1]) if layer.name[-1].isdigit() else 0
        )
        mine = [module for module in _in_order(ours) if isinstance(module, kind)]
        for layer, original in zip(mine, numbered, strict=True):
            original.set_weights(layer.get_weights())
    tapped = keras.Model(theirs.input, [theirs.get_layer(name).output for name in ("mixed2", "mixed7", "mixed10")])
    end_points = ours(IMAGES, training=False)
    for name, features in zip(("Mixed_5d", "Mixed_6e", "Mixed_7c"), tapped(IMAGES, training=False), strict=True):
        np.testing.assert_allclose(end_points[name], features, atol=1e-4 * np.abs(features).max(), err_msg=name)
        assert end_points[name].shape[-1] == ours.channels[name]


def _in_order(backbone: Any) -> list[Any]:
    parts = backbone.parts.values()
    branches = [branch for part in parts for branch in getattr(part, "branches", [part])]
    return [layer for branch in branches for layer in branch.layers]


def test_inception_v2_that_is_cut_goes_on_in_the_rest() -> None:
    cut = INCEPTION_V2_PARTS.index("Mixed_4e") + 1
    whole, first, rest = (
        InceptionV2(PLAIN, depth_multiplier=0.125, min_depth=8, parts=parts)
        for parts in (INCEPTION_V2_PARTS, INCEPTION_V2_PARTS[:cut], INCEPTION_V2_PARTS[cut:])
    )
    expected = shaken(whole)(IMAGES, training=False)
    rest(first(IMAGES, training=False)["Mixed_4e"], training=False)
    for layer, original in zip((*_in_order(first), *_in_order(rest)), _in_order(whole), strict=True):
        layer.set_weights(original.get_weights())
    found = rest(first(IMAGES, training=False)["Mixed_4e"], training=False)
    assert tuple(found) == ("Mixed_5a", "Mixed_5b", "Mixed_5c")
    np.testing.assert_allclose(found["Mixed_5c"], expected["Mixed_5c"], rtol=1e-5, atol=1e-5)
    for name, features in expected.items():
        stride = whole.strides[name]
        assert features.shape == [1, 96 // stride, 128 // stride, whole.channels[name]]
    assert whole.levels == {1: "Conv2d_1a_7x7", 2: "Conv2d_2c_3x3", 3: "Mixed_3c", 4: "Mixed_4e", 5: "Mixed_5c"}


# Of each network some of the stranger names that TensorFlow 1's checkpoints have, and how many there are.
NAMES = {
    "inception_v2": (
        "InceptionV2/Conv2d_1a_7x7/pointwise_weights", "InceptionV2/Mixed_4a/Branch_1/Conv2d_1a_3x3/weights",
        "InceptionV2/Mixed_5c/Branch_3/Conv2d_0b_1x1/BatchNorm/beta",
    ),
    "inception_v3": (
        "InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights", "InceptionV3/Mixed_6a/Branch_1/Conv2d_1a_1x1/weights",
        "InceptionV3/Mixed_7b/Branch_1/Conv2d_0b_3x1/weights", "InceptionV3/Mixed_7c/Branch_2/Conv2d_0d_3x1/weights",
    ),
    "mobilenet_v3_large": (
        "MobilenetV3/expanded_conv/depthwise/depthwise_weights", "MobilenetV3/Conv_1/weights",
        "MobilenetV3/expanded_conv_3/squeeze_excite/Conv_1/biases",
    ),
    "mobiledet_cpu": (
        "MobileDetCPU/IBNNoExpansion/SeparableConv2d/depthwise_weights",
        "MobileDetCPU/IBN_17/SqueezeExcite/Conv/biases",
    ),
    "mobiledet_edgetpu": (
        "MobileDetEdgeTPU/FusedConv_8/Conv_1/BatchNorm/moving_mean", "MobileDetEdgeTPU/TuckerConv/Conv_2/weights",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "backbone",
    [
        InceptionV2(PLAIN, depth_multiplier=0.125, min_depth=8),
        InceptionV3(PLAIN, depth_multiplier=0.125, min_depth=8),
        MobileNetV3("large", PLAIN, depth_multiplier=0.25),
        MobileDet("cpu", depth_multiplier=0.25),
        MobileDet("edgetpu", depth_multiplier=0.25),
    ],
    ids=lambda backbone: backbone.name,
)
def test_every_variable_has_the_name_and_every_end_point_the_size_that_is_known_of_it(backbone: Any) -> None:
    features = backbone(IMAGES, training=False)
    named = backbone_tf1_names(backbone)
    assert {variable.ref() for variable in named.values()} == {variable.ref() for variable in backbone.variables}
    assert len(named) == len(backbone.variables)
    assert set(NAMES[backbone.name]) <= named.keys()
    assert {name: one.shape[-1] for name, one in features.items()} == backbone.channels
    for level, name in backbone.levels.items():
        assert 0 <= 96 / 2**level - features[name].shape[1] <= 4, name


def test_mobilenet_v3_begins_detection_with_the_wide_features_of_its_last_halving() -> None:
    end_points = MobileNetV3("small", PLAIN)(IMAGES, training=False)
    assert end_points[V3_EXPANSION].shape == [1, 6, 8, 288]
    assert end_points["top"].shape == [1, 3, 4, 288]


def test_the_maps_of_a_pooling_pyramid_are_maxima() -> None:
    features = tf.constant(RNG.normal(size=[1, 5, 4, 2]))
    maps = PoolingPyramid("here", 2, count=3)({"here": features}, training=False)
    assert [tuple(one.shape) for one in maps] == [(1, 5, 4, 2), (1, 3, 2, 2), (1, 2, 1, 2)]
    np.testing.assert_array_equal(maps[2][0, 0, 0], tf.reduce_max(features[0, :4, :4], axis=[0, 1]))
    np.testing.assert_array_equal(maps[2][0, 1, 0], tf.reduce_max(features[0, 4:], axis=[0, 1]))


def message(extractor: str, **fields: Any) -> pipeline_pb2.TrainEvalPipelineConfig:
    """MobileNetV2's config of the zoo with another feature extractor."""
    model = next(model for model in MODELS if model.feature_extractor == "ssd_mobilenet_v2_keras")
    config = pipeline_pb2.TrainEvalPipelineConfig(model=ssd_model(model, num_classes=2))
    config.model.ssd.feature_extractor.type = extractor
    for field, value in fields.items():
        setattr(config.model.ssd.feature_extractor, field, value)
    return config


def test_the_embedded_ssd_has_five_maps_and_hyperparameters_that_nothing_overrides() -> None:
    config = message("embedded_ssd_mobilenet_v1", num_layers=6, override_base_feature_extractor_hyperparams=True)
    config.model.ssd.feature_extractor.conv_hyperparams.batch_norm.epsilon = 0.5
    features = features_from_config(config.model.ssd.feature_extractor, "", freeze_batch_norm=False)
    sides = [layer.kernel_size for maps in features.neck.downsample for layer in maps.layers if layer_halves(layer)]
    assert sides == [(3, 3), (3, 3), (2, 2)]
    assert len(features.neck.depths) == 5
    assert features.backbone.stem.layers[1].epsilon == 0.001


def layer_halves(layer: Any) -> bool:
    return getattr(layer, "strides", None) == (2, 2)


@pytest.mark.parametrize(
    ("extractor", "fields", "what"),
    [
        ("ssd_inception_v2", {"override_base_feature_extractor_hyperparams": False}, "no hyperparameters of its own"),
        ("ssd_mobilenet_v3_small", {"use_explicit_padding": True}, "cannot be built with use_explicit_padding"),
        ("ssd_mobiledet_gpu", {"use_explicit_padding": True}, "cannot be built with use_explicit_padding"),
        ("ssd_inception_v2", {"num_layers": 7}, "num_layers is 7"),
    ],
)  # fmt: skip
def test_what_a_network_cannot_be_is_an_error_that_the_check_knows(
    extractor: str, fields: dict[str, Any], what: str
) -> None:
    config = message(extractor, **fields)
    with pytest.raises(ConfigError, match=what) as raised:
        build_model(config.model)
    found = [one for one in check_pipeline(config, for_training=False) if one.severity == "error"]
    assert (raised.value.what, raised.value.where) in [(one.what, one.where) for one in found]
