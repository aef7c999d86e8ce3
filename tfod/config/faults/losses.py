"""What is wrong with the losses."""

from collections.abc import Iterator
from typing import Literal

from tfod.config.faults.fault import Fault

__all__ = ["loss_choice_faults", "mining_faults", "sampler_faults", "second_stage_loss_faults"]

_EXAMPLES = {"localization": "weighted_smooth_l1", "classification": "weighted_sigmoid_focal"}
_OF_SECOND_STAGES = ("weighted_softmax", "weighted_sigmoid", "weighted_logits_softmax", "weighted_sigmoid_focal")
# They weigh examples themselves, or have no number for each anchor by which examples could be told apart.
_NOT_MINED = ("weighted_sigmoid_focal", "weighted_dice_classification_loss")


def loss_choice_faults(part: Literal["localization", "classification"], kind: str | None) -> Iterator[Fault]:
    """`kind`: the loss that is named. Block: `localization_loss` or `classification_loss`."""
    if not kind:
        cure = f"--set '{{field}}={{ {_EXAMPLES[part]} {{}} }}'"
        yield Fault(f"no {part} loss is chosen", "", cure)


def second_stage_loss_faults(kind: str) -> Iterator[Fault]:
    """`kind`: the loss that is named for the second stage. Block: `second_stage_classification_loss`."""
    if kind not in _OF_SECOND_STAGES:
        yield Fault(f"a second stage cannot learn by {kind}", "", f"use {', '.join(_OF_SECOND_STAGES)}, or remove it")


def mining_faults(classification_loss: str | None) -> Iterator[Fault]:
    """For a `loss` with a `hard_example_miner`. Block: `loss`."""
    if classification_loss in _NOT_MINED:
        cure = "remove hard_example_miner { ... }, or use weighted_sigmoid or weighted_softmax"
        yield Fault(f"{classification_loss} and hard example mining exclude each other", "hard_example_miner", cure)


def sampler_faults(positive_sample_fraction: float) -> Iterator[Fault]:
    """Block: `random_example_sampler`."""
    if not 0 < positive_sample_fraction <= 1:
        what = f"positive_sample_fraction is {positive_sample_fraction:g}"
        cure = "it must be above 0 and at most 1: --set {field}=0.5"
        yield Fault(what, "positive_sample_fraction", cure)
