"""How the model is trained: batch, steps, learning rate, averages."""

from collections.abc import Iterator
from typing import Any

from tfod.config.diagnostics import Diagnostic, error, errors, note, warning
from tfod.config.faults.learning_rate import (
    PEAKS,
    cosine_decay_faults,
    exponential_decay_faults,
    manual_steps_faults,
    peak_faults,
    schedule_choice_faults,
)
from tfod.config.faults.training import (
    batch_size_faults,
    expression_faults,
    mask_metrics_faults,
    metrics_faults,
    mixed_sizes_faults,
    num_steps_faults,
    optimizer_choice_faults,
    recall_faults,
    weight_averages_faults,
)
from tfod.config.rules.augmentation import check_augmentation
from tfod.config.rules.batch_norm import check_batch_norm
from tfod.config.rules.walk import detection_model
from tfod.config.support_table import AVAILABLE_METRICS, MISSING_METRICS
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check"]

_OPTIMIZER = "train_config.optimizer"
_COSINE = "cosine_decay_learning_rate"
# SGD's learning rate in the zoo for each picture of a batch (0.08 for 128). Small batches stand a few times more.
_ZOO_RATE_PER_PICTURE = 0.08 / 128
_TIMES_KNOWN_TO_GO_WELL = 4
_TIMES_TOO_HIGH = 8
_ADAM_RATE = 1e-3
_METRICS = (*AVAILABLE_METRICS, *MISSING_METRICS)


