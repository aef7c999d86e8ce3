"""U-Nets: shapes for any size, every knob, what they learn from, and what a detector's checkpoint gives them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfod.checkpoints.restore import restore_fine_tune
from tfod.errors import ConfigError
from tfod.models.precision import mixed_precision
from tfod.segmentation.describe import architecture_text
from tfod.segmentation.unet import ModelSettings, build_unet

SMALL = {"base_filters": 4, "depth": 2}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"norm": "group"},
        {"norm": "none", "up": "resize"},
        {"attention": True, "dropout": 0.2},
        {"encoder": "resnet50"},
    ],
    ids=str,
)
def test_every_knob_gives_logits_of_the_pictures_size_and_gradients_everywhere(settings: dict[str, object]) -> None:
    model = build_unet(ModelSettings(3, **{**SMALL, **settings}))  # type: ignore[arg-type]
    pictures = tf.random.uniform([2, 16, 24, 3])

    with tf.GradientTape() as tape:
        logits = model(pictures, training=True)
        loss = tf.reduce_mean(logits**2)
    assert logits.shape == (2, 16, 24, 3) and logits.dtype == tf.float32
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


@pytest.mark.parametrize("size", [(1, 1), (7, 13), (16, 15)])
def test_any_size_goes_in_and_comes_out(size: tuple[int, int]) -> None:
    model = build_unet(ModelSettings(2, **SMALL))  # type: ignore[arg-type]
    pictures = tf.random.uniform([1, *size, 3])
    logits = model(pictures, training=False)
    assert logits.shape == (1, *size, 2)

    # What was added is the last row and column again.
    full = [-(-side // 4) * 4 for side in size]
    prolonged = np.pad(pictures, [(0, 0), *((0, f - s) for f, s in zip(full, size, strict=True)), (0, 0)], mode="edge")
    expected = model(tf.constant(prolonged), training=False)[:, : size[0], : size[1]]
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_the_default_has_the_width_of_the_tutorials() -> None:
    model = build_unet(ModelSettings(3))
    assert model.num_parameters() == pytest.approx(1.95e6, rel=0.01)
    text = architecture_text(model)
    assert "1/16" in text and "256" in text


def test_mixed_precision_keeps_weights_and_logits_in_float32() -> None:
    with mixed_precision(True):
        model = build_unet(ModelSettings(2, **SMALL))  # type: ignore[arg-type]
    assert {variable.dtype for variable in model.variables} == {tf.float32}
    assert model(tf.zeros([1, 8, 8, 3]), training=True).dtype == tf.float32


def test_an_encoder_takes_the_weights_of_a_detector(shared: Path) -> None:
    model = build_unet(ModelSettings(3, base_filters=8, encoder="mobilenet_v2"))
    backbone = model.checkpoint_layout().classification.variables
    of_tf1 = shared / "pretrained_tf1" / "ssdlite_mobilenet_v2_coco_2018_05_09"
    for checkpoint in (of_tf1, shared / "pretrained" / "ssd_mobilenet_v2_fpnlite_320x320_hands" / "checkpoint"):
        report = restore_fine_tune(model, checkpoint, "detection")
        assert len(report.restored) == len(backbone)
    assert model(tf.zeros([1, 50, 70, 3]), training=False).shape == (1, 50, 70, 3)


def test_only_a_backbone_can_be_filled() -> None:
    model = build_unet(ModelSettings(2, **SMALL))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"cannot start from a checkpoint of the type .detection."):
        model.checkpoint_layout().roots("detection")
