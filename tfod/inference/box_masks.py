"""Masks of boxes, pasted where the boxes lie on the image.

Letters: `N` boxes, `h w` the size of a box's own mask, `H W` that of the image.
"""

import numpy as np
from numpy.typing import NDArray

from tfod.inference.sampling import mixed

__all__ = ["image_masks"]

_INSIDE = 0.5
_LEAST_SIDE = 1e-4  # of a box; the original's, so that none is divided by zero


def image_masks(
    masks: NDArray[np.float32] | NDArray[np.uint8] | NDArray[np.bool_],
    boxes: NDArray[np.float32],
    height: int,
    width: int,
) -> NDArray[np.bool_]:
    """Which pixels of the image belong to each object: bool `[N, H, W]`.

    The corners of a box's mask lie on the corners of the box; between its values they are mixed linearly, as the
    original's `reframe_box_masks_to_image_masks` does it, and what exceeds a half is inside.

    Args:
      masks: Of the boxes, float `[N, h, w]` in [0, 1]; or of the whole image already, bool or uint8 `[N, H, W]`.
      boxes: float32 `[N, 4]`, yxyx, normalised to [0, 1].
    """
    if masks.dtype.kind != "f":
        return masks.astype(bool)
    pasted = np.zeros((len(masks), height, width), bool)
    for mask, box, target in zip(masks, boxes, pasted, strict=True):
        rows, y = _samples(float(box[0]), float(box[2]), height, mask.shape[0])
        columns, x = _samples(float(box[1]), float(box[3]), width, mask.shape[1])
        target[rows, columns] = mixed(mixed(mask, y, axis=0), x, axis=1) > _INSIDE
    return pasted


def _samples(low: float, high: float, pixels: int, cells: int) -> tuple[slice, NDArray[np.float32]]:
    """Which rows (or columns) of the image lie in a box, and at which rows of its mask: float32 `[rows]`."""
    if not np.isfinite([low, high]).all():
        return slice(0, 0), np.zeros(0, np.float32)
    # The first and the last pixel are the image's edges.
    at = np.arange(pixels) / max(pixels - 1, 1)
    places = ((at - low) / max(high - low, _LEAST_SIDE) * (cells - 1)).astype(np.float32)
    inside = np.flatnonzero((places >= 0) & (places <= cells - 1))
    if not inside.size:
        return slice(0, 0), np.zeros(0, np.float32)
    rows = slice(int(inside[0]), int(inside[-1]) + 1)
    return rows, places[rows]
