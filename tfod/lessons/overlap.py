"""How much two boxes overlap: IoU, and what came after it.

Boxes are float64 `[..., 4]`, corners in pixels: yxyx as everywhere here, or xyxy if both are. Those of two arguments
are broadcast, so that `[N, 1, 4]` and `[M, 4]` give a table `[N, M]`.

Two conventions: a box from 1 to 4 is 3 pixels wide where numbers are edges, as in this whole project and in COCO. It is
4 wide where they are the first and the last pixel, as in Pascal VOC's own tools. On small boxes it shows.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["diou", "giou", "intersection", "iou", "iou_counting_pixels", "union"]

Numbers = NDArray[np.float64]


def intersection(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    """The area that both boxes have in common: 0 where they do not touch."""
    boxes, others = np.asarray(boxes, np.float64), np.asarray(others, np.float64)
    low = np.maximum(boxes[..., :2], others[..., :2])  # the later beginning
    high = np.minimum(boxes[..., 2:], others[..., 2:])  # the earlier end
    return np.prod(np.maximum(high - low, 0), axis=-1)


def union(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    """The area that the boxes cover together: what they share is counted once."""
    return _area(boxes) + _area(others) - intersection(boxes, others)


def iou(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    """Intersection over union, in [0, 1]: 1 for equal boxes, 0 for boxes that do not touch.

    >>> round(float(iou([0, 0, 2, 2], [0, 1, 2, 3])), 4)  # they share 2 of 6
    0.3333
    """
    together = union(boxes, others)
    return intersection(boxes, others) / np.where(together > 0, together, 1)


def iou_counting_pixels(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    """The same where numbers are the first and the last pixel: every side is one longer.

    >>> box, other = [20, 20, 80, 60], [8, 22, 78, 66]
    >>> round(float(iou(box, other)), 4), round(float(iou_counting_pixels(box, other)), 4)
    (0.6728, 0.6778)
    """
    one_more = np.array([0, 0, 1, 1])
    return iou(np.asarray(boxes) + one_more, np.asarray(others) + one_more)


def giou(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    """Generalised IoU (https://arxiv.org/abs/1902.09630), in [-1, 1]: falls on as boxes move apart.

    It is the IoU less the share of the hull, the smallest box around both, that neither covers. So it tells a near miss
    from a far one, where IoU is 0 for both.

    >>> round(float(giou([0, 0, 1, 1], [0, 2, 1, 3])), 4)  # no overlap, a third of the hull is empty
    -0.3333
    """
    around = _area(_hull(boxes, others))
    return iou(boxes, others) - (around - union(boxes, others)) / np.where(around > 0, around, 1)


def diou(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    """Distance IoU (https://arxiv.org/abs/1911.08287), in [-1, 1]: the IoU less how far the centres are apart.

    The distance is squared, and divided by the squared diagonal of the hull.

    >>> float(diou([0, 0, 4, 3], [0, 0, 4, 3])), float(diou([0, 0, 2, 2], [0, 2, 2, 4]))  # centres 2 apart, of √20
    (1.0, -0.2)
    """
    hull = _hull(boxes, others)
    diagonal = ((hull[..., 2:] - hull[..., :2]) ** 2).sum(axis=-1)
    apart = ((_centre(boxes) - _centre(others)) ** 2).sum(axis=-1)
    return iou(boxes, others) - apart / np.where(diagonal > 0, diagonal, 1)


def _area(boxes: ArrayLike) -> Numbers:
    boxes = np.asarray(boxes, np.float64)
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)


def _centre(boxes: ArrayLike) -> Numbers:
    boxes = np.asarray(boxes, np.float64)
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def _hull(boxes: ArrayLike, others: ArrayLike) -> Numbers:
    boxes, others = np.asarray(boxes, np.float64), np.asarray(others, np.float64)
    low, high = np.minimum(boxes[..., :2], others[..., :2]), np.maximum(boxes[..., 2:], others[..., 2:])
    return np.concatenate([low, high], axis=-1)
