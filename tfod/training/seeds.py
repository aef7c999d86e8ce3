"""The random numbers of a run."""

import tensorflow as tf
import tf_keras as keras

__all__ = ["set_seed"]


def set_seed(seed: int, start: int, deterministic: bool) -> None:
    """Seeds all random numbers of a run that begins at step `start`; `seed` is in [0, 2**31)."""
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    # A resumed run that has not to repeat anything must not show the pictures in the same order again.
    keras.utils.set_random_seed(seed if deterministic else (seed + start) % 2**31)
