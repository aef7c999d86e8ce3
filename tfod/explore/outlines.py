"""Masks and keypoints of objects as a page draws them."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.masks import MOST_PIXELS, Mask, RunLengths, bitmap, extent

__all__ = ["drawn_shape", "outlines"]

_TOLERANCE = 0.002  # of the mask's longer side: so far a line may leave the border of the pixels
_MOST_RINGS = 100  # of one mask; a crowd may be of thousands of specks


def drawn_shape(item: AnnotatedObject) -> dict[str, Any]:
    """What is drawn of an object beside its box, as far as it has it.

    Returns:
      `mask`: outlines, each x, y, x, y, ...; `points`: x, y and visibility of each keypoint. All in pixels.
    """
    shape: dict[str, Any] = {}
    if item.mask and (lines := outlines(item.mask)):
        shape["mask"] = lines
    if item.keypoints:
        shape["points"] = [[round(point.x, 1), round(point.y, 1), point.visibility] for point in item.keypoints]
    return shape


def outlines(mask: Mask) -> list[list[float]]:
    """The outlines of a mask, in pixels, each x, y, x, y, ...; inside a hole's is no mask. None of one too large.

    >>> outlines(RunLengths(4, 4, (5, 2, 2, 2, 5)))
    [[1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 1.0]]
    """
    if not isinstance(mask, RunLengths):
        return [[round(side, 1) for side in polygon] for polygon in mask if np.isfinite(polygon).all()]
    found = extent(mask)
    if found is None or mask.height * mask.width > MOST_PIXELS:
        return []
    left, top, right, bottom = map(int, found)
    inside = bitmap(mask, mask.height, mask.width)[top:bottom, left:right].astype(np.uint8)
    # Twice as large, so that the lines are the borders of the pixels, not their middles.
    doubled = np.kron(inside, np.ones((2, 2), np.uint8))
    rings, _ = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    tolerance = max(1.0, 2 * _TOLERANCE * max(inside.shape))
    rings = sorted(rings, key=len, reverse=True)[:_MOST_RINGS]
    simple: Sequence[Any] = [cv2.approxPolyDP(ring, tolerance, closed=True)[:, 0] for ring in rings]
    corner = np.array([left, top])
    return [np.round(np.round((ring + 0.5) / 2) + corner, 1).ravel().tolist() for ring in simple if len(ring) > 2]
