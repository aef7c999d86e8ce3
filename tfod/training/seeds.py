"""The random numbers of a run."""

import tensorflow as tf
import tf_keras as keras

__all__ = ["set_seed"]


def set_seed(seed: int, *, deterministic: bool) -> None:
    """Seeds all random numbers from now on; `seed` is in [0, 2**31)."""
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
