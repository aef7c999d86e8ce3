"""Large pictures in overlapping tiles, whose predictions are blended smoothly."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tile", "blended", "tiles_of"]

# The outermost part of an overlap sees least of what is around it, and counts for nothing.
_IGNORED_SHARE = 0.5


class Tile(NamedTuple):
    """A square of a picture, in pixels: `side` rows and columns from `top` and `left`; it may reach beyond the end."""

    top: int
    left: int
    side: int


def tiles_of(height: int, width: int, side: int, overlap: int, multiple: int) -> list[Tile]:
    """Squares that cover a picture and overlap by `overlap` or more; they begin at multiples of `multiple`.

    So the network halves a tile where it would halve the picture. `side` and `overlap` are such multiples.

    >>> [tile.left for tile in tiles_of(64, 150, side=64, overlap=16, multiple=16)]
    [0, 48, 96]
    """
    tops, lefts = (_starts(length, side, overlap, multiple) for length in (height, width))
    return [Tile(top, left, side) for top in tops for left in lefts]


def blended(
    tiles: Iterator[tuple[Tile, NDArray[np.float32]]], height: int, width: int, overlap: int
) -> NDArray[np.float32]:
    """The weighted mean, float32 `[H, W, C]`, of the tiles' predictions `[side, side, C]`.

    Where tiles overlap, the weight of each rises from 0 to 1 as half a cosine, and is 0 in its outermost pixels; at the
    edge of the picture nothing is beyond, and the weight is 1.
    """
    total: NDArray[np.float32] | None = None
    weights = np.zeros((height, width, 1), np.float32)
    for tile, values in tiles:
        if total is None:
            total = np.zeros((height, width, values.shape[-1]), np.float32)
        rows = _weights(tile.top, tile.side, height, overlap)
        columns = _weights(tile.left, tile.side, width, overlap)
        weight = (rows[:, np.newaxis] * columns)[..., np.newaxis]
        place = np.s_[tile.top : tile.top + tile.side, tile.left : tile.left + tile.side]
        total[place] += weight * values[: len(rows), : len(columns)]
        weights[place] += weight
    assert total is not None
    return total / weights


def _starts(length: int, side: int, overlap: int, multiple: int) -> list[int]:
    if length <= side:
        return [0]
    last = -(-(length - side) // multiple) * multiple
    return [*range(0, last, side - overlap), last]


def _weights(start: int, side: int, length: int, overlap: int) -> NDArray[np.float32]:
    """Weights of a tile's pixels along one axis, as many of them as lie in the picture."""
    inside = min(side, length - start)
    ignored = overlap * _IGNORED_SHARE / 2
    # Distances of the pixels' centres from the tile's edge, as shares of the ramp; a trace of weight is left, since
    # a last tile that begins later may leave nobody else for a pixel.
    ramp = np.clip((np.arange(side) + 0.5 - ignored) / max(overlap - 2 * ignored, 1.0), 0.0, 1.0)
    rising = np.maximum(0.5 - 0.5 * np.cos(np.pi * ramp), 1e-6)
    weights = np.ones(inside)
    if start > 0:
        weights *= rising[:inside]
    if start + side < length:
        weights *= rising[::-1][:inside]
    return weights.astype(np.float32)
