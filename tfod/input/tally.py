"""What the input of a training leaves out, counted over the first epoch and told once."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfod.config.rules.record_files import count_records
from tfod.input.counter import Counter
from tfod.records.frames import scan_frames
from tfod.stores import file_size, is_remote

__all__ = ["Tally", "left_out_text"]

# Of files with more bytes, or in a store, the records are not counted, which would take a second and more: their number
# is estimated from the first.
_MANY_BYTES, _LOOKED_AT = 1 << 28, 100
_REASONS = (
    "whose class the label map lacks, or is beyond num_classes",
    "with a side that is no finite number",
    "by the augmentation, of whose crops they are no part",
    "that remap_labels gave a class beyond num_classes",
    "beyond max_number_of_boxes",
)
_BY_CHANCE = 2  # the reason that belongs to a sound training


class Tally:
    """Counts objects while records are prepared: what was in them, and what was left out, by reason.

    It costs some microseconds a record.

    Args:
      paths: The files of records, of which an epoch consists.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._records = _num_records(paths)
        self._counter = Counter(2 + len(_REASONS))
        self._is_told = False

    def count(self, number: Any, objects: Any, left_out: Sequence[Any]) -> None:
        """Part of a pipeline's function: counts one record, if it is one of the first epoch.

        Args:
          number: Which record it is since the run began, int64 `[]`, from 0.
          objects: How many objects it holds, int32 `[]`.
          left_out: How many of them are left out for each reason, int32 `[]` each: their class is not known, a side
            is not finite, the augmentation took them away or gave them a class that is none, there are too many.
        """
        amounts = tf.cast(tf.stack([1, objects, *left_out]), tf.int64)
        self._counter.add(tf.cast(number < self._records, tf.int64) * amounts)

    def tell(self, *, at_end: bool = False) -> bool:
        """Prints what was left out once the first epoch is over, or `at_end` of the run; says whether it has done so.

        Prints nothing where nothing was left out.
        """
        if not self._is_told:
            records, objects, *left_out = (int(value) for value in self._counter.read().numpy())
            is_whole = records >= self._records
            if is_whole or at_end:
                self._is_told = True
                text = left_out_text(objects, left_out, "of the first epoch" if is_whole else "read so far")
                if text:
                    print(text, file=sys.stderr, flush=True)
        return self._is_told


def _num_records(paths: Sequence[str]) -> int:
    size = sum(map(file_size, paths))
    if size <= _MANY_BYTES and not any(map(is_remote, paths)):
        return count_records(paths)
    first = [
        frame.size for frame in itertools.islice(itertools.chain.from_iterable(map(scan_frames, paths)), _LOOKED_AT)
    ]
    return size * len(first) // max(sum(first), 1)


def left_out_text(objects: int, left_out: Sequence[int], which: str) -> str:
    """The remark about what was left out; "" where nothing was.

    >>> left_out_text(40, [0, 0, 3, 0, 0], "of the first epoch")
    'note: 3 of 40 objects of the first epoch were left out: 3 by the augmentation, of whose crops they are no part'
    """
    total = sum(left_out)
    reasons = ", ".join(f"{count} {reason}" for count, reason in zip(left_out, _REASONS, strict=True) if count)
    is_usual = total == left_out[_BY_CHANCE] and 2 * total <= objects
    severity = "note" if is_usual else "warning"
    return f"{severity}: {total} of {objects} objects {which} were left out: {reasons}" if total else ""
