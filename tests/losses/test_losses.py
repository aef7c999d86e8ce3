import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.sampling import BalancedSampler
from tfod.errors import ConfigError
from tfod.losses.classification import (
    BootstrappedSigmoidLoss,
    ClassificationLoss,
    DiceLoss,
    PenaltyReducedFocalLoss,
    SigmoidLoss,
    SoftmaxLoss,
)
from tfod.losses.focal import SigmoidFocalLoss
from tfod.losses.from_config import (
    classification_loss_from_config,
    localization_loss_from_config,
    miner_from_config,
    sampler_from_config,
)
from tfod.losses.localization import GIoULoss, IoULoss, L1Loss, L2Loss, SmoothL1Loss
from tfod.protos import losses_pb2

WHERE = "model.part.loss"
ONE = tf.ones([1, 1])
LOG_2, LOG_3 = np.log(2), np.log(3)


def of_one_anchor(loss: ClassificationLoss, logits: list[float], targets: list[float], weight: float = 1.0) -> float:
    return float(loss(tf.constant([[logits]], tf.float32), tf.constant([[targets]], tf.float32), weight * ONE)[0, 0])


def focal(logit: float, target: float, **settings: object) -> float:
    return of_one_anchor(SigmoidFocalLoss(**settings), [logit], [target])


def test_focal_loss_by_hand() -> None:
    assert focal(0.0, 1.0, alpha=0.25) == pytest.approx(0.25 * 0.25 * LOG_2)
    assert focal(0.0, 0.0, alpha=0.25) == pytest.approx(0.75 * 0.25 * LOG_2)
    # A probability of 0.9 given to the truth.
    assert focal(np.log(9), 1.0) == pytest.approx(0.1**2 * -np.log(0.9), rel=1e-4)


def test_without_focus_it_is_cross_entropy() -> None:
    assert focal(1.5, 0.0, gamma=0.0) == pytest.approx(np.log1p(np.exp(1.5)))


