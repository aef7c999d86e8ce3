"""How far an exported U-Net is from the one it was made of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tfod.export.parity import Parity
from tfod.export.run import Measured

__all__ = ["HEADINGS", "compare"]

HEADINGS = {"largest |Δp|": "{largest:.1e}", "mean |Δp|": "{mean:.1e}", "same class": "{agreement:.3%}"}
"""Differences of probabilities, and the share of pixels with the same class."""

# The share of pixels that must keep their class, by the precision of a format.
_LEAST_AGREEMENT = {"tflite_float16": 0.995, "tflite_int8": 0.9}
_EXACT = 0.999


def compare(kind: str, found: Measured, expected: Sequence[NDArray[np.float32]]) -> Parity:
    """Compares what a format gave with the probabilities expected, float32 `[h, w, C]` of each picture."""
    differences, same = [], []
    for outputs, probabilities in zip(found.outputs, expected, strict=True):
        given = _probabilities(outputs)
        differences.append(np.abs(given - probabilities))
        same.append(np.argmax(given, axis=-1) == np.argmax(probabilities, axis=-1))
    agreement = float(np.mean(same))
    numbers = {"largest": float(np.max(differences)), "mean": float(np.mean(differences)), "agreement": agreement}
    return Parity(kind, found.cost, numbers, agreement >= _LEAST_AGREEMENT.get(kind, _EXACT))


def _probabilities(outputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Of one picture, `[h, w, C]`; the only output of most formats, under whatever name."""
    return outputs.get("probabilities", next(iter(outputs.values())))[0]
