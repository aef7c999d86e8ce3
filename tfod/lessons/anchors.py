"""Anchors and the objects that they are to find: which anchor takes which object, as training has it.

A detector has thousands of anchors, boxes that lie on a grid, and predicts for each what object it is near and how to
move it there. What it has to say is decided before: an anchor that overlaps an object well takes it, one that overlaps
nothing is background, and one in between is ignored.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tfod.boxes.anchors import Anchors
from tfod.boxes.matching import BACKGROUND, ArgMaxMatcher
from tfod.boxes.similarity import Similarity
from tfod.lessons.overlap import iou

__all__ = ["Level", "ObjectMatches", "match_anchors", "matches_of_objects"]

Numbers = NDArray[np.float64]


class Level(NamedTuple):
    """The anchors of one feature map, row by row.

    `anchors` are float64 `[A, 4]`, yxyx in pixels of the network's input; `matches` int `[A]`, the row of the object,
    BACKGROUND or IGNORED; `overlaps` float64 `[N, A]`, the IoU of each object with each anchor.
    """

    rows: int
    columns: int
    anchors: Numbers
    matches: NDArray[np.int64]
    overlaps: Numbers

    @property
    def per_cell(self) -> int:
        """Anchors at one cell."""
        return len(self.anchors) // (self.rows * self.columns)

    def count(self, match: int) -> int:
        """How many anchors have taken an object (by its row), or are BACKGROUND or IGNORED."""
        return int((self.matches == match).sum())


class ObjectMatches(NamedTuple):
    """How many anchors of each level take an object, and the best overlap of any anchor with it."""

    of_levels: tuple[int, ...]
    best_overlap: float


def match_anchors(
    make_anchors: Anchors,
    grids: Sequence[tuple[int, int]],
    size: tuple[int, int],
    boxes: ArrayLike,
    similarity: Similarity,
    matcher: ArgMaxMatcher,
) -> list[Level]:
    """The anchors of every feature map, and what each has to find: the same that training takes.

    Args:
      make_anchors: The config's anchors.
      grids: Rows and columns of each feature map.
      size: Height and width of the network's input.
      boxes: Objects, `[N, 4]`, yxyx in pixels of the input.
      similarity, matcher: Those of the config.
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    unit = np.tile(size, 2) if make_anchors.normalize else np.ones(4)
    anchors = make_anchors(grids, *size)
    matches = np.full(len(anchors), BACKGROUND)
    if len(boxes):
        alike = similarity(tf.constant(boxes / unit, tf.float32), anchors)
        matches = matcher(alike, tf.fill([len(boxes)], True)).numpy()
    in_pixels = anchors.numpy().astype(np.float64) * unit
    levels, start = [], 0
    for (rows, columns), per_cell in zip(grids, make_anchors.anchors_per_cell, strict=True):
        own = slice(start, start + rows * columns * per_cell)
        overlaps = iou(boxes[:, np.newaxis], in_pixels[own])
        levels.append(Level(rows, columns, in_pixels[own], matches[own], overlaps))
        start = own.stop
    return levels


def matches_of_objects(levels: Sequence[Level]) -> list[ObjectMatches]:
    """For each object its matches over all levels; where no anchor takes it, training never sees it."""
    return [
        ObjectMatches(
            tuple(level.count(row) for level in levels),
            max(float(level.overlaps[row].max(initial=0.0)) for level in levels),
        )
        for row in range(len(levels[0].overlaps))
    ]
