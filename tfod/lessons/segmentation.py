"""Segmentation: three answers to what each pixel is, two measures of how good an answer is, and what a U-Net sees.

Masks are bool `[N, H, W]`, one for each object; those that come later lie in front.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["UNetLevel", "dice", "instance", "mask_iou", "panoptic", "semantic", "unet_levels"]

Masks = NDArray[np.bool_]
Numbers = NDArray[np.int64]


def semantic(masks: Masks, classes: Sequence[int]) -> Numbers:
    """The class of each pixel, `[H, W]`: 0 for background. Two objects of one class are one region.

    >>> masks = np.array([[[True, True, False, False]], [[False, True, True, False]]])
    >>> semantic(masks, [1, 1]).tolist()
    [[1, 1, 1, 0]]
    """
    result = np.zeros(masks.shape[1:], np.int64)
    for mask, class_id in zip(masks, classes, strict=True):
        result[mask] = class_id
    return result


def instance(masks: Masks) -> Numbers:
    """The object of each pixel, `[H, W]`: 1 for the first, 0 for none. What background is made of nobody asks.

    >>> instance(np.array([[[True, True, False, False]], [[False, True, True, False]]])).tolist()
    [[1, 2, 2, 0]]
    """
    return semantic(masks, range(1, len(masks) + 1))


def panoptic(masks: Masks, classes: Sequence[int]) -> Numbers:
    """The class and the object of each pixel, `[H, W, 2]`: every pixel has one answer, background too (0, 0).

    >>> panoptic(np.array([[[True, True, False]], [[False, True, False]]]), [3, 5]).tolist()
    [[[3, 1], [5, 2], [0, 0]]]
    """
    return np.stack([semantic(masks, classes), instance(masks)], axis=-1)


def mask_iou(mask: ArrayLike, other: ArrayLike) -> float:
    """The pixels that two masks share, over those that either has; 1 where both are empty.

    >>> mask_iou([True, True, True, False], [False, True, True, True])  # 2 of 4
    0.5
    """
    mask, other = np.asarray(mask, bool), np.asarray(other, bool)
    either = int((mask | other).sum())
    return int((mask & other).sum()) / either if either else 1.0


def dice(mask: ArrayLike, other: ArrayLike) -> float:
    """Twice the pixels that two masks share, over the pixels of both added up: 2 IoU / (1 + IoU).

    >>> round(dice([True, True, True, False], [False, True, True, True]), 4)  # 2 · 2 of 3 + 3
    0.6667
    """
    mask, other = np.asarray(mask, bool), np.asarray(other, bool)
    total = int(mask.sum()) + int(other.sum())
    return 2 * int((mask & other).sum()) / total if total else 1.0


class UNetLevel(NamedTuple):
    """A level of a U-Net: how large its features are, and how much of the image one of their cells sees.

    `cell` is how many pixels of the image lie between two cells. `seen_down` and `seen_up`, the receptive fields, are
    sides in pixels after the level's convolutions on the way down and on the way up; at the deepest they are the same.
    """

    side: int
    cell: int
    seen_down: int
    seen_up: int


def unet_levels(levels: int, side: int) -> list[UNetLevel]:
    """A U-Net as in the paper: two 3 x 3 convolutions a level, maximum pooling down, 2 x 2 up-convolutions up.

    A convolution sees one cell more on each side; a cell is twice as large on each level. So what is seen doubles with
    each level down, and hardly costs anything: that is what the way down is for. The way up brings back where it was.

    >>> [(level.side, level.seen_down, level.seen_up) for level in unet_levels(3, 64)]
    [(64, 5, 44), (32, 14, 40), (16, 32, 32)]

    Args:
      levels: How many, with that of the image's own resolution and the deepest.
      side: Of the image, in pixels.
    """
    two_convolutions, seen, down = 4, 1, []
    for level in range(levels):
        cell = 2**level
        if level:
            seen += cell // 2  # pooling takes a neighbour of the level above
        seen += two_convolutions * cell
        down.append(seen)
    up = [seen]
    for level in reversed(range(levels - 1)):
        seen += two_convolutions * 2**level
        up.insert(0, seen)
    return [UNetLevel(side // 2**level, 2**level, down[level], up[level]) for level in range(levels)]
