"""The losses that `model.ssd.loss` describes."""

from collections.abc import Callable

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
from tfod.losses.localization import GIoULoss, IoULoss, L1Loss, L2Loss, LocalizationLoss, SmoothL1Loss
from tfod.losses.mining import HardExampleMiner, RandomExampleSampler
from tfod.protos import losses_pb2

__all__ = [
    "classification_loss_from_config",
    "localization_loss_from_config",
    "miner_from_config",
    "sampler_from_config",
]


def classification_loss_from_config(config: losses_pb2.ClassificationLoss) -> ClassificationLoss:
    """The classification loss. Raises ConfigError where none is chosen."""
    kind = config.WhichOneof("classification_loss")
    if kind == "weighted_sigmoid":
        return SigmoidLoss()
    if kind == "weighted_softmax":
        return SoftmaxLoss(config.weighted_softmax.logit_scale)
    if kind == "weighted_logits_softmax":
        return SoftmaxLoss(config.weighted_logits_softmax.logit_scale, targets_are_logits=True)
    if kind == "bootstrapped_sigmoid":
        return BootstrappedSigmoidLoss(config.bootstrapped_sigmoid.alpha, config.bootstrapped_sigmoid.hard_bootstrap)
    if kind == "weighted_sigmoid_focal":
        focal = config.weighted_sigmoid_focal
        return SigmoidFocalLoss(focal.gamma, focal.alpha if focal.HasField("alpha") else None)
    if kind == "penalty_reduced_logistic_focal_loss":
        reduced = config.penalty_reduced_logistic_focal_loss
        return PenaltyReducedFocalLoss(reduced.alpha, reduced.beta)
    if kind == "weighted_dice_classification_loss":
        dice = config.weighted_dice_classification_loss
        return DiceLoss(dice.squared_normalization, dice.is_prediction_probability)
    where = "model.ssd.loss.classification_loss"
    raise ConfigError("no classification loss is chosen", where, "add weighted_sigmoid_focal { alpha: 0.25 }")


def localization_loss_from_config(config: losses_pb2.LocalizationLoss) -> LocalizationLoss:
    """The localization loss. Raises ConfigError where none is chosen."""
    kind = config.WhichOneof("localization_loss")
    if kind == "weighted_smooth_l1":
        return SmoothL1Loss(config.weighted_smooth_l1.delta)
    losses: dict[str, Callable[[], LocalizationLoss]] = {
        "weighted_l2": L2Loss,
        "weighted_iou": IoULoss,
        "l1_localization_loss": L1Loss,
        "weighted_giou": GIoULoss,
    }
    if kind not in losses:
        where = "model.ssd.loss.localization_loss"
        raise ConfigError("no localization loss is chosen", where, "add weighted_smooth_l1 {}")
    return losses[kind]()


def miner_from_config(config: losses_pb2.Loss) -> HardExampleMiner | None:
    """The miner of `loss.hard_example_miner`; None without one.

    Raises ConfigError beside a loss that has no single number for each anchor, or does without mining.
    """
    if not config.HasField("hard_example_miner"):
        return None
    kind = config.classification_loss.WhichOneof("classification_loss")
    if kind in ("weighted_sigmoid_focal", "weighted_dice_classification_loss"):
        cure = "remove hard_example_miner, or use weighted_sigmoid or weighted_softmax"
        raise ConfigError(f"hard examples cannot be mined by {kind}", "model.ssd.loss.hard_example_miner", cure)
    miner = config.hard_example_miner
    # A single loss is its own measure; only where both are added their weights tell how much each counts.
    class_weight, box_weight = {
        miner.BOTH: (config.classification_weight, config.localization_weight),
        miner.CLASSIFICATION: (1.0, 0.0),
        miner.LOCALIZATION: (0.0, 1.0),
    }[miner.loss_type]
    return HardExampleMiner(
        num_hard_examples=miner.num_hard_examples if miner.num_hard_examples > 0 else None,
        iou_threshold=miner.iou_threshold,
        class_weight=class_weight,
        box_weight=box_weight,
        max_negatives_per_positive=miner.max_negatives_per_positive if miner.max_negatives_per_positive > 0 else None,
        min_negatives_per_image=miner.min_negatives_per_image,
    )


def sampler_from_config(config: losses_pb2.Loss) -> RandomExampleSampler | None:
    """The sampler of `loss.random_example_sampler`; None without one. Raises ConfigError for a share of 0 or less."""
    if not config.HasField("random_example_sampler"):
        return None
    fraction = config.random_example_sampler.positive_sample_fraction
    if not 0 < fraction <= 1:
        where = "model.ssd.loss.random_example_sampler.positive_sample_fraction"
        raise ConfigError(f"positive_sample_fraction {fraction:g} is no share", where, "let it be in (0, 1]")
    return RandomExampleSampler(fraction)
