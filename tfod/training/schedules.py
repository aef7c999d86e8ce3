"""Learning rates over the steps of a run, each a function of the step before the update (the first is 0).

All arithmetic is float32 in the original's order, so that a run continued here gets the very rates it would
have had there.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.protos import optimizer_pb2

__all__ = ["Schedule", "constant", "cosine_decay", "exponential_decay", "from_config", "manual_steps"]

Schedule = Callable[[Any], Any]
"""Takes the step, an int64 scalar tensor, and gives the learning rate, a float32 scalar tensor."""


def constant(rate: float) -> Schedule:
    """The same rate at every step."""
    return lambda step: tf.constant(rate, tf.float32)


def exponential_decay(
    initial_rate: float,
    *,
    decay_steps: int,
    decay_factor: float,
    burnin_rate: float = 0.0,
    burnin_steps: int = 0,
    minimum: float = 0.0,
    staircase: bool = True,
) -> Schedule:
    """`initial_rate * decay_factor ** ((step - burnin_steps) / decay_steps)`, never below `minimum`.

    With `staircase` the exponent is rounded down. For the first `burnin_steps` the rate is `burnin_rate`, or
    `initial_rate` where that is 0.

    >>> rate = exponential_decay(0.1, decay_steps=10, decay_factor=0.5)
    >>> [round(float(rate(step)), 3) for step in (0, 9, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """
    if decay_steps == 0:
        _refuse("exponential_decay_learning_rate", "decay_steps is 0", "set decay_steps to 1 or more")

    def rate(step: Any) -> Any:
        exponent = tf.cast(step - burnin_steps, tf.float32) / float(decay_steps)
        if staircase:
            exponent = tf.floor(exponent)
        decayed = initial_rate * tf.pow(tf.constant(decay_factor, tf.float32), exponent)
        return tf.maximum(tf.where(step < burnin_steps, burnin_rate or initial_rate, decayed), minimum)

    return rate


def manual_steps(boundaries: Sequence[int], rates: Sequence[float], *, warmup: bool = False) -> Schedule:
    """`rates[i]` from step `boundaries[i - 1]` on; there is one rate more than boundaries.

    With `warmup` the rate goes linearly from `rates[0]` at step 0 to `rates[1]` at `boundaries[0]`.

    >>> rate = manual_steps([5, 10], [0.1, 0.01, 0.001])
    >>> [round(float(rate(step)), 4) for step in (4, 5, 10)]
    [0.1, 0.01, 0.001]
    """
    where = "manual_step_learning_rate"
    if not boundaries:
        _refuse(where, "the schedule is empty", "add schedule { step: ... learning_rate: ... }")
    if len(rates) != len(boundaries) + 1:
        _refuse(where, f"{len(rates)} rates for {len(boundaries)} steps", "give one rate more than steps")
    if boundaries[0] <= 0:
        _refuse(where, "the first step of the schedule is 0", "say that rate in initial_learning_rate")
    if any(after <= before for before, after in itertools.pairwise(boundaries)):
        _refuse(where, f"the steps {list(boundaries)} do not increase", "put the schedule in order of its steps")
    slope = (rates[1] - rates[0]) / boundaries[0]

    def rate(step: Any) -> Any:
        passed = tf.reduce_sum(tf.cast(step >= tf.constant(boundaries, tf.int64), tf.int32))
        stepped = tf.gather(tf.constant(rates, tf.float32), passed)
        if not warmup:
            return stepped
        rising = tf.cast(rates[0] + slope * tf.cast(step, tf.float64), tf.float32)
        return tf.where(step < boundaries[0], rising, stepped)

    return lambda step: rate(tf.cast(step, tf.int64))


def cosine_decay(
    base_rate: float,
    *,
    total_steps: int,
    warmup_rate: float = 0.0,
    warmup_steps: int = 0,
    hold_steps: int = 0,
) -> Schedule:
    """Linear warm-up to `base_rate`, that rate for `hold_steps`, half a cosine down to 0 at `total_steps`, then 0.

    Cosine annealing: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.

    >>> rate = cosine_decay(0.2, total_steps=30, warmup_rate=0.1, warmup_steps=10)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 20, 30, 31)]
    [0.1, 0.15, 0.2, 0.1, 0.0, 0.0]
    """
    where = "cosine_decay_learning_rate"
    if total_steps < warmup_steps:
        cure = "raise total_steps, or lower warmup_steps"
        _refuse(where, f"total_steps {total_steps} is less than warmup_steps {warmup_steps}", cure)
    if warmup_steps and base_rate < warmup_rate:
        what = f"learning_rate_base {base_rate:g} is less than warmup_learning_rate {warmup_rate:g}"
        _refuse(where, what, "lower warmup_learning_rate: the warm-up rises")
    # Where no steps are left for the cosine its value is never used, but 0 / 0 must not spoil the others.
    decay_steps = float(total_steps - warmup_steps - hold_steps) or 1.0

    def rate(step: Any) -> Any:
        now = tf.cast(step, tf.float32)
        result = 0.5 * base_rate * (1 + tf.cos(math.pi * (now - warmup_steps - hold_steps) / decay_steps))
        if hold_steps:
            result = tf.where(step > warmup_steps + hold_steps, result, base_rate)
        if warmup_steps:
            slope = (base_rate - warmup_rate) / warmup_steps
            result = tf.where(step < warmup_steps, slope * now + warmup_rate, result)
        return tf.where(step > total_steps, 0.0, result)

    return rate


def from_config(message: optimizer_pb2.LearningRate) -> Schedule:
    """The schedule that a `learning_rate { ... }` of pipeline.config describes."""
    kind = message.WhichOneof("learning_rate")
    if kind is None:
        cure = "add one of constant, exponential_decay, manual_step or cosine_decay_learning_rate"
        _refuse("learning_rate", "no learning rate is chosen", cure)
    config = getattr(message, kind)
    if kind == "constant_learning_rate":
        return constant(config.learning_rate)
    if kind == "exponential_decay_learning_rate":
        return exponential_decay(
            config.initial_learning_rate,
            decay_steps=config.decay_steps,
            decay_factor=config.decay_factor,
            burnin_rate=config.burnin_learning_rate,
            burnin_steps=config.burnin_steps,
            minimum=config.min_learning_rate,
            staircase=config.staircase,
        )
    if kind == "manual_step_learning_rate":
        rates = [config.initial_learning_rate, *(entry.learning_rate for entry in config.schedule)]
        return manual_steps([entry.step for entry in config.schedule], rates, warmup=config.warmup)
    return cosine_decay(
        config.learning_rate_base,
        total_steps=config.total_steps,
        warmup_rate=config.warmup_learning_rate,
        warmup_steps=config.warmup_steps,
        hold_steps=config.hold_base_rate_steps,
    )


def _refuse(where: str, what: str, cure: str) -> NoReturn:
    raise ConfigError(what, f"train_config.optimizer, {where}", cure)
