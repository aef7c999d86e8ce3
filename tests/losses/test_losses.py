import numpy as np
import pytest
import tensorflow as tf

from tfod.errors import ConfigError
from tfod.losses.classification import SigmoidFocalLoss
from tfod.losses.from_config import classification_loss_from_config, localization_loss_from_config
from tfod.losses.localization import SmoothL1Loss
from tfod.protos import losses_pb2

ONE = tf.ones([1, 1])


def focal(logit: float, target: float, **settings: object) -> float:
    loss = SigmoidFocalLoss(**settings)
    return float(loss(tf.constant([[[logit]]], tf.float32), tf.constant([[[target]]]), ONE))


def test_focal_loss_by_hand() -> None:
    assert focal(0.0, 1.0, alpha=0.25) == pytest.approx(0.25 * 0.25 * np.log(2))
    assert focal(0.0, 0.0, alpha=0.25) == pytest.approx(0.75 * 0.25 * np.log(2))
    # A probability of 0.9 given to the truth.
    assert focal(np.log(9), 1.0) == pytest.approx(0.1**2 * -np.log(0.9), rel=1e-4)


def test_without_focus_it_is_cross_entropy() -> None:
    assert focal(1.5, 0.0, gamma=0.0) == pytest.approx(np.log1p(np.exp(1.5)))


@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_the_derivative_written_out_is_that_of_the_formula(gamma: float, alpha: float | None) -> None:
    logits = tf.constant(np.random.default_rng(0).normal(scale=3, size=[2, 7, 3]), tf.float32)
    targets = tf.constant(np.random.default_rng(1).integers(0, 2, [2, 7, 3]), tf.float32)
    weights = tf.constant(np.random.default_rng(2).uniform(size=[2, 7]), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = SigmoidFocalLoss(gamma, alpha)(logits, targets, weights)
        truth = targets * tf.sigmoid(logits) + (1 - targets) * (1 - tf.sigmoid(logits))
        balance = 1.0 if alpha is None else targets * alpha + (1 - targets) * (1 - alpha)
        formula = -balance * (1 - truth) ** gamma * tf.math.log(truth) * weights[..., tf.newaxis]
        total = tf.reduce_sum(formula)
    np.testing.assert_allclose(ours, total, rtol=1e-4)
    np.testing.assert_allclose(tape.gradient(ours, logits), tape.gradient(total, logits), rtol=1e-3, atol=1e-5)


def test_extreme_logits_stay_finite() -> None:
    logits = tf.constant([[[-200.0], [200.0]]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = SigmoidFocalLoss()(logits, tf.constant([[[1.0], [0.0]]]), tf.ones([1, 2]))
    assert float(loss) == pytest.approx(400)
    assert tape.gradient(loss, logits).numpy().ravel() == pytest.approx([-1, 1])


def test_smooth_l1_by_hand() -> None:
    codes = tf.constant([[[0.5, 3.0, -0.5, 0.0]]])
    assert float(SmoothL1Loss()(codes, tf.zeros([1, 1, 4]), ONE)) == pytest.approx(0.125 + 2.5 + 0.125)
    assert float(SmoothL1Loss(delta=2.0)(codes, tf.zeros([1, 1, 4]), 2 * ONE)) == pytest.approx(2 * (0.25 + 4))


def test_smooth_l1_slopes_are_the_error_cut_at_delta() -> None:
    codes = tf.constant([[[0.5, 3.0, -0.25, 0.0]]])
    with tf.GradientTape() as tape:
        tape.watch(codes)
        loss = SmoothL1Loss()(codes, tf.zeros([1, 1, 4]), ONE)
    assert tape.gradient(loss, codes).numpy().ravel() == pytest.approx([0.5, 1, -0.25, 0])


def test_alpha_that_is_not_given_is_left_out() -> None:
    config = losses_pb2.ClassificationLoss(weighted_sigmoid_focal={})
    assert classification_loss_from_config(config) == SigmoidFocalLoss(2.0, None)


def test_losses_that_do_not_exist_are_errors() -> None:
    with pytest.raises(ConfigError, match="weighted_iou is not available"):
        localization_loss_from_config(losses_pb2.LocalizationLoss(weighted_iou={}))
    with pytest.raises(ConfigError, match=r"\(none\)"):
        classification_loss_from_config(losses_pb2.ClassificationLoss())
