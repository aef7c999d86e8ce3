"""Optimizers, learning rates and averages as a pipeline.config describes them."""

import tensorflow as tf
import tf_keras as keras

from tfod.config.faults.fault import refuse
from tfod.config.faults.learning_rate import peak_faults, schedule_choice_faults
from tfod.config.faults.numbers import number_faults
from tfod.config.faults.training import optimizer_choice_faults, weight_averages_faults
from tfod.protos import optimizer_pb2
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training import optimizers, schedules
from tfod.training.averages import keep_averages
from tfod.training.schedules import Schedule

__all__ = ["averages_from_config", "optimizer_from_config", "schedule_from_config"]

_OPTIMIZER = "train_config.optimizer"


def optimizer_from_config(
    message: optimizer_pb2.Optimizer, step: tf.Variable, layout: tf.Module, where: str = _OPTIMIZER
) -> tuple[keras.optimizers.legacy.Optimizer, Schedule]:
    """The optimizer that an `optimizer { ... }` of pipeline.config describes, and its learning rates.

    Args:
      message: The message, which is at `where` in the config.
      step: int64 scalar variable, the number of updates made so far.
      layout: The variables that averages are kept of, where the config asks for averages.
      where: For ConfigError.
    """
    kind = message.WhichOneof("optimizer") or ""
    refuse(number_faults(message), where)
    refuse(optimizer_choice_faults(kind), where)
    config = getattr(message, kind)
    schedule = schedule_from_config(config.learning_rate, f"{where}.{kind}")

    def rate() -> tf.Tensor:
        return schedule(step)

    if kind == "rms_prop_optimizer":
        optimizer = optimizers.rms_prop(
            rate, momentum=config.momentum_optimizer_value, decay=config.decay, epsilon=config.epsilon
        )
    elif kind == "adam_optimizer":
        optimizer = optimizers.adam(rate, epsilon=config.epsilon)
    else:
        optimizer = optimizers.momentum(rate, momentum=config.momentum_optimizer_value)
    if message.use_moving_average:
        optimizer = keep_averages(optimizer, layout, message.moving_average_decay)
    return optimizer, schedule


def schedule_from_config(message: optimizer_pb2.LearningRate, where: str) -> Schedule:
    """The schedule that a `learning_rate { ... }` describes; the message of its optimizer is at `where`."""
    kind = message.WhichOneof("learning_rate") or ""
    refuse(number_faults(message), f"{where}.learning_rate")
    refuse(schedule_choice_faults(kind), where)
    config = getattr(message, kind)
    where = f"{where}.learning_rate.{kind}"
    refuse(peak_faults(kind, config), where)
    if kind == "constant_learning_rate":
        return schedules.constant(config.learning_rate)
    if kind == "exponential_decay_learning_rate":
        return schedules.exponential_decay(
            config.initial_learning_rate,
            decay_steps=config.decay_steps,
            decay_factor=config.decay_factor,
            burnin_rate=config.burnin_learning_rate,
            burnin_steps=config.burnin_steps,
            minimum=config.min_learning_rate,
            staircase=config.staircase,
            where=where,
        )
    if kind == "manual_step_learning_rate":
        rates = [config.initial_learning_rate, *(entry.learning_rate for entry in config.schedule)]
        steps = [entry.step for entry in config.schedule]
        return schedules.manual_steps(steps, rates, warmup=config.warmup, where=where)
    return schedules.cosine_decay(
        config.learning_rate_base,
        total_steps=config.total_steps,
        warmup_rate=config.warmup_learning_rate,
        warmup_steps=config.warmup_steps,
        hold_steps=config.hold_base_rate_steps,
        where=where,
    )


def averages_from_config(
    config: TrainEvalPipelineConfig, layout: tf.Module
) -> keras.optimizers.legacy.Optimizer | None:
    """An optimizer that keeps averages of the variables of `layout`, if the evaluation is to use them; else None.

    They are in it once `restore_averages` has read them. Raises ConfigError where training keeps none.
    """
    message, evaluated = config.train_config.optimizer, config.eval_config.use_moving_averages
    refuse(weight_averages_faults(kept=message.use_moving_average, evaluated=evaluated))
    if not evaluated:
        return None
    return optimizer_from_config(message, tf.Variable(0, dtype=tf.int64), layout)[0]
