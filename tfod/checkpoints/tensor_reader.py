"""Reading the tensors of a checkpoint, whoever wrote it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from tfod.checkpoints.state import numbered_checkpoints
from tfod.errors import CheckpointError
from tfod.stores import is_file

__all__ = ["TensorReader", "damaged"]


class TensorReader:
    """The tensors of one checkpoint by their keys.

    Attributes:
      prefix: Its path without endings.
      shapes: Of all its tensors.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        try:
            self._reader = tf.train.load_checkpoint(prefix)
            self.shapes: Mapping[str, list[int]] = self._reader.get_variable_to_shape_map()
        except (tf.errors.OpError, ValueError) as error:
            raise damaged(error, prefix if is_file(prefix) else f"{prefix}.index", prefix) from error

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of the variable of a key."""
        return tuple(self.shapes[key])

    def value(self, key: str) -> NDArray[Any]:
        """The value of the variable of a key, of its shape `[...]` and dtype."""
        try:
            return self._reader.get_tensor(key)
        except (tf.errors.OpError, IndexError, ValueError) as error:  # the reader gives short files an IndexError
            raise damaged(error, f"{self.prefix}, {key}", self.prefix) from error

    def verify(self) -> int:
        """Reads every variable, so that its checksum is compared; returns how many there are.

        Raises:
          CheckpointError: a file is missing, cut short, or does not have the checksums that it should.
        """
        for key in self.shapes:
            self.value(key)
        return sum(dtype != tf.string for dtype in self._reader.get_variable_to_dtype_map().values())


# Of TensorFlow's messages, what tells the reasons apart; its reader gives all but short files one class of error.
_REASONS = {
    "hecksum": "does not have the checksums that it should: it is damaged",
    "Read less bytes": "is cut short",
    "No such file": "cannot be read: no such file or directory",
    "Failed to find any matching files": "cannot be read: no such file or directory",
    "an sstable": "cannot be read: it is no index, or is cut short",
    "bad block handle": "cannot be read: it is no index, or is cut short",
}


def damaged(error: Exception, where: str, prefix: str) -> CheckpointError:
    """The error for what TensorFlow says of a file at `where`, of the checkpoint `prefix`."""
    said = str(error)
    reason = next(
        (words for mark, words in _REASONS.items() if mark in said), f"cannot be read: {said.splitlines()[0]}"
    )
    others = [other for other in numbered_checkpoints(Path(prefix).parent) if other != str(Path(prefix))]
    another = f", or name another checkpoint: {others[0]}" if others else ""
    cure = f"copy it again, or fetch its archive again{another}"
    return CheckpointError(f"a file of the checkpoint {reason}", where, cure)
