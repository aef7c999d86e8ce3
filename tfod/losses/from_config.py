"""Losses, mining and sampling from the messages that describe them.

`where` is always the message's path in the config, as "model.ssd.loss"; errors name it.
"""

from collections.abc import Callable

from tfod.boxes.sampling import BalancedSampler
from tfod.config.faults.fault import refuse
from tfod.config.faults.losses import loss_choice_faults, mining_faults, sampler_faults
from tfod.config.faults.numbers import number_faults
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
from tfod.losses.mining import HardExampleMiner
from tfod.protos import losses_pb2

__all__ = [
    "classification_loss_from_config",
    "hard_example_miner_from_config",
    "localization_loss_from_config",
    "miner_from_config",
    "sampler_from_config",
]


def classification_loss_from_config(config: losses_pb2.ClassificationLoss, where: str) -> ClassificationLoss:
    """The loss that a `classification_loss` describes. Raises ConfigError where none is chosen."""
    refuse(number_faults(config), where)
    kind = config.WhichOneof("classification_loss")
    refuse(loss_choice_faults("classification", kind), where)
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
    dice = config.weighted_dice_classification_loss
    return DiceLoss(dice.squared_normalization, dice.is_prediction_probability)


def localization_loss_from_config(config: losses_pb2.LocalizationLoss, where: str) -> LocalizationLoss:
    """The loss that a `localization_loss` describes. Raises ConfigError where none is chosen."""
    refuse(number_faults(config), where)
    kind = config.WhichOneof("localization_loss")
    refuse(loss_choice_faults("localization", kind), where)
    if kind == "weighted_smooth_l1":
        return SmoothL1Loss(config.weighted_smooth_l1.delta)
    losses: dict[str | None, Callable[[], LocalizationLoss]] = {
        "weighted_l2": L2Loss,
        "weighted_iou": IoULoss,
        "l1_localization_loss": L1Loss,
        "weighted_giou": GIoULoss,
    }
    return losses[kind]()


def miner_from_config(config: losses_pb2.Loss, where: str) -> HardExampleMiner | None:
    """The miner that the `hard_example_miner` of a `loss` describes; None without one.

    Raises ConfigError beside a classification loss that excludes mining.
    """
    if not config.HasField("hard_example_miner"):
        return None
    refuse(number_faults(config), where)
    refuse(mining_faults(config.classification_loss.WhichOneof("classification_loss")), where)
    return hard_example_miner_from_config(
        config.hard_example_miner, config.classification_weight, config.localization_weight
    )


def hard_example_miner_from_config(
    miner: losses_pb2.HardExampleMiner, class_weight: float, box_weight: float
) -> HardExampleMiner:
    """The miner that a `hard_example_miner` describes, and how much each of the losses counts where it adds them."""
    # One loss alone is taken as it is; only where both are added do their weights say how much each counts.
    class_weight, box_weight = {
        miner.BOTH: (class_weight, box_weight),
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


def sampler_from_config(config: losses_pb2.Loss, where: str) -> BalancedSampler | None:
    """The sampler that the `random_example_sampler` of a `loss` describes; None without one.

    Raises ConfigError for a share of positives that is none.
    """
    if not config.HasField("random_example_sampler"):
        return None
    fraction = config.random_example_sampler.positive_sample_fraction
    refuse(sampler_faults(fraction), f"{where}.random_example_sampler")
    return BalancedSampler(None, fraction)
