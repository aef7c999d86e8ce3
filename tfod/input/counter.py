"""Numbers that a pipeline counts while it runs, and that Python reads."""

from __future__ import annotations

import itertools
from typing import Any

import tensorflow as tf

__all__ = ["Counter"]

_numbers = itertools.count()


class Counter:
    """Sums, int64 `[size]`, to which the threads of a pipeline add.

    A bare resource: a tf.Variable made in the scope of a strategy would be mirrored, and no part of a pipeline.
    """

    def __init__(self, size: int) -> None:
        with tf.device("CPU:0"):
            name = f"pipeline_counter_{next(_numbers)}"
            self._sums = tf.raw_ops.VarHandleOp(dtype=tf.int64, shape=[size], shared_name=name)
            tf.raw_ops.AssignVariableOp(resource=self._sums, value=tf.zeros([size], tf.int64))

    def read(self) -> Any:
        """The sums, int64 `[size]`."""
        return tf.raw_ops.ReadVariableOp(resource=self._sums, dtype=tf.int64)

    def add(self, amounts: Any) -> Any:
        """Adds int64 `[size]`, all at once; returns the operation, or None where it has been done."""
        return tf.raw_ops.AssignAddVariableOp(resource=self._sums, value=amounts)
