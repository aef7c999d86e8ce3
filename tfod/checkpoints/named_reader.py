"""Reading checkpoints of TensorFlow 1, which know variables by flat names alone."""

from tfod.checkpoints.object_reader import OBJECT_GRAPH, CheckpointReader
from tfod.checkpoints.tensor_reader import TensorReader

__all__ = ["NamedReader", "open_checkpoint"]

_AVERAGE = "ExponentialMovingAverage"
_STEP = "global_step"
_EXTRACTOR = "FeatureExtractor"


class NamedReader(TensorReader):
    """The variables of one checkpoint of TensorFlow 1: of a run, of its model zoo, or of TF-Slim's classifiers.

    Beside a model's variables there may be the slots of an optimizer, moving averages and the step. Nothing asks for
    the slots.

    Args:
      averaged: Whether variables are found as their moving averages, where they have one.
    """

    def __init__(self, prefix: str, *, averaged: bool = False) -> None:
        super().__init__(prefix)
        self._averaged = averaged

    def find(self, name: str) -> str | None:
        """The key under which the variable of a name is saved; None: it is not."""
        average = f"{name}/{_AVERAGE}"
        if self._averaged and average in self.shapes:
            return average
        return name if name in self.shapes else None

    def roots(self) -> list[str]:
        """The outermost scopes, as `FeatureExtractor`."""
        return sorted({name.split("/")[0] for name in self.shapes if "/" in name})

    def kind(self) -> str:
        """Of which type of fine-tuning checkpoints it is: `detection` or `classification`."""
        return "detection" if any(_EXTRACTOR in scope for scope in self.roots()) else "classification"

    def step(self) -> int | None:
        """The training step at which it was written; None where it does not say."""
        return int(self.value(_STEP)) if _STEP in self.shapes else None

    def averages(self) -> int:
        """How many variables have moving averages."""
        return sum(name.endswith(f"/{_AVERAGE}") for name in self.shapes)


def open_checkpoint(prefix: str, *, averaged: bool = False) -> CheckpointReader | NamedReader:
    """The reader for a checkpoint, whichever TensorFlow wrote it. Raises CheckpointError if it is damaged.

    `averaged`: whether that of TensorFlow 1 gives moving averages, where it has them.
    """
    is_named = OBJECT_GRAPH not in TensorReader(prefix).shapes
    return NamedReader(prefix, averaged=averaged) if is_named else CheckpointReader(prefix)
