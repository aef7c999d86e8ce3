"""What is drawn of an object beside its box: its mask, and its keypoints with the lines between them.

Letters: `N` objects, `K` keypoints an object, `H W` pixels.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.visualize.colours import Colour, class_colour
from tfod.visualize.style import DARK, MASK_OPACITY, Style

__all__ = ["Skeletons", "blend_mask", "draw_skeleton", "in_mask"]

Array = NDArray[Any]


class Skeletons(NamedTuple):
    """Keypoints of objects.

    Attributes:
      points: float `[N, K, 2]`, yx normalised to [0, 1]; NaN where there is none, and none is drawn.
      visible: `[N, K]`, true where a point can be seen; the others are drawn as rings. All can be without it.
      edges: Pairs of numbers of keypoints, from 0, between which there is a line.
    """

    points: Array
    visible: Array | None = None
    edges: Sequence[tuple[int, int]] = ()


def in_mask(mask: Array, height: int, width: int) -> NDArray[np.bool_]:
    """Which pixels of an image belong to an object: bool `[height, width]`.

    Args:
      mask: `[h, w]` of the whole image at any size: bool or whole numbers, 0 outside; or floats, 0.5 and less outside.
    """
    inside = mask > 0.5 if mask.dtype.kind == "f" else mask.astype(bool)
    if inside.shape == (height, width):
        return inside
    rows, columns = (np.arange(new) * old // new for new, old in zip((height, width), inside.shape, strict=True))
    return inside[np.ix_(rows, columns)]


def blend_mask(image: NDArray[np.uint8], inside: NDArray[np.bool_], colour: Colour, line: int) -> None:
    """Tints an object and draws its outline.

    Args:
      image: uint8 `[H, W, 3]`; modified.
      inside: bool `[H, W]`.
      colour: RGB.
      line: Width of the outline, in pixels.
    """
    left, top, width, height = cv2.boundingRect(inside.astype(np.uint8))
    part, shown = image[top : top + height, left : left + width], inside[top : top + height, left : left + width]
    if not shown.size:
        return
    whole = shown.astype(np.uint8)
    kernel = np.ones((2 * line + 1, 2 * line + 1), np.uint8)
    outline = whole - cv2.erode(whole, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    tinted = (1 - MASK_OPACITY) * part[shown] + MASK_OPACITY * np.asarray(colour)
    part[shown] = np.rint(tinted).astype(np.uint8)
    part[outline > 0] = colour


def draw_skeleton(
    canvas: Any,
    points: Array,
    visible: Array,
    edges: Sequence[tuple[int, int]],
    colour: Colour,
    style: Style,
) -> None:
    """Draws the lines in the object's colour, and each keypoint in one of its own.

    Args:
      canvas: Of Pillow; modified.
      points: float `[K, 2]`, xy in pixels, NaN where there is none.
      visible: bool `[K]`.
      edges: Pairs of numbers of keypoints; a line to a number that there is not is left out.
      colour: RGB.
      style: Sizes.
    """
    there = np.isfinite(points).all(axis=1)
    for start, end in edges:
        if min(start, end) >= 0 and max(start, end) < len(points) and there[start] and there[end]:
            ends = [tuple(points[start]), tuple(points[end])]
            canvas.line(ends, fill=DARK, width=style.edge + 2 * style.rim)
            canvas.line(ends, fill=colour, width=style.edge)
    for number in np.flatnonzero(there):
        own = class_colour(int(number) + 1)
        if visible[number]:
            _draw_circle(canvas, points[number], style.radius, fill=own, outline=DARK, width=style.rim)
        else:
            _draw_circle(canvas, points[number], style.radius, outline=own, width=style.line)


def _draw_circle(canvas: Any, place: Array, radius: int, **look: Any) -> None:
    x, y = place
    canvas.ellipse((x - radius, y - radius, x + radius, y + radius), **look)
