"""A detector on large images: in overlapping windows, so that small objects keep their pixels, and on the whole."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tfod.inference.detections import Detections
from tfod.inference.seams import Part, merged

__all__ = ["TiledDetector", "window_starts"]

_AT_ONCE = 8


class TiledDetector:
    """Finds small objects in windows, large ones on the whole image, and each once.

    Args:
      detect: From images, uint8 `[H, W, 3]` each, to what is on each.
      tile_size: The side of the windows, in pixels; an image that is no larger is not divided.
      overlap: The least share of a window that the next one sees too, in [0, 1): an object smaller than that is whole
        in one of them.
      min_score: What scores less is left out before the parts of objects are put together.
    """

    def __init__(
        self,
        detect: Callable[[Sequence[NDArray[np.uint8]]], Sequence[Detections]],
        tile_size: int,
        *,
        overlap: float = 0.2,
        min_score: float = 0.0,
    ) -> None:
        self._detect = detect
        self._side = tile_size
        self._overlap = overlap
        self._min_score = min_score

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """What is on an image, uint8 `[H, W, 3]`, RGB."""
        height, width = image.shape[:2]
        rows, columns = (window_starts(length, self._side, self._overlap) for length in (height, width))
        if len(rows) == len(columns) == 1:
            return self._detect([image])[0]
        places = [(top, left) for top in rows for left in columns]
        images = [image, *(image[top : top + self._side, left : left + self._side] for top, left in places)]
        # A few at a time: all windows of a large image are several times its size.
        chunks = (images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE))
        found = [one.best(len(one), self._min_score) for chunk in chunks for one in self._detect(chunk)]
        return merged([Part(one, *place) for one, place in zip(found, [(0, 0), *places], strict=True)], height, width)


def window_starts(length: int, side: int, overlap: float) -> list[int]:
    """Where windows begin that cover a length: all of one size, as evenly as pixels allow.

    >>> window_starts(1000, side=400, overlap=0.2)
    [0, 300, 600]
    """
    if length <= side:
        return [0]
    step = max(side * (1 - overlap), 1.0)
    count = int(np.ceil((length - side) / step)) + 1
    return [int(start) for start in np.linspace(0, length - side, count)]
