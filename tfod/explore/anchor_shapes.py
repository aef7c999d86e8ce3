"""How well anchors fit objects, and the shapes that k-means finds in the objects themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfod.doctor.anchor_overlaps import best_overlaps, centred_overlaps

__all__ = ["Fit", "cluster_sizes", "fit_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """How a set of shapes fits objects: the mean of each object's best overlap, and the share of at least 0.5."""

    mean_overlap: float
    matched: float


def fit_of(sizes: Array, shapes: Array) -> Fit:
    """How `shapes` fit `sizes`, as in `best_overlaps`; there is at least one size."""
    best = best_overlaps(sizes, shapes)
    return Fit(float(best.mean()), float((best >= 0.5).mean()))


def cluster_sizes(sizes: Array, count: int, seed: int = 0, restarts: int = 5) -> Array:
    """`count` shapes that fit `sizes` well: k-means whose distance is 1 - IoU (YOLO9000, section 2,
    https://arxiv.org/abs/1612.08242), begun as k-means++ and the best of several tries.

    `sizes` is `[N, 2]`, widths and heights above 0. Gives `[K, 2]` sorted by area; K is less than `count` where there
    are fewer different sizes.

    >>> cluster_sizes(np.array([[10.0, 10], [12, 10], [80, 40]]), 2)
    array([[11., 10.],
           [80., 40.]])
    """
    count = min(count, len(np.unique(sizes, axis=0)))
    rng = np.random.default_rng(seed)
    tries = [_settle(sizes, _spread(sizes, count, rng)) for _ in range(restarts)]
    best = max(tries, key=lambda shapes: fit_of(sizes, shapes).mean_overlap)
    return best[np.argsort(best.prod(axis=1))]


def _spread(sizes: Array, count: int, rng: np.random.Generator) -> Array:
    """The first shapes: sizes drawn one after the other, those far from the ones before more probably."""
    chosen = [sizes[rng.integers(len(sizes))]]
    for _ in range(count - 1):
        far = (1 - best_overlaps(sizes, np.array(chosen))) ** 2
        chosen.append(sizes[rng.choice(len(sizes), p=far / far.sum())])
    return np.array(chosen)


def _settle(sizes: Array, shapes: Array, most_rounds: int = 100) -> Array:
    """Each shape becomes the mean of the sizes nearest to it, until none changes its shape."""
    nearest = np.full(len(sizes), -1)
    for _ in range(most_rounds):
        before, nearest = nearest, centred_overlaps(sizes, shapes).argmax(axis=1)
        if np.array_equal(before, nearest):
            break
        for number in np.unique(nearest):
            shapes[number] = sizes[nearest == number].mean(axis=0)
    return shapes
