"""Remarks about records, made while the pipeline runs: each once, however many records it fits."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import tensorflow as tf

__all__ = ["Notice"]


class Notice:
    """One remark, printed to stderr with the first record that it fits.

    Python runs only for such records, so the others cost nothing but a comparison.

    Attributes:
        count: how many records it has fitted so far.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.count = 0

    def when(self, condition: Any, source_id: Any, value: Any) -> Any:
        """Passes the int32 tensor `value` on, and makes the remark if the scalar `condition` is true."""

        def note(source_id: Any) -> Any:
            self.count += 1
            if self.count == 1:
                # Eagerly it comes as an array without dimensions, from a graph as bytes.
                first = np.asarray(source_id).item().decode(errors="replace")
                print(f"warning: {self._text} (first in {first!r})", file=sys.stderr, flush=True)
            return np.int32(0)

        # `value` depends on what `note` returns, so that it is called although nothing else needs it.
        return tf.cond(
            condition,
            lambda: value + tf.numpy_function(note, [source_id], tf.int32, stateful=False),
            lambda: tf.identity(value),
        )
