"""Non-max suppression, one kept box after the other: what is kept, what falls, and why.

A detector finds every object many times, by boxes that lie almost on each other. Suppression keeps the best of them,
and lowers the scores of those that overlap it: to nothing (greedy), or the more they overlap it (soft,
https://arxiv.org/abs/1704.04503).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfod.lessons.overlap import iou

__all__ = ["Step", "Weight", "gaussian", "greedy", "linear", "suppression_steps"]

Numbers = NDArray[np.float64]
Weight = Callable[[Numbers], Numbers]
"""From overlaps `[A]` to the shares of their scores that are left, `[A]` in 0 to 1."""


class Step(NamedTuple):
    """One box is kept: its row and score, its overlap with each box, the scores that are left, the rows that fall.

    `overlaps` and `scores` are float64 `[A]`; boxes of a class that is not concerned have overlap 0.
    """

    kept: int
    score: float
    overlaps: Numbers
    scores: Numbers
    fallen: tuple[int, ...]


def suppression_steps(
    boxes: ArrayLike,
    scores: ArrayLike,
    weight: Weight,
    *,
    classes: ArrayLike | None = None,
    score_threshold: float = 0.0,
    kept: Iterable[int] | None = None,
) -> Iterator[Step]:
    """Keeps the best box that is left, lowers the scores of those that overlap it, and again until none is left.

    >>> boxes = [[0, 0, 10, 10], [0, 1, 10, 11], [0, 20, 10, 30]]
    >>> [(step.kept, step.fallen) for step in suppression_steps(boxes, [0.9, 0.8, 0.7], greedy(0.5))]
    [(0, (1,)), (2, ())]

    Args:
      boxes: float64 `[A, 4]`, yxyx in pixels.
      scores: float64 `[A]`.
      weight: What is left of a score at an overlap: `greedy`, `linear` or `gaussian`.
      classes: `[A]`; boxes of other classes do not concern each other. None: all do.
      score_threshold: A box that scores no more falls.
      kept: The rows to keep, in order, where a detector's own suppression has said them; else the best that is left.
    """
    boxes, left = np.asarray(boxes, np.float64), np.array(scores, np.float64)
    waiting = left > score_threshold
    given = None if kept is None else iter(kept)
    while waiting.any():
        best = int(np.where(waiting, left, -1).argmax()) if given is None else next(given, None)
        if best is None:
            return
        waiting[best] = False
        overlaps = iou(boxes[best], boxes)
        if classes is not None:
            overlaps = np.where(np.asarray(classes) == np.asarray(classes)[best], overlaps, 0.0)
        left = np.where(waiting, left * weight(overlaps), left)
        falls = waiting & (left <= score_threshold)
        waiting &= ~falls
        yield Step(best, float(left[best]), overlaps, left, tuple(np.flatnonzero(falls).tolist()))


def greedy(iou_threshold: float) -> Weight:
    """What overlaps more than the threshold falls."""
    return lambda overlaps: np.where(overlaps > iou_threshold, 0.0, 1.0)


def linear(iou_threshold: float) -> Weight:
    """What overlaps more than the threshold keeps the share of its score that lies outside."""
    return lambda overlaps: np.where(overlaps > iou_threshold, 1.0 - overlaps, 1.0)


def gaussian(sigma: float) -> Weight:
    """Every overlap lowers the score, a small one hardly: by exp(-IoU² / 2 sigma)."""
    return lambda overlaps: np.exp(-(overlaps**2) / (2 * sigma))
