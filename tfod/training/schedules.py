"""Learning rates over the steps of a run, each a function of the step before the update (the first is 0).

All arithmetic is float32 in the original's order, so that a run continued here gets the very rates it would
have had there.
"""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from tfod.config.faults.fault import refuse
from tfod.config.faults.learning_rate import cosine_decay_faults, exponential_decay_faults, manual_steps_faults
from tfod.errors import ConfigError

__all__ = ["Schedule", "constant", "cosine_decay", "exponential_decay", "manual_steps"]

Schedule = Callable[[tf.Tensor], tf.Tensor]
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
    where: str = "exponential_decay_learning_rate",
) -> Schedule:
    """`initial_rate * decay_factor ** ((step - burnin_steps) / decay_steps)`, never below `minimum`.

    With `staircase` the exponent is rounded down. For the first `burnin_steps` the rate is `burnin_rate`, or
    `initial_rate` where that is 0. `where` is where the settings stand, for ConfigError.

    >>> rate = exponential_decay(0.1, decay_steps=10, decay_factor=0.5)
    >>> [round(float(rate(step)), 3) for step in (0, 9, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """
    refuse(exponential_decay_faults(decay_steps=decay_steps), where)

    def rate(step: tf.Tensor) -> tf.Tensor:
        exponent = tf.cast(step - burnin_steps, tf.float32) / float(decay_steps)
        if staircase:
            exponent = tf.floor(exponent)
        decayed = initial_rate * tf.pow(tf.constant(decay_factor, tf.float32), exponent)
        return tf.maximum(tf.where(step < burnin_steps, burnin_rate or initial_rate, decayed), minimum)

    return rate


def manual_steps(
    boundaries: Sequence[int],
    rates: Sequence[float],
    *,
    warmup: bool = False,
    where: str = "manual_step_learning_rate",
) -> Schedule:
    """`rates[i]` from step `boundaries[i - 1]` on; there is one rate more than boundaries.

    With `warmup` the rate goes linearly from `rates[0]` at step 0 to `rates[1]` at `boundaries[0]`. `where` is where
    the settings stand, for ConfigError.

    >>> rate = manual_steps([5, 10], [0.1, 0.01, 0.001])
    >>> [round(float(rate(step)), 4) for step in (4, 5, 10)]
    [0.1, 0.01, 0.001]
    """
    refuse(manual_steps_faults(boundaries), where)
    if len(rates) != len(boundaries) + 1:
        what = f"{len(rates)} rates for {len(boundaries)} steps"
        raise ConfigError(what, where, "give one rate more than steps")
    rise = (rates[1] - rates[0]) / boundaries[0]

    def rate(step: tf.Tensor) -> tf.Tensor:
        passed = tf.reduce_sum(tf.cast(step >= tf.constant(boundaries, tf.int64), tf.int32))
        stepped = tf.gather(tf.constant(rates, tf.float32), passed)
        if not warmup:
            return stepped
        rising = tf.cast(rates[0] + rise * tf.cast(step, tf.float64), tf.float32)
        return tf.where(step < boundaries[0], rising, stepped)

    return lambda step: rate(tf.cast(step, tf.int64))


def cosine_decay(
    base_rate: float,
    *,
    total_steps: int,
    warmup_rate: float = 0.0,
    warmup_steps: int = 0,
    hold_steps: int = 0,
    where: str = "cosine_decay_learning_rate",
) -> Schedule:
    """Linear warm-up to `base_rate`, that rate for `hold_steps`, half a cosine down to 0 at `total_steps`, then 0.

    `where` is where the settings stand, for ConfigError.

    Cosine annealing: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.

    >>> rate = cosine_decay(0.2, total_steps=30, warmup_rate=0.1, warmup_steps=10)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 20, 30, 31)]
    [0.1, 0.15, 0.2, 0.1, 0.0, 0.0]
    """
    faults = cosine_decay_faults(
        base_rate=base_rate, total_steps=total_steps, warmup_rate=warmup_rate, warmup_steps=warmup_steps
    )
    refuse(faults, where)
    # Where no steps are left for the cosine its value is never used, but 0 / 0 must not spoil the others.
    decay_steps = float(total_steps - warmup_steps - hold_steps) or 1.0

    def rate(step: tf.Tensor) -> tf.Tensor:
        now = tf.cast(step, tf.float32)
        result = 0.5 * base_rate * (1 + tf.cos(math.pi * (now - warmup_steps - hold_steps) / decay_steps))
        if hold_steps:
            result = tf.where(step > warmup_steps + hold_steps, result, base_rate)
        if warmup_steps:
            rise = (base_rate - warmup_rate) / warmup_steps
            result = tf.where(step < warmup_steps, rise * now + warmup_rate, result)
        return tf.where(step > total_steps, 0.0, result)

    return rate
