"""What must be done before XLA compiles something."""

import functools
import os

import tensorflow as tf

__all__ = ["wake_compiler"]


@functools.cache
def wake_compiler() -> None:
    """Has XLA compile something trivial with stderr closed, to which it writes a message at its first compilation."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            with tf.init_scope():
                tf.function(tf.negative, autograph=False, jit_compile=True)(tf.constant(0.0))
        finally:
            os.dup2(kept, 2)
            os.close(kept)
