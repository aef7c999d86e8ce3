"""How far anchors can overlap objects, by their sizes alone."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_overlaps", "centred_overlaps"]

Array = NDArray[np.float64]


def best_overlaps(sizes: Array, shapes: Array, *, most_pairs: int = 2_000_000) -> Array:
    """For each size the greatest overlap (IoU) with any of the shapes, were both boxes around one point.

    No anchor at a real place can overlap an object more than that. `sizes` `[N, 2]` and `shapes` `[A, 2]` are widths
    and heights in one unit; gives `[N]` in 0 to 1. Of `most_pairs` compared at once, each takes 8 bytes.

    >>> best_overlaps(np.array([[10.0, 20.0]]), np.array([[20.0, 20.0], [5.0, 5.0]]))
    array([0.5])
    """
    best = np.zeros(len(sizes))
    step = max(1, most_pairs // max(1, len(shapes)))
    for start in range(0, len(sizes), step):
        best[start : start + step] = centred_overlaps(sizes[start : start + step], shapes).max(axis=1)
    return best


def centred_overlaps(sizes: Array, shapes: Array) -> Array:
    """IoU of boxes around one point, `[N, A]` in 0 to 1; `sizes` `[N, 2]` and `shapes` `[A, 2]` in one unit."""
    width = np.minimum(sizes[:, None, 0], shapes[None, :, 0])
    height = np.minimum(sizes[:, None, 1], shapes[None, :, 1])
    inside = width * height
    return np.asarray(inside / (sizes.prod(axis=1)[:, None] + shapes.prod(axis=1)[None, :] - inside))