def random_batch(seed: int = 0) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Logits, one-hot targets with many zero rows, and weights of 2 x 7 anchors and 3 classes."""
    rng = np.random.default_rng(seed)
    targets = np.eye(4)[rng.integers(0, 4, [2, 7])][..., 1:]
    arrays = rng.normal(scale=3, size=[2, 7, 3]), targets, rng.uniform(size=[2, 7])
    return tuple(tf.constant(array, tf.float32) for array in arrays)


@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_the_derivative_written_out_is_that_of_the_formula(gamma: float, alpha: float | None) -> None:
    logits, targets, weights = random_batch()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = tf.reduce_sum(SigmoidFocalLoss(gamma, alpha)(logits, targets, weights))
        truth = targets * tf.sigmoid(logits) + (1 - targets) * (1 - tf.sigmoid(logits))
        balance = 1.0 if alpha is None else targets * alpha + (1 - targets) * (1 - alpha)
        formula = -balance * (1 - truth) ** gamma * tf.math.log(truth) * weights[..., tf.newaxis]
        total = tf.reduce_sum(formula)
    np.testing.assert_allclose(ours, total, rtol=1e-4)
    np.testing.assert_allclose(tape.gradient(ours, logits), tape.gradient(total, logits), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
@pytest.mark.parametrize("fixed_shape", [True, False])
def test_targets_that_are_listed_give_what_targets_of_all_anchors_give(
    gamma: float, alpha: float | None, fixed_shape: bool
) -> None:
    logits, targets, weights = random_batch()
    loss = SigmoidFocalLoss(gamma, alpha)
    flat = tf.reshape(targets, [-1, 3])
    rows = tf.where(tf.reduce_any(flat > 0, axis=-1))[:, 0]

    signature = None if fixed_shape else [tf.TensorSpec([None, None, 3])]

    @tf.function(autograph=False, input_signature=signature)
    def listed(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            total = 2.0 * loss.sparse(logits, rows, tf.gather(flat, rows), weights)
        return total, tape.gradient(total, logits)

    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = 2.0 * tf.reduce_sum(loss(logits, targets, weights))
    value, gradient = listed(logits)
    np.testing.assert_allclose(value, total, rtol=1e-5)
    np.testing.assert_allclose(gradient, tape.gradient(total, logits), rtol=1e-4, atol=1e-6)


def test_extreme_logits_stay_finite() -> None:
    logits = tf.constant([[[-200.0], [200.0]]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(SigmoidFocalLoss()(logits, tf.constant([[[1.0], [0.0]]]), tf.ones([1, 2])))
    assert float(loss) == pytest.approx(400)
    assert tape.gradient(loss, logits).numpy().ravel() == pytest.approx([-1, 1])


def test_sigmoid_loss_by_hand() -> None:
    # Probabilities 1/2 and 3/4: the first class is there, the second is not.
    assert of_one_anchor(SigmoidLoss(), [0.0, LOG_3], [1, 0], weight=2.0) == pytest.approx(2 * (LOG_2 + np.log(4)))


def test_softmax_loss_by_hand() -> None:
    assert of_one_anchor(SoftmaxLoss(), [0.0, LOG_3], [0, 1], weight=2.0) == pytest.approx(2 * -np.log(0.75))
    assert of_one_anchor(SoftmaxLoss(logit_scale=2.0), [0.0, 2 * LOG_3], [0, 1]) == pytest.approx(-np.log(0.75))


def test_softmax_loss_against_logits_is_least_for_the_same_logits() -> None:
    loss = SoftmaxLoss(targets_are_logits=True)
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert of_one_anchor(loss, [0.0, LOG_3], [1.0, 1 + LOG_3]) == pytest.approx(entropy)
    assert of_one_anchor(loss, [0.0, 0.0], [1.0, 1 + LOG_3]) == pytest.approx(LOG_2)


def test_classes_with_weights_of_their_own() -> None:
    logits, targets = tf.constant([[[0.0, LOG_3]]], tf.float32), tf.constant([[[1.0, 0.0]]])
    weights = tf.constant([[[1.0, 0.5]]])
    assert float(SigmoidLoss()(logits, targets, weights)[0, 0]) == pytest.approx(LOG_2 + 0.5 * np.log(4))
    assert float(SoftmaxLoss()(logits, targets, weights)[0, 0]) == pytest.approx(0.75 * np.log(4))
    focal = float(SigmoidFocalLoss(gamma=0.0)(logits, targets, weights)[0, 0])
    assert focal == pytest.approx(LOG_2 + 0.5 * np.log(4))


def test_bootstrapped_loss_by_hand() -> None:
    # The network says 3/4 where the target says 0; half of each gives 3/8, or 1/2 of the hard 1.
    soft = -(0.375 * np.log(0.75) + 0.625 * np.log(0.25))
    assert of_one_anchor(BootstrappedSigmoidLoss(0.5), [LOG_3], [0]) == pytest.approx(soft)
    hard = -(0.5 * np.log(0.75) + 0.5 * np.log(0.25))
    assert of_one_anchor(BootstrappedSigmoidLoss(0.5, hard=True), [LOG_3], [0]) == pytest.approx(hard)


def test_penalty_reduced_loss_by_hand() -> None:
    loss = PenaltyReducedFocalLoss(alpha=2.0, beta=4.0)
    assert of_one_anchor(loss, [0.0], [1.0]) == pytest.approx(0.25 * LOG_2)
    assert of_one_anchor(loss, [0.0], [0.5]) == pytest.approx(0.5**4 * 0.25 * LOG_2)
    assert of_one_anchor(loss, [100.0], [1.0]) == pytest.approx(1e-8 * 1e-4, rel=0.01)  # 1 − p is clipped


def test_dice_loss_by_hand() -> None:
    # Two anchors, one class: probabilities 1/2 and 1/2, targets 1 and 1.
    logits, targets, weights = tf.zeros([1, 2, 1]), tf.ones([1, 2, 1]), tf.ones([1, 2])
    assert DiceLoss()(logits, targets, weights).numpy().tolist() == [[pytest.approx(1 - 2 * 1 / 3)]]
    squared = DiceLoss(squared_normalization=True)(logits, targets, weights)
    assert squared.numpy().tolist() == [[pytest.approx(1 - 2 * 0.5 / 2.5)]]
    sure = DiceLoss(predictions_are_probabilities=True)(tf.ones([1, 2, 1]), targets, weights)
    assert sure.numpy().tolist() == [[pytest.approx(0)]]


def test_an_empty_dice_area_counts_as_one() -> None:
    nothing = DiceLoss(predictions_are_probabilities=True)(tf.zeros([1, 2, 1]), tf.zeros([1, 2, 1]), tf.ones([1, 2]))
    assert nothing.numpy().tolist() == [[1.0]]


def of_one_box(loss: object, codes: list[float], targets: list[float], weight: float = 1.0) -> float:
    return float(loss(tf.constant([codes]), tf.constant([targets]), tf.constant([weight]))[0])


def test_localization_losses_by_hand() -> None:
    codes, zeros = [0.5, 3.0, -0.5, 0.0], [0.0] * 4
    assert of_one_box(SmoothL1Loss(), codes, zeros) == pytest.approx(0.125 + 2.5 + 0.125)
    assert of_one_box(SmoothL1Loss(delta=2.0), codes, zeros, weight=2.0) == pytest.approx(2 * (0.125 + 4 + 0.125))
    assert of_one_box(L1Loss(), codes, zeros, weight=2.0) == pytest.approx(8)
    assert of_one_box(L2Loss(), codes, zeros, weight=2.0) == pytest.approx(4 * 0.5 * 9.5)
    assert of_one_box(IoULoss(), [0.0, 0.0, 2.0, 2.0], [0.0, 1.0, 2.0, 3.0]) == pytest.approx(1 - 1 / 3)
    # Hull 3, union 2.
    assert of_one_box(GIoULoss(), [0.0, 0.0, 1.0, 1.0], [0.0, 2.0, 1.0, 3.0]) == pytest.approx(1 + 1 / 3)


def test_boxes_without_area_have_finite_losses_and_gradients() -> None:
    codes = tf.zeros([1, 4])
    for loss in (IoULoss(), GIoULoss()):
        with tf.GradientTape() as tape:
            tape.watch(codes)
            value = loss(codes, tf.zeros([1, 4]), tf.ones([1]))
        assert value.numpy().tolist() == [1.0]
        assert np.isfinite(tape.gradient(value, codes)).all()


def test_smooth_l1_gradients_are_the_error_cut_at_delta() -> None:
    codes = tf.constant([[0.5, 3.0, -0.25, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(codes)
        loss = SmoothL1Loss()(codes, tf.zeros([1, 4]), tf.ones([1]))
    assert tape.gradient(loss, codes).numpy().ravel() == pytest.approx([0.5, 1, -0.25, 0])


def test_alpha_that_is_not_given_is_left_out() -> None:
    config = losses_pb2.ClassificationLoss(weighted_sigmoid_focal={})
    assert classification_loss_from_config(config, WHERE) == SigmoidFocalLoss(2.0, None)


CLASSIFICATION = {
    "weighted_sigmoid": ({}, SigmoidLoss()),
    "weighted_softmax": ({"logit_scale": 2}, SoftmaxLoss(2.0)),
    "weighted_logits_softmax": ({"logit_scale": 2}, SoftmaxLoss(2.0, targets_are_logits=True)),
    "bootstrapped_sigmoid": ({"alpha": 0.5, "hard_bootstrap": True}, BootstrappedSigmoidLoss(0.5, hard=True)),
    "weighted_sigmoid_focal": ({"alpha": 0.5, "gamma": 1.5}, SigmoidFocalLoss(1.5, 0.5)),
    "penalty_reduced_logistic_focal_loss": ({"alpha": 2, "beta": 4}, PenaltyReducedFocalLoss(2.0, 4.0)),
    "weighted_dice_classification_loss": ({"squared_normalization": True}, DiceLoss(squared_normalization=True)),
}


@pytest.mark.parametrize("name", [field.name for field in losses_pb2.ClassificationLoss.DESCRIPTOR.fields])
def test_every_classification_loss_of_the_schema(name: str) -> None:
    fields, expected = CLASSIFICATION[name]
    assert classification_loss_from_config(losses_pb2.ClassificationLoss(**{name: fields}), WHERE) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weighted_l2", L2Loss()),
        ("weighted_smooth_l1", SmoothL1Loss(1.0)),
        ("weighted_iou", IoULoss()),
        ("l1_localization_loss", L1Loss()),
        ("weighted_giou", GIoULoss()),
    ],
)
def test_every_localization_loss_of_the_schema(name: str, expected: object) -> None:
    assert localization_loss_from_config(losses_pb2.LocalizationLoss(**{name: {}}), WHERE) == expected


def test_a_loss_that_is_not_chosen_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no localization loss is chosen") as caught:
        localization_loss_from_config(losses_pb2.LocalizationLoss(), f"{WHERE}.localization_loss")
    assert caught.value.where == "model.part.loss.localization_loss"
    with pytest.raises(ConfigError, match="no classification loss is chosen"):
        classification_loss_from_config(losses_pb2.ClassificationLoss(), f"{WHERE}.classification_loss")


def test_mining_beside_a_loss_that_does_without_is_an_error() -> None:
    loss = losses_pb2.Loss(classification_loss={"weighted_sigmoid_focal": {}}, hard_example_miner={})
    with pytest.raises(ConfigError, match="weighted_sigmoid_focal and hard example mining exclude") as caught:
        miner_from_config(loss, WHERE)
    assert caught.value.where == "model.part.loss.hard_example_miner"
    assert miner_from_config(losses_pb2.Loss(), WHERE) is None


def test_a_share_of_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="positive_sample_fraction is 0"):
        sampler_from_config(losses_pb2.Loss(random_example_sampler={"positive_sample_fraction": 0}), WHERE)
    assert sampler_from_config(losses_pb2.Loss(), WHERE) is None
    half = losses_pb2.Loss(random_example_sampler={"positive_sample_fraction": 0.5})
    assert sampler_from_config(half, WHERE) == BalancedSampler(None, 0.5)
