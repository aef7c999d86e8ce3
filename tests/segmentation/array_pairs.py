"""A source of pairs that are arrays."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.sources import encode_png


class ArrayPairs:
    """`tfod.segmentation.sources.PairSource` of arrays; `reads` counts how often each pair was asked for."""

    def __init__(self, pairs: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> None:
        self._pairs = pairs
        self.names = [f"pair{number}" for number in range(len(pairs))]
        self.pixels = sum(mask.size for _, mask in pairs)
        self.reads: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._pairs)

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        self.reads[number] += 1
        return self._pairs[number]

    def encoded(self, number: int) -> tuple[bytes, NDArray[np.uint8]]:
        picture, mask = self.read(number)
        return encode_png(picture), mask


def plain_pairs(count: int, side: int = 8) -> ArrayPairs:
    """Pair n has n + 1 in every channel of its picture and n in its mask."""
    return ArrayPairs(
        [
            (np.full((side, side, 3), number + 1, np.uint8), np.full((side, side), number, np.uint8))
            for number in range(count)
        ]
    )


def coordinate_pair(height: int = 96, width: int = 96, block: int = 24) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture whose red is the row and whose green is the column, and a mask of blocks numbered row by row."""
    rows, columns = np.indices((height, width), np.uint8)
    picture = np.stack([rows, columns, np.zeros_like(rows)], axis=-1)
    return picture, (rows // block * (width // block) + columns // block).astype(np.uint8)
