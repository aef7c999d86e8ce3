"""Detections of overlapping windows put together: the parts of an object that seams cut become one.

Letters: `M` candidates of all windows, `N` detections of an image. Boxes are yxyx in pixels of the whole image.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.inference.detections import Detections

__all__ = ["Part", "merged"]

Numbers = NDArray[np.float64]

_TOLERANCE = 0.02  # of a window's side: so close to its border a box counts as cut by it
_SAME_EXTENT = 0.6  # of the extents of two parts along the seam, intersection over union
_SAME_BOX = 0.5  # intersection over union
_SAME_PART = 0.6  # intersection over the smaller area, where one of the two is cut


class Part(NamedTuple):
    """What was found in a window that begins at a row and a column of the whole image."""

    found: Detections
    top: int
    left: int


class _Candidates(NamedTuple):
    """`boxes` and `windows` `[M, 4]`; `scores` and `classes` `[M]`; `cut` `[M, 4]`, by which side of its window."""

    boxes: Numbers
    windows: Numbers
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    cut: NDArray[np.bool_]
    sources: list[tuple[Part, int]]


def merged(parts: Sequence[Part], height: int, width: int) -> Detections:
    """The detections of the whole image, each object once, best score first.

    Of an object that reaches over a seam, the parts in both windows become one box: they are of one class, each ends at
    the border of its window, they face each other and are equally long beside the seam. Then, in each class, boxes
    that overlap a surer one are left out. What a seam still cuts comes last, and is left out where most of it lies in
    another box.

    Args:
      parts: Of the windows, and of the whole image as one of them, from the corner 0, 0.
      height, width: Of the whole image, in pixels.
    """
    candidates = _candidates(parts, height, width)
    groups = _groups(candidates)
    boxes = np.array([_union(candidates.boxes[group]) for group in groups]).reshape(-1, 4)
    scores = np.array([candidates.scores[group].max() for group in groups], np.float32)
    classes = np.array([candidates.classes[group[0]] for group in groups], np.int64)
    # What was put together is no surer of its edges than what is cut.
    cut = np.array([len(group) > 1 or bool(candidates.cut[group].any()) for group in groups], bool)
    kept = _kept(boxes, scores, classes, cut)
    kept.sort(key=lambda row: -scores[row])
    chosen = [sorted(groups[row], key=lambda member: -candidates.scores[member]) for row in kept]
    members = [[candidates.sources[member] for member in group] for group in chosen]
    first = parts[0].found
    return Detections(
        (boxes[kept] / [height, width, height, width]).astype(np.float32),
        scores[kept],
        classes[kept],
        height,
        width,
        masks=None if first.masks is None else _masks(members, height, width),
        keypoints=None if first.keypoints is None else _keypoints(members, height, width),
        keypoint_scores=None if first.keypoint_scores is None else _keypoint_scores(members),
        class_names=first.class_names,
        keypoint_edges=first.keypoint_edges,
    )


def _candidates(parts: Sequence[Part], height: int, width: int) -> _Candidates:
    boxes, windows = [], []
    for found, top, left in parts:
        corner = np.array([top, left, top, left], np.float64)
        window = np.array([top, left, top + found.height, left + found.width], np.float64)
        boxes.append(np.clip(found.pixel_boxes + corner, window[[0, 1, 0, 1]], window[[2, 3, 2, 3]]))
        windows.append(np.broadcast_to(window, (len(found), 4)))
    all_boxes, all_windows = np.concatenate(boxes), np.concatenate(windows)
    tolerance = np.tile(_TOLERANCE * (all_windows[:, 2:] - all_windows[:, :2]), 2)
    # The border of the image cuts nothing.
    inside = np.abs(all_windows - [0, 0, height, width]) > 0
    return _Candidates(
        all_boxes,
        all_windows,
        np.concatenate([part.found.scores for part in parts]),
        np.concatenate([part.found.class_ids for part in parts]),
        inside & (np.abs(all_boxes - all_windows) <= tolerance),
        [(part, row) for part in parts for row in range(len(part.found))],
    )


def _groups(candidates: _Candidates) -> list[list[int]]:
    """Candidates that are parts of one object, as lists of rows."""
    group_of = np.arange(len(candidates.scores))
    for axis in (0, 1):
        for before, after in zip(*np.nonzero(_facing(candidates, axis)), strict=True):
            group_of[group_of == group_of[after]] = group_of[before]
    return [np.nonzero(group_of == group)[0].tolist() for group in np.unique(group_of)]


def _facing(candidates: _Candidates, axis: int) -> NDArray[np.bool_]:
    """Which pairs, bool `[M, M]`, are the upper (left) and the lower (right) part of an object; axis 0 is y, 1 is x."""
    boxes, windows, across = candidates.boxes, candidates.windows, 1 - axis
    tolerance = _TOLERANCE * (windows[:, 2 + axis] - windows[:, axis])
    # Both span all that the two windows have in common.
    reaches_up = boxes[:, np.newaxis, axis] <= windows[np.newaxis, :, axis] + tolerance
    reaches_down = boxes[np.newaxis, :, 2 + axis] >= windows[:, np.newaxis, 2 + axis] - tolerance
    starts, ends = boxes[:, across], boxes[:, 2 + across]
    common = np.minimum(ends[:, np.newaxis], ends) - np.maximum(starts[:, np.newaxis], starts)
    extent = np.maximum(ends[:, np.newaxis], ends) - np.minimum(starts[:, np.newaxis], starts)
    return (
        candidates.cut[:, np.newaxis, 2 + axis]
        & candidates.cut[np.newaxis, :, axis]
        & (candidates.classes[:, np.newaxis] == candidates.classes)
        & (windows[:, np.newaxis, axis] < windows[np.newaxis, :, axis])
        & (windows[:, np.newaxis, 2 + axis] >= windows[np.newaxis, :, axis])
        & reaches_up
        & reaches_down
        & (common >= _SAME_EXTENT * np.maximum(extent, 1e-9))
    )


def _union(boxes: Numbers) -> Numbers:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _kept(boxes: Numbers, scores: NDArray[np.float32], classes: NDArray[np.int64], cut: NDArray[np.bool_]) -> list[int]:
    """The rows that remain: in each class greedily, what is whole before what is cut, surer before less sure."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept: list[int] = []
    left = np.lexsort((-scores, cut))
    while len(left):
        row, left = int(left[0]), left[1:]
        kept.append(row)
        sides = np.minimum(boxes[row, 2:], boxes[left, 2:]) - np.maximum(boxes[row, :2], boxes[left, :2])
        common = np.prod(np.maximum(sides, 0), axis=1)
        unions = areas[row] + areas[left] - common
        smaller = np.minimum(areas[row], areas[left])
        is_same = common > np.where(cut[row] | cut[left], _SAME_PART * smaller, _SAME_BOX * unions)
        left = left[~(is_same & (classes[left] == classes[row]))]
    return kept


def _masks(members: Sequence[Sequence[tuple[Part, int]]], height: int, width: int) -> NDArray[np.bool_]:
    masks = np.zeros((len(members), height, width), bool)
    for mask, group in zip(masks, members, strict=True):
        for part, row in group:
            if part.found.masks is not None:
                rows, columns = part.found.masks[row].shape
                mask[part.top : part.top + rows, part.left : part.left + columns] |= part.found.masks[row]
    return masks


def _keypoints(members: Sequence[Sequence[tuple[Part, int]]], height: int, width: int) -> NDArray[np.float32]:
    """Of the surest part of each object."""
    points = []
    for (found, top, left), row in (group[0] for group in members):
        assert found.keypoints is not None
        points.append((found.keypoints[row] * [found.height, found.width] + [top, left]) / [height, width])
    return np.array(points, np.float32).reshape(len(members), -1, 2)


def _keypoint_scores(members: Sequence[Sequence[tuple[Part, int]]]) -> NDArray[np.float32]:
    scores = [part.found.keypoint_scores[row] for part, row in (group[0] for group in members)]  # type: ignore[index]
    return np.array(scores, np.float32).reshape(len(members), -1)
