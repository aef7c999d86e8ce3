"""How far an exported model is from the one it was made of."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.export import Run
from tfod.terminal import print_table

__all__ = ["Parity", "compare", "print_parity"]

# The share of pixels that must keep their class, by the precision of a format.
_LEAST_AGREEMENT = {"tflite_float16": 0.995, "tflite_int8": 0.9}
_EXACT = 0.999


@dataclass(frozen=True)
class Parity:
    """One format beside the model in float32.

    Attributes:
      kind: The format.
      megabytes: Of its file or folder.
      milliseconds: The median time of a picture.
      largest: The largest difference of a probability.
      mean: The mean difference.
      agreement: The share of pixels with the same class.
      enough: Whether that is as much as the format's precision allows.
    """

    kind: str
    megabytes: float
    milliseconds: float
    largest: float
    mean: float
    agreement: float
    enough: bool


def compare(
    kind: str, path: Path, run: Run, pictures: Sequence[NDArray[np.uint8]], expected: Sequence[NDArray[np.float32]]
) -> Parity:
    """Runs `pictures`, uint8 `[h, w, 3]`, and compares with the probabilities expected, float32 `[h, w, C]`."""
    run(pictures[0][np.newaxis])  # the first one waits for what is prepared once
    seconds, differences, same = [], [], []
    for picture, probabilities in zip(pictures, expected, strict=True):
        began = time.perf_counter()
        found = run(picture[np.newaxis])[0]
        seconds.append(time.perf_counter() - began)
        differences.append(np.abs(found - probabilities))
        same.append(np.argmax(found, axis=-1) == np.argmax(probabilities, axis=-1))
    agreement = float(np.mean(same))
    return Parity(
        kind=kind,
        megabytes=_bytes(path) / 1e6,
        milliseconds=1000 * float(np.median(seconds)),
        largest=float(np.max(differences)),
        mean=float(np.mean(differences)),
        agreement=agreement,
        enough=agreement >= _LEAST_AGREEMENT.get(kind, _EXACT),
    )


def print_parity(rows: Sequence[Parity], pictures: int) -> None:
    """Prints the table."""
    headings = ("format", "MB", "ms", "largest |Δp|", "mean |Δp|", "same class", "")
    cells = [
        [row.kind, f"{row.megabytes:.2f}", f"{row.milliseconds:.1f}", f"{row.largest:.1e}", f"{row.mean:.1e}",
         f"{row.agreement:.3%}", "ok" if row.enough else "TOO FAR"]
        for row in rows
    ]  # fmt: skip
    print_table(f"beside the model in float32, on {pictures} pictures", headings, cells, texts=("format",))


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)
