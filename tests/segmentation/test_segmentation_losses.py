"""Losses of segmentation, by hand-computed numbers and by what must not change them."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfod.errors import ConfigError
from tfod.segmentation import losses
from tfod.segmentation.losses import LOSSES, loss_terms, read_losses

# Two pixels and two classes: the first is right with p = 0.8, the second with p = 0.6.
LOGITS = tf.math.log([[[[0.8, 0.2], [0.4, 0.6]]]])
MASKS = tf.constant([[[0, 1]]])


def _value(loss: losses.Loss, logits: tf.Tensor = LOGITS, masks: tf.Tensor = MASKS) -> float:
    return float(loss(logits, masks))


def test_crossentropy_is_the_mean_negative_log() -> None:
    assert _value(losses.crossentropy) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    weighted = -(1 * math.log(0.8) + 3 * math.log(0.6)) / 4
    assert float(losses.crossentropy(LOGITS, MASKS, [1.0, 3.0])) == pytest.approx(weighted)


def test_focal_counts_what_is_right_for_less() -> None:
    expected = -(0.2**2 * math.log(0.8) + 0.4**2 * math.log(0.6)) / 2
    assert _value(losses.focal) == pytest.approx(expected, rel=1e-5)
    assert float(losses.focal(LOGITS, MASKS, None, 0.0)) == pytest.approx(_value(losses.crossentropy))


def test_region_losses_are_what_their_formulas_say() -> None:
    # Class 0: TP 0.8, FP 0.4, FN 0.2; class 1: TP 0.6, FP 0.2, FN 0.4; one pixel is added above and below.
    def expected(alpha: float, beta: float) -> float:
        first = 1.8 / (1.8 + alpha * 0.4 + beta * 0.2)
        second = 1.6 / (1.6 + alpha * 0.2 + beta * 0.4)
        return 1 - (first + second) / 2

    assert _value(losses.dice) == pytest.approx(expected(0.5, 0.5), rel=1e-5)
    assert _value(losses.jaccard) == pytest.approx(expected(1.0, 1.0), rel=1e-5)
    assert _value(losses.tversky) == pytest.approx(expected(0.3, 0.7), rel=1e-5)


def test_lovasz_of_hard_predictions_is_one_minus_the_iou() -> None:
    masks = tf.constant([[[0, 0, 0, 1], [1, 1, 0, 0]]])
    predicted = np.array([[[0, 0, 1, 1], [1, 0, 0, 0]]])
    logits = tf.constant(100.0 * np.eye(2)[predicted], tf.float32)
    # Class 0: 4 right, 1 missed, 1 invented; class 1: 2, 1, 1.
    assert _value(losses.lovasz, logits, masks) == pytest.approx(1 - (4 / 6 + 2 / 4) / 2, abs=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_void_pixels_change_nothing_and_get_no_gradient(name: str) -> None:
    random = np.random.default_rng(0)
    logits = tf.constant(random.normal(size=(2, 3, 4, 3)), tf.float32)
    masks = random.integers(0, 3, (2, 3, 4))
    wider = tf.concat([logits, tf.constant(random.normal(size=(2, 3, 1, 3)), tf.float32)], axis=2)
    with_void = np.concatenate([masks, np.full((2, 3, 1), 255)], axis=2)
    loss = read_losses(name)[name]

    with tf.GradientTape() as tape:
        tape.watch(wider)
        value = loss(wider, tf.constant(with_void, tf.int32))
    assert float(value) == pytest.approx(float(loss(logits, tf.constant(masks, tf.int32))), rel=1e-5)
    assert not tape.gradient(value, wider).numpy()[:, :, -1].any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_that_is_all_void_has_loss_zero_and_finite_gradients(name: str) -> None:
    logits = tf.ones([1, 2, 2, 3])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = read_losses(name)[name](logits, tf.fill([1, 2, 2], 255))
    assert float(value) == 0.0
    assert np.isfinite(tape.gradient(value, logits).numpy()).all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_right_and_sure_prediction_has_almost_no_loss(name: str) -> None:
    masks = np.random.default_rng(1).integers(0, 3, (1, 8, 8))
    logits = tf.constant(50.0 * np.eye(3)[masks], tf.float32)
    assert _value(read_losses(name)[name], logits, tf.constant(masks, tf.int32)) < 1e-4


def test_a_sum_is_read_with_factors_and_numbers() -> None:
    terms = read_losses("0.5*ce + 2*tversky(1,1)")
    assert list(terms) == ["crossentropy", "tversky"]
    assert _value(terms["crossentropy"]) == pytest.approx(0.5 * _value(losses.crossentropy))
    assert _value(terms["tversky"]) == pytest.approx(2 * _value(losses.jaccard))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("crossentropie", "the loss 'crossentropie' is unknown"),
        ("dice+", "the loss '' is unknown"),
        ("dice(1)", "dice got 1 numbers"),
        ("1.2.3*dice", "a number of '1.2.3*dice' cannot be read"),
        ("ce+crossentropy", "crossentropy is named twice"),
    ],
)
def test_a_loss_that_cannot_be_read(text: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loss_terms(text)
    assert caught.value.what == what
