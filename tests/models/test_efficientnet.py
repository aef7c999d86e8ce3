"""EfficientNet, beside what its paper and the original say of it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import small_model
from tfod import names
from tfod.checkpoints.restore import restore_fine_tune
from tfod.config.architectures import ARCHITECTURES
from tfod.models.backbones.efficientnet import EfficientNet, MBConv, MBConvSettings, efficientnet_defaults
from tfod.models.build import build_model

RNG = np.random.default_rng(0)
IMAGES = tf.constant(RNG.normal(size=[2, 64, 96, 3]), tf.float32)
OWN = efficientnet_defaults(keras.regularizers.L2(5e-6))
BLOCK = MBConvSettings(channels=8, output=8, expansion=6, kernel_size=5, stride=1, drop_rate=0.5)


@pytest.mark.parametrize(("size", "channels"), [(0, (16, 24, 40, 112, 320)), (2, (16, 24, 48, 120, 352))])
def test_end_points_have_the_strides_and_channels_that_it_says(size: int, channels: tuple[int, ...]) -> None:
    backbone = EfficientNet(size, OWN)
    end_points = backbone(IMAGES, training=False)
    assert tuple(backbone.channels.values()) == channels
    for level, name in backbone.levels.items():
        side = 2**level
        assert backbone.strides[name] == side
        assert end_points[name].shape == [2, 64 // side, 96 // side, backbone.channels[name]]


def test_blocks_are_left_out_for_single_images_in_training_alone() -> None:
    keras.utils.set_random_seed(1)
    block = MBConv(OWN, BLOCK)
    features = tf.constant(RNG.normal(size=[64, 4, 4, 8]), tf.float32)
    whole = block(features, training=False)
    assert (whole.numpy() != features.numpy()).any(axis=(1, 2, 3)).all()
    trained = block(features, training=True).numpy()
    left_out = (trained == features.numpy()).all(axis=(1, 2, 3))
    assert 0.25 < left_out.mean() < 0.75
    first = MBConv(OWN, MBConvSettings(channels=8, output=16, expansion=6, kernel_size=3, stride=1, drop_rate=0.5))
    assert not [layer for layer in first.drop.layers if isinstance(layer, keras.layers.Dropout)]


def test_channels_are_excited_by_their_means_over_the_image() -> None:
    block = MBConv(OWN, BLOCK)
    features = tf.constant(RNG.normal(size=[1, 4, 4, 8]), tf.float32)
    block(features, training=False)
    for layer in block.excite.layers[:3:2]:
        layer.kernel.assign(tf.zeros_like(layer.kernel))  # what comes out are the sigmoids of biases
    halved = block(features, training=False)
    block.excite.layers[2].bias.assign(tf.fill([48], 50.0))
    passed = block(features, training=False)
    block.excite.layers[2].bias.assign(tf.fill([48], -50.0))
    np.testing.assert_allclose(block(features, training=False), features, atol=1e-5)
    np.testing.assert_allclose(halved - features, 0.5 * (passed - features), rtol=1e-4, atol=1e-4)


def test_what_is_never_run_is_regularised_and_saved() -> None:
    model = build_model(small_model(ARCHITECTURES["ssd_efficientnet-b0_bifpn_keras"], num_classes=2))
    logits = model.backbone.unused[-1]
    before = model.regularization_loss()
    logits.bias.assign(tf.ones([1000]))
    assert float(model.regularization_loss() - before) == pytest.approx(1000 * 5e-6, rel=1e-3)
    untrained = [variable for layer in model.backbone.unused for variable in layer.non_trainable_variables]
    assert len(untrained) == 4  # of normalisation
    inputs, shapes = model.preprocess(IMAGES)
    with tf.GradientTape() as tape:
        prediction = model.predict(inputs, shapes, training=False)
        total = tf.reduce_sum(prediction[names.BOX_ENCODINGS]) + model.regularization_loss()
    assert None not in tape.gradient(total, model.backbone.trainable_variables)


@pytest.mark.parametrize(("overridden", "rate"), [(False, 5e-6), (True, 2e-5)])
def test_only_its_weight_decay_can_be_overridden(overridden: bool, rate: float) -> None:
    message = small_model(ARCHITECTURES["ssd_efficientnet-b0_bifpn_keras"], num_classes=2)
    message.ssd.feature_extractor.override_base_feature_extractor_hyperparams = overridden
    message.ssd.freeze_batchnorm = True
    backbone = build_model(message).backbone
    stem, norm, _ = backbone.stem.layers
    assert float(stem.losses[0]) == pytest.approx(rate * float(tf.reduce_sum(stem.kernel**2)))
    assert not norm.frozen


def test_it_starts_from_a_classifiers_checkpoint(tmp_path: Path) -> None:
    model = build_model(small_model(ARCHITECTURES["ssd_efficientnet-b0_bifpn_keras"], num_classes=2))
    layout = model.checkpoint_layout()
    prefix = tf.train.Checkpoint(feature_extractor=layout.classification).save(str(tmp_path / "ckpt"))
    before = model.backbone.stem.layers[0].kernel.numpy()
    model.backbone.stem.layers[0].kernel.assign(tf.zeros_like(before))
    report = restore_fine_tune(model, prefix, "classification")
    np.testing.assert_array_equal(model.backbone.stem.layers[0].kernel, before)
    assert len(report.restored) == len({id(variable) for variable in model.backbone.variables})
    assert not [name for name in report.fresh if "efficientnet" in name or "backbone" in name]
