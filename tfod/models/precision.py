"""In which precision a model computes."""

from collections.abc import Iterator
from contextlib import contextmanager

import tf_keras as keras

__all__ = ["mixed_precision"]


@contextmanager
def mixed_precision(enabled: bool = True) -> Iterator[None]:
    """Models that are built inside compute their features in bfloat16; variables and predictions are float32.

    bfloat16 has float32's range, so that losses need no scaling, and 8 instead of 24 bits of precision.
    """
    before = keras.mixed_precision.global_policy()
    if enabled:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
