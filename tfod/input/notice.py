"""Remarks about records, made while the pipeline runs: each once, however many records it fits."""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf

from tfod.input.counter import Counter

__all__ = ["Notice"]


class Notice:
    """One remark, printed to stderr with the first record that it fits.

    All of it happens in TensorFlow. A call of Python from a pipeline's thread would wait for the interpreter's
    lock, and a process that ends would hold that lock while it waits for the pipeline's threads.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._counter = Counter(1)
        self._one_at_a_time = tf.CriticalSection()

    def when(self, condition: Any, source_id: Any, value: Any) -> Any:
        """Passes the tensor `value` on, and makes the remark if the scalar `condition` is true."""

        def note() -> Any:
            before = self._one_at_a_time.execute(self._count)
            printed = tf.cond(before == 0, lambda: self._print(source_id), lambda: False)
            with tf.control_dependencies([printed]):
                return tf.identity(value)

        return tf.cond(condition, note, lambda: tf.identity(value))

    def _count(self) -> Any:
        before = self._counter.read()
        with tf.control_dependencies([before]):
            added = self._counter.add(tf.constant([1], tf.int64))
        with tf.control_dependencies([added]):
            return tf.identity(before[0])

    def _print(self, source_id: Any) -> Any:
        name = tf.strings.regex_replace(source_id, "[[:cntrl:]]", "?")  # which a terminal would obey
        tf.print(f"warning: {self._text} (first in ", name, ")", sep="", output_stream=sys.stderr)
        return True
