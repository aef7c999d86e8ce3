"""Random numbers for the pictures of a batch, from a seed and no state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

__all__ = ["Draw"]


class Draw:
    """A new set of numbers with each call, the same for the same seed.

    Args:
      seed: int64 `[2]`.
      count: `B`, pictures of the batch.
    """

    def __init__(self, seed: Any, count: int) -> None:
        self._seed = tf.cast(seed, tf.int64)
        self._count = count
        self._calls = 0

    def uniform(self, low: float, high: float, shape: Sequence[int] = ()) -> Any:
        """float32 `[B, *shape]` in `[low, high)`."""
        return tf.random.stateless_uniform([self._count, *shape], self._next(), low, high)

    def normal(self, shape: Sequence[int]) -> Any:
        """float32 `[B, *shape]`, standard normal."""
        return tf.random.stateless_normal([self._count, *shape], self._next())

    def sign(self, wanted: bool) -> Any:
        """float32 `[B]`, 1 or, if wanted, as often -1."""
        return tf.where(self.uniform(-1.0, 1.0) < 0, -1.0, 1.0) if wanted else tf.ones([self._count])

    def _next(self) -> Any:
        # Batches differ in the low half of the second number, calls in the high one.
        self._calls += 1
        return self._seed + tf.constant([0, self._calls << 32], tf.int64)
