"""Which part of which picture a batch shows: a function of the seed and the batch's number alone.

A run that goes on at batch 1000 therefore sees what it would have seen, and nothing before has to be read again.

Letters: `B` pictures of a batch, `h w` size of a crop, `H W` of its window.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.classes import VOID
from tfod.segmentation.sources import PairSource

__all__ = ["WindowCutter"]

Change = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]

_MOST_LOOKED_AT = 1 << 16  # pixels of a mask among which one of a class is looked for first


class WindowCutter:
    """Cuts the windows of batches out of a source.

    A window is the crop with `margin` pixels more at each side, which rotating and scaling may draw from. Crops lie
    inside the picture, at random, if it is large enough; else its middle is theirs. Outside of the picture is its
    mirror image, and the mask is void.

    With the probability `balance` a crop is laid about a random pixel of a class that is drawn from those in the
    picture,
    each with the same chance: so that rare classes are seen often.

    Args:
      source: Pairs to cut from; each comes once an epoch, in an order new for each.
      crop_size: `h` and `w`.
      margin: Pixels around the crop.
      batch_size: `B`.
      balance: In [0, 1].
      seed: Decides everything.
      change: Is given each window's picture and mask, and a seed, and gives them back changed.
    """

    def __init__(
        self,
        source: PairSource,
        crop_size: tuple[int, int],
        margin: int,
        batch_size: int,
        balance: float,
        seed: int,
        change: Change | None = None,
    ) -> None:
        self._source = source
        self._crop = crop_size
        self._margin = margin
        self._batch_size = batch_size
        self._balance = balance
        self._seed = seed
        self._change = change
        self.shape = (batch_size, crop_size[0] + 2 * margin, crop_size[1] + 2 * margin, 4)

    def __call__(self, number: int) -> NDArray[np.uint8]:
        """Batch `number`: uint8 `[B, H, W, 4]`, red, green, blue and class id."""
        random = np.random.default_rng((self._seed, int(number)))
        batch = np.empty(self.shape, np.uint8)
        for row, window in enumerate(batch):
            epoch, place = divmod(int(number) * self._batch_size + row, len(self._source))
            picture, mask = self._source.read(int(_order(self._seed, epoch, len(self._source))[place]))
            _paste(window, picture, mask, self._corner(mask, random), self._margin)
            if self._change is not None:
                seed = int(random.integers(1 << 31))
                window[..., :3], window[..., 3] = self._change(window[..., :3], window[..., 3], seed)
        return batch

    def _corner(self, mask: NDArray[np.uint8], random: np.random.Generator) -> tuple[int, int]:
        """The top and the left of the crop in the picture."""
        free = np.array(mask.shape) - self._crop
        point = _pixel_of_some_class(mask, random) if (free > 0).any() and random.random() < self._balance else None
        if point is None:
            corner = random.integers(0, np.maximum(free, 0) + 1)
        else:
            corner = np.clip(np.array(point) - random.integers(0, self._crop), 0, np.maximum(free, 0))
        top, left = np.where(free < 0, free // 2, corner)
        return int(top), int(left)


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> NDArray[Any]:
    return np.random.default_rng((seed, epoch, count)).permutation(count)


def _pixel_of_some_class(mask: NDArray[np.uint8], random: np.random.Generator) -> tuple[int, int] | None:
    """Row and column of a random pixel of a random class in the mask; None where all is void."""
    stride = max(1, int(np.sqrt(mask.size / _MOST_LOOKED_AT)))
    first = random.integers(0, stride, size=2)
    seen = mask[first[0] :: stride, first[1] :: stride]
    classes = np.flatnonzero(np.bincount(seen.ravel(), minlength=VOID + 1)[:VOID])
    if not len(classes):
        return None
    places = np.flatnonzero(seen.ravel() == random.choice(classes))
    row, column = divmod(int(random.choice(places)), seen.shape[1])
    return int(first[0]) + row * stride, int(first[1]) + column * stride


def _paste(
    window: NDArray[np.uint8], picture: NDArray[np.uint8], mask: NDArray[np.uint8], corner: tuple[int, int], margin: int
) -> None:
    """Fills the window: the mask where it lies in the picture, and the picture mirrored at its edges beyond."""
    (top, left), (height, width) = (corner[0] - margin, corner[1] - margin), window.shape[:2]
    rows, columns = np.arange(top, top + height), np.arange(left, left + width)
    seen_rows, seen_columns = _mirrored(rows, mask.shape[0]), _mirrored(columns, mask.shape[1])
    window[..., :3] = picture[seen_rows][:, seen_columns]
    window[..., 3] = mask[seen_rows][:, seen_columns]
    window[rows != seen_rows, :, 3] = VOID
    window[:, columns != seen_columns, 3] = VOID


def _mirrored(places: NDArray[Any], size: int) -> NDArray[Any]:
    """Places of a row of `size` pixels, continued by its mirror image.

    >>> _mirrored(np.arange(-2, 6), 3)
    array([2, 1, 0, 1, 2, 1, 0, 1])
    """
    period = max(2 * (size - 1), 1)
    return (size - 1) - np.abs((size - 1) - places % period)
