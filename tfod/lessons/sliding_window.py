"""A window that moves over an image: how objects were found before there were detectors.

A classifier says what is on an image, not where. So it is asked about every part of the image: that finds things,
at the price of one question a window, and of windows of every size and shape.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scored", "count_windows", "heat_map", "score_windows", "sliding_window"]

Image = NDArray[np.uint8]
Scored = tuple[int, int, float]
"""Left, top and score of a window."""


def sliding_window(image: Image, step: int, window: tuple[int, int]) -> Iterator[tuple[int, int, Image]]:
    """The windows of an image, row by row from the top left, each wholly inside.

    >>> image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    >>> [(x, y, crop.tolist()) for x, y, crop in sliding_window(image, step=2, window=(2, 1))]
    [(0, 0, [[0, 1]]), (2, 0, [[2, 3]]), (0, 2, [[8, 9]]), (2, 2, [[10, 11]])]

    Args:
      image: uint8 `[H, W, ...]`.
      step: Pixels from one window to the next, across and down.
      window: Width and height in pixels.

    Yields:
      Left and top in pixels, and what is in the window, uint8 `[height, width, ...]`, a view of the image.
    """
    height, width = image.shape[:2]
    for y in range(0, height - window[1] + 1, step):
        for x in range(0, width - window[0] + 1, step):
            yield x, y, image[y : y + window[1], x : x + window[0]]


def count_windows(width: int, height: int, step: int, window: tuple[int, int]) -> int:
    """How many windows `sliding_window` yields.

    >>> count_windows(1000, 1000, step=200, window=(200, 200)), count_windows(1000, 1000, step=10, window=(200, 200))
    (25, 6561)
    """
    across, down = (max(0, (side - own) // step + 1) for side, own in ((width, window[0]), (height, window[1])))
    return across * down


def score_windows(
    image: Image, step: int, window: tuple[int, int], score: Callable[[Image], float]
) -> Iterator[Scored]:
    """Asks about every window: where it is, and what `score` says of what is in it."""
    for x, y, crop in sliding_window(image, step, window):
        yield x, y, score(crop)


def heat_map(height: int, width: int, window: tuple[int, int], scored: Iterable[Scored]) -> NDArray[np.float64]:
    """The mean score of the windows over each pixel, `[H, W]`; 0 where there is none.

    >>> heat_map(1, 4, (2, 1), [(0, 0, 1.0), (1, 0, 0.5), (2, 0, 0.0)])
    array([[1.  , 0.75, 0.25, 0.  ]])
    """
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for x, y, score in scored:
        total[y : y + window[1], x : x + window[0]] += score
        count[y : y + window[1], x : x + window[0]] += 1
    return total / np.maximum(count, 1)
