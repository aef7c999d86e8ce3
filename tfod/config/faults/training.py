"""What is wrong with the settings of a run that are no schedule: optimizer, averages, batches, what to start from."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from tfod.config.faults.fault import Fault
from tfod.config.support_table import AVAILABLE_METRICS, MASK_METRICS
from tfod.config.words import nearest

__all__ = [
    "batch_size_faults",
    "checkpoint_type_faults",
    "expression_faults",
    "mask_metrics_faults",
    "metrics_faults",
    "mixed_sizes_faults",
    "num_steps_faults",
    "optimizer_choice_faults",
    "recall_faults",
    "weight_averages_faults",
]


def optimizer_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the optimizer that is named. Block: `optimizer`."""
    if not kind:
        rate = "learning_rate { constant_learning_rate { learning_rate: 0.001 } }"
        yield Fault("no optimizer is chosen", "", f"--set '{{field}}={{ momentum_optimizer {{ {rate} }} }}', say")


def batch_size_faults(batch_size: int) -> Iterator[Fault]:
    """`batch_size`: images a step. Block: `train_config`."""
    if batch_size == 0:
        yield Fault("a batch of no images", "batch_size", "--set {field}=8")


def num_steps_faults(num_steps: int, *, of_schedule: int = 0) -> Iterator[Fault]:
    """`num_steps`: of the run; `of_schedule`: those of the learning rate, 0 for unknown. Block: `train_config`."""
    if num_steps == 0:
        what = "nothing says how many steps training takes (TensorFlow 1 then trained until it was stopped)"
        yield Fault(what, "num_steps", f"--set {{field}}={of_schedule or 2000}, say")


def weight_averages_faults(*, kept: bool, evaluated: bool) -> Iterator[Fault]:
    """Whether training keeps averaged weights, and whether evaluation asks for them. Block: the whole config."""
    if evaluated and not kept:
        yield Fault(
            "evaluation asks for averaged weights, which training does not keep",
            "eval_config.use_moving_averages",
            "--set train_config.optimizer.use_moving_average=true, or --set eval_config.use_moving_averages=false",
        )


def mixed_sizes_faults(batch_size: int, *, one_size: bool, section: Literal["train", "eval"]) -> Iterator[Fault]:
    """Whether the model brings all images to one size. Block: the whole config."""
    if batch_size > 1 and not one_size:
        yield Fault(
            f"images of different sizes cannot make a batch of {batch_size}",
            f"{section}_config.batch_size",
            "--set {field}=1, or let the image_resizer bring all to one size: a fixed_shape_resizer, or "
            "pad_to_max_dimension=true of a keep_aspect_ratio_resizer",
        )


def metrics_faults(names: Sequence[str], known: Collection[str]) -> Iterator[Fault]:
    """`names`: those of `metrics_set`; `known`: those that can be meant. Block: `eval_config`."""
    for number, name in enumerate(names):
        if name not in known:
            cure = f"--set {{field}}={nearest(name, AVAILABLE_METRICS) or AVAILABLE_METRICS[0]}"
            yield Fault(f"the metrics {name} cannot be computed", f"metrics_set[{number}]", cure)


def mask_metrics_faults(names: Sequence[str], *, masks_are_read: bool) -> Iterator[Fault]:
    """`names`: those of `metrics_set`; and whether the evaluation reads records with masks. Block: the whole config."""
    found = next((name for name in names if name in MASK_METRICS), None)
    if found and not masks_are_read:
        what = f"{found} compares masks, and the records are read without theirs"
        yield Fault(what, "eval_input_reader[0].load_instance_masks", "--set {field}=true")


def recall_faults(lower: float, upper: float) -> Iterator[Fault]:
    """Between which recalls precision is averaged. Block: `eval_config`."""
    if lower > upper:
        what = f"recall_lower_bound {lower:g} is above recall_upper_bound {upper:g}"
        yield Fault(what, "recall_lower_bound", f"--set {{field}}={upper:g}")


def expression_faults(field: str, expressions: Sequence[str]) -> Iterator[Fault]:
    """`expressions`: those of `freeze_variables` or the like, which `field` names. Block: `train_config`."""
    for number, expression in enumerate(expressions):
        try:
            re.compile(expression)
        except (re.error, RecursionError, OverflowError) as error:
            what = f"{expression[:60]!r} is no regular expression: {error}"
            yield Fault(what, f"{field}[{number}]", "correct it, or put a backslash before special characters")


def checkpoint_type_faults(kind: str, known: Sequence[str]) -> Iterator[Fault]:
    """`kind`: `fine_tune_checkpoint_type`; `known`: those that the model has, beside `fine_tune`, which all have.

    Block: `train_config`.
    """
    known = (*known, "fine_tune")
    if kind not in known:
        hint = nearest(kind, known)
        cure = f"--set {{field}}={hint}" if hint else f"choose one of {', '.join(known)}"
        what = f"this model cannot start from a checkpoint of the type {kind!r}"
        yield Fault(what, "fine_tune_checkpoint_type", cure)
