"""Large pictures in tiles that overlap, whose predictions are blended smoothly."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tile", "blended", "tiles_of"]


class Tile(NamedTuple):
    """A part of a picture: its rows and columns, and those of its core, for which it answers; ends are outside."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    core_rows: tuple[int, int]
    core_columns: tuple[int, int]


def tiles_of(height: int, width: int, side: int, context: int) -> list[Tile]:
    """Tiles whose cores, squares of `side`, divide a picture, with `context` pixels more at each side that is inside.

    If `side` and `context` are multiples of what the network divides by, it halves a tile where it halves the picture.

    >>> [tile.columns for tile in tiles_of(64, 150, side=64, context=16)]
    [(0, 80), (48, 144), (112, 150)]
    """
    rows, columns = (_spans(length, side, context) for length in (height, width))
    return [Tile(row, column, core_row, core_column) for row, core_row in rows for column, core_column in columns]


def blended(
    tiles: Iterator[tuple[Tile, NDArray[np.float32]]], height: int, width: int, ramp: int
) -> NDArray[np.float32]:
    """The weighted mean, float32 `[H, W, C]`, of the tiles' predictions `[h, w, C]`.

    A tile counts fully in its core; outside of it its weight falls to 0 within `ramp` pixels, as half a cosine.
    """
    total: NDArray[np.float32] | None = None
    weights = np.zeros((height, width, 1), np.float32)
    for tile, values in tiles:
        if total is None:
            total = np.zeros((height, width, values.shape[-1]), np.float32)
        rows = _weights(tile.rows, tile.core_rows, ramp)
        columns = _weights(tile.columns, tile.core_columns, ramp)
        weight = (rows[:, np.newaxis] * columns)[..., np.newaxis]
        place = np.s_[slice(*tile.rows), slice(*tile.columns)]
        total[place] += weight * values
        weights[place] += weight
    assert total is not None
    return total / weights


def _spans(length: int, side: int, context: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    cores = [(start, min(start + side, length)) for start in range(0, length, side)]
    return [((max(start - context, 0), min(end + context, length)), (start, end)) for start, end in cores]


def _weights(span: tuple[int, int], core: tuple[int, int], ramp: int) -> NDArray[np.float32]:
    places = np.arange(*span) + 0.5
    outside = np.maximum(np.maximum(core[0] - places, places - core[1]), 0.0)
    return (0.5 + 0.5 * np.cos(np.pi * np.minimum(outside / max(ramp, 1), 1.0))).astype(np.float32)
