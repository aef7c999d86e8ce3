"""Random numbers for the images of a batch, from a seed and no state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Draw", "RandomNumbers", "random_numbers"]

_UNIFORM, _NORMAL = 32, 64  # an image's numbers: more than any augmentation takes


class RandomNumbers(NamedTuple):
    """What a batch may need: float32 `[B, 32]`, evenly in [0, 1), and `[B, 64]`, standard normal."""

    uniform: Any
    normal: Any


def random_numbers(seed: Any, count: int) -> RandomNumbers:
    """Numbers for `count` images, the same for the same seed, int64 `[2]`.

    They are drawn all at once, and not where they are used: compiled code would draw others.
    """
    more = tf.constant([0, 1 << 32], tf.int64)  # batches differ in the lower half of the second number
    return RandomNumbers(
        tf.random.stateless_uniform([count, _UNIFORM], seed),
        tf.random.stateless_normal([count, _NORMAL], seed + more),
    )


class Draw:
    """Takes numbers one after the other."""

    def __init__(self, numbers: RandomNumbers) -> None:
        self._numbers = numbers
        self._taken = 0

    def uniform(self, low: float, high: float, shape: Sequence[int] = ()) -> Any:
        """float32 `[B, *shape]` in `[low, high)`."""
        start, self._taken = self._taken, self._taken + math.prod(shape)
        if self._taken > _UNIFORM:
            raise ValueError(f"a batch has {_UNIFORM} numbers an image")
        taken = self._numbers.uniform[:, start : self._taken]
        return low + (high - low) * tf.reshape(taken, [-1, *shape])

    def normal(self, shape: Sequence[int]) -> Any:
        """float32 `[B, *shape]`, standard normal; always the same ones."""
        return tf.reshape(self._numbers.normal[:, : math.prod(shape)], [-1, *shape])

    def sign(self, wanted: bool) -> Any:
        """float32 `[B]`, 1 or, if wanted, as often -1."""
        drawn = self.uniform(-1.0, 1.0)
        return tf.where(drawn < 0, -1.0, 1.0) if wanted else tf.ones_like(drawn)