def check(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Findings in `train_config` and `eval_config`."""
    if not config.HasField("train_config"):
        yield error("no-train-config", "nothing says how to train", "train_config", "add a train_config { ... }")
        return
    train = config.train_config
    yield from errors("batch-size", batch_size_faults(train.batch_size), "train_config")
    faults = num_steps_faults(train.num_steps, of_schedule=_steps_of_schedule(train.optimizer))
    yield from errors("num-steps", faults, "train_config")
    for field in ("freeze_variables", "update_trainable_variables"):
        yield from errors("variables", expression_faults(field, getattr(train, field)), "train_config")
    yield from check_augmentation(config)
    yield from _batchable(config)
    yield from _optimizer(config)
    yield from check_batch_norm(config)
    yield from _weight_averages(config)
    evaluation = config.eval_config
    yield from errors("metrics-set", metrics_faults(evaluation.metrics_set, _METRICS), "eval_config")
    if config.eval_input_reader:
        read = config.eval_input_reader[0].load_instance_masks
        yield from errors("metrics-set", mask_metrics_faults(evaluation.metrics_set, masks_are_read=read))
    faults = recall_faults(evaluation.recall_lower_bound, evaluation.recall_upper_bound)
    yield from errors("metrics-set", faults, "eval_config")


def _steps_of_schedule(optimizer: Any) -> int:
    """For how many steps the learning rate is meant to fall; 0 where it does not say so."""
    kind = optimizer.WhichOneof("optimizer")
    rate = getattr(optimizer, kind).learning_rate if kind else None
    return int(rate.cosine_decay_learning_rate.total_steps) if rate and rate.HasField(_COSINE) else 0


def _batchable(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Images of one batch need one size."""
    found = detection_model(config)
    if found is None:
        return
    resizer = found[1].image_resizer
    kind = resizer.WhichOneof("image_resizer_oneof")
    padded = kind == "keep_aspect_ratio_resizer" and resizer.keep_aspect_ratio_resizer.pad_to_max_dimension
    one_size = kind in (None, "fixed_shape_resizer") or padded
    train, evaluation = config.train_config.batch_size, config.eval_config.batch_size
    yield from errors("sizes-in-a-batch", mixed_sizes_faults(train, one_size=one_size, section="train"))
    yield from errors("sizes-in-a-batch", mixed_sizes_faults(evaluation, one_size=one_size, section="eval"))


def _optimizer(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    kind = config.train_config.optimizer.WhichOneof("optimizer")
    yield from errors("no-optimizer", optimizer_choice_faults(kind), _OPTIMIZER)
    if kind is None:
        return
    optimizer = getattr(config.train_config.optimizer, kind)
    where = f"{_OPTIMIZER}.{kind}"
    if kind != "momentum_optimizer" and optimizer.epsilon <= 0:
        cure = f"--set {where}.epsilon=1e-7"
        yield warning("epsilon", "without an epsilon the first steps may divide by 0", f"{where}.epsilon", cure)
    schedule = optimizer.learning_rate.WhichOneof("learning_rate")
    yield from errors("no-learning-rate", schedule_choice_faults(schedule), where)
    if schedule is None:
        return
    where += f".learning_rate.{schedule}"
    rate = getattr(optimizer.learning_rate, schedule)
    if schedule == "cosine_decay_learning_rate":
        yield from _cosine(rate, config.train_config.num_steps, where)
    elif schedule == "manual_step_learning_rate":
        yield from errors("schedule", manual_steps_faults([entry.step for entry in rate.schedule]), where)
    elif schedule == "exponential_decay_learning_rate":
        yield from errors("schedule", exponential_decay_faults(decay_steps=rate.decay_steps), where)
    yield from errors("learning-rate", peak_faults(schedule, rate), where)
    yield from _height_of_rate(config, kind, schedule, rate, where)


def _cosine(rate: Any, num_steps: int, where: str) -> Iterator[Diagnostic]:
    total, warmup = rate.total_steps, rate.warmup_steps
    yield from errors(
        "warm-up",
        cosine_decay_faults(
            base_rate=rate.learning_rate_base,
            total_steps=total,
            warmup_rate=rate.warmup_learning_rate,
            warmup_steps=warmup,
        ),
        where,
    )
    if total < warmup:
        return
    if num_steps > total:
        yield warning(
            "steps",
            f"the learning rate is 0 from step {total} on, but training takes {num_steps} steps",
            f"{where}.total_steps",
            f"--set {where}.total_steps={num_steps}",
        )
    elif 0 < num_steps <= warmup:
        yield warning(
            "steps",
            f"training ends after {num_steps} steps, before the learning rate has warmed up ({warmup} steps)",
            f"{where}.warmup_steps",
            f"--set {where}.total_steps={num_steps} --set {where}.warmup_steps={num_steps // 10}",
        )
    elif 0 < num_steps < total / 2:
        yield warning(
            "steps",
            f"training ends at step {num_steps} of the learning rate's {total}, while it is still high",
            f"{where}.total_steps",
            f"--set {where}.total_steps={num_steps}",
        )


def _height_of_rate(
    config: TrainEvalPipelineConfig, kind: str, schedule: str, rate: Any, where: str
) -> Iterator[Diagnostic]:
    where = f"{where}.{PEAKS[schedule]}"
    peak, batch = getattr(rate, PEAKS[schedule]), config.train_config.batch_size
    zoo = {"momentum_optimizer": _ZOO_RATE_PER_PICTURE * batch, "adam_optimizer": _ADAM_RATE}.get(kind)
    if zoo and peak > 1.01 * _TIMES_TOO_HIGH * zoo:
        better = _TIMES_KNOWN_TO_GO_WELL * zoo
        cure = f"--set {where}={better:g}"
        if schedule == "cosine_decay_learning_rate" and rate.warmup_learning_rate > better:
            cure += f" --set {where.rpartition('.')[0]}.warmup_learning_rate={better / 4:g}"
        yield warning(
            "learning-rate",
            f"a learning rate of {peak:g} is {peak / zoo:.0f} times the zoo's "
            f"for batches of {batch}: the loss may become NaN",
            where,
            cure,
        )


def _weight_averages(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    optimizer, where = config.train_config.optimizer, f"{_OPTIMIZER}.use_moving_average"
    averaged, evaluated = optimizer.use_moving_average, config.eval_config.use_moving_averages
    yield from errors("weight-averages", weight_averages_faults(kept=averaged, evaluated=evaluated))
    if averaged and not evaluated:
        because = "" if optimizer.HasField("use_moving_average") else ", which is the default,"
        yield note(
            "weight-averages",
            f"training{because} keeps averaged weights, which neither evaluation nor export uses",
            where,
            f"--set {where}=false, or --set eval_config.use_moving_averages=true",
        )
