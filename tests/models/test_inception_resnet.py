"""Inception-ResNet-v2 beside Keras' own network, of which every variable is copied, and beside numbers of TF-Slim's."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from benchmarks.scripts.parity_rules import weight
from tfod.models.backbones.checkpoint_layout import backbone_layout
from tfod.models.backbones.inception import inception_defaults
from tfod.models.backbones.inception_resnet_v2 import (
    FIRST_STAGE_PARTS,
    SECOND_STAGE_PARTS,
    InceptionResNetV2,
)
from tfod.models.backbones.tf1_names import backbone_tf1_names, second_stage_tf1_names

RNG = np.random.default_rng(0)
HP = inception_defaults(freeze_batch_norm=True)
THINNER = 16
IMAGES = tf.constant(RNG.uniform(-1, 1, size=[1, 75, 68, 3]), tf.float32)


class ThinPaddedLayers:
    """Keras' layers; convolutions are thin, and all that moves a window is padded, as the original has it."""

    def Conv2D(self, filters: int, *sizes: Any, **settings: Any) -> Any:  # noqa: N802
        # Those that widen a block again have a bias, and as many filters as the block.
        thin = filters if settings["use_bias"] else filters // THINNER
        return keras.layers.Conv2D(thin, *sizes, **{**settings, "padding": "same"})

    def MaxPooling2D(self, *sizes: Any, **settings: Any) -> Any:  # noqa: N802
        return keras.layers.MaxPooling2D(*sizes, **{**settings, "padding": "same"})

    def __getattr__(self, name: str) -> Any:
        return getattr(keras.layers, name)


def thin(**settings: Any) -> InceptionResNetV2:
    return InceptionResNetV2(HP, depth_multiplier=1 / THINNER, **settings)


def layers(backbone: tf.Module) -> list[Any]:
    """In the order of checkpoints."""
    numbered = {name: layer for name, layer in vars(backbone_layout(backbone)).items() if name.startswith("layer_")}
    return [numbered[f"layer_with_weights-{number}"] for number in range(len(numbered))]


@pytest.mark.slow  # builds two networks of 448 layers
def test_it_computes_what_the_network_of_keras_computes() -> None:
    theirs = keras.applications.InceptionResNetV2(weights=None, include_top=False, layers=ThinPaddedLayers())
    originals = [layer for layer in theirs.layers if layer.weights]
    for layer in originals:
        for variable in layer.weights:
            if variable.shape.rank == 1:
                variable.assign(RNG.uniform(0.5, 1.0, variable.shape))
    first, second = (thin(parts=parts) for parts in (FIRST_STAGE_PARTS, SECOND_STAGE_PARTS))
    features = first(IMAGES, training=False)
    second(features["block17_20"], training=False)
    for layer, original in zip([*layers(first), *layers(second)], originals, strict=True):
        layer.set_weights(original.get_weights())
    features = first(IMAGES, training=False)
    found = {**features, **second(features["block17_20"], training=False)}
    names = {"block35_10": "block35_10_ac", "block17_20": "block17_20_ac", "Conv2d_7b_1x1": "conv_7b_ac"}
    tapped = keras.Model(theirs.input, [theirs.get_layer(name).output for name in names.values()])
    for name, expected in zip(names, tapped(IMAGES, training=False), strict=True):
        np.testing.assert_allclose(found[name], expected, atol=1e-4 * np.abs(expected).max(), err_msg=name)
    assert (features["block17_20"].shape, first.strides["block17_20"]) == ((1, 5, 5, 1088 // THINNER), 16)
    assert (found["Conv2d_7b_1x1"].shape, second.strides["Conv2d_7b_1x1"]) == ((1, 3, 3, 1536 // THINNER), 32)


# What the original computes with one block of each kind: end point, pixel, every 150th channel.
ONE_OF_EACH = ("block35_1", "block17_1", "block8_1", "block8_10")
OF_THE_ORIGINAL = {
    ("FirstStage", 16): ("block17_1", (2, 1), [0.32725, 4.07247, 0, 0, 0.0919, 5.49199, 2.19486, 0.86592]),
    ("FirstStage", 8): ("block17_1", (4, 3), [0.20935, 4.27547, 0, 0.04268, 0, 5.52503, 0.06865, 0.23327]),
    ("SecondStage", 16): ("Conv2d_7b_1x1", (1, 1), [0, 0, 0, 0.83784, 0, 2.56959, 0, 0.00832, 0.01316, 0, 1.29975]),
}


def drawn(height: int, width: int, channels: int) -> Any:
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return tf.constant(((x * 3 + y * 5 + c * 7) % 11)[np.newaxis] / 5 - 1, tf.float32)


@pytest.mark.parametrize(("scope", "stride"), OF_THE_ORIGINAL)
def test_blocks_of_tf_slim_compute_what_the_original_computes_with_variables_of_its_names(
    scope: str, stride: int
) -> None:
    is_first = scope == "FirstStage"
    parts = [
        part
        for part in (FIRST_STAGE_PARTS if is_first else SECOND_STAGE_PARTS)
        if not part.startswith("block") or part in ONE_OF_EACH
    ]
    hp = inception_defaults(freeze_batch_norm=True, slim=True)
    backbone = InceptionResNetV2(hp, output_stride=stride, parts=parts, slim=True)
    inputs = drawn(65, 49, 3) if is_first else tf.nn.relu(drawn(7, 7, 1088))
    backbone(inputs, training=False)
    named = (backbone_tf1_names if is_first else second_stage_tf1_names)(backbone)
    assert {variable.ref() for variable in named.values()} == {variable.ref() for variable in backbone.variables}
    for name, variable in named.items():
        variable.assign(weight(f"{scope}FeatureExtractor/{name}", tuple(variable.shape)))
    end_point, (row, column), expected = OF_THE_ORIGINAL[scope, stride]
    found = backbone(inputs, training=False)[end_point]
    np.testing.assert_allclose(found[0, row, column, ::150], expected, atol=1e-4)
    assert is_first is not (found.shape == (1, 3, 3, 1536))


def test_only_classifiers_count_all_that_repeats() -> None:
    whole = thin(parts=("Mixed_7a", "block8_1", "block8_10"), slim=True)
    whole(drawn(5, 5, 68), training=False)
    of_classifier, of_second_stage = backbone_tf1_names(whole), second_stage_tf1_names(whole)
    assert "InceptionResnetV2/Repeat_2/block8_1/Branch_1/Conv2d_0b_1x3/weights" in of_classifier
    assert "InceptionResnetV2/Repeat/block8_1/Branch_1/Conv2d_0b_1x3/weights" in of_second_stage
    assert "InceptionResnetV2/Block8/Conv2d_1x1/biases" in of_classifier.keys() & of_second_stage.keys()
