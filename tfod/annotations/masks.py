"""Masks of objects: polygons, or run lengths as COCO has them.

Run lengths count pixels column after column, from the top left one down: first those outside the object, then those
inside, and so on. A picture of 2 x 2 pixels of which only the lower left one belongs to the object is (1, 1, 2).
COCO also writes them as text, five bits a character, each count from the third on as its difference to the count two
places before it. pycocotools reads such a text beyond its end where it is damaged; so it is read here, and checked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Mask", "Polygons", "RunLengths", "bitmap", "checked_counts", "counts_from_text", "counts_to_text", "extent",
    "run_lengths",
]  # fmt: skip

MOST_PIXELS = 1 << 27  # what a mask may be unpacked to

Polygons = tuple[tuple[float, ...], ...]  # each x, y, x, y, ... in pixels; an object in pieces has several


class RunLengths(NamedTuple):
    """A mask of `height` x `width` pixels; the sum of `counts` is their number."""

    height: int
    width: int
    counts: tuple[int, ...]


Mask = Polygons | RunLengths


def counts_from_text(text: str, pixels: int) -> tuple[int, ...]:
    """The counts that COCO's compressed text stands for; ValueError where they are not those of `pixels` pixels.

    >>> counts_from_text("112", 4)
    (1, 1, 2)
    """
    counts: list[int] = []
    for value in _numbers(text):
        count = value + counts[-2] if len(counts) > 2 else value
        counts.append(count)
        if not 0 <= count <= pixels:
            raise ValueError("a run length is negative or larger than the picture")
    return checked_counts(counts, pixels)


def checked_counts(counts: Sequence[int], pixels: int) -> tuple[int, ...]:
    """`counts`; ValueError where one is negative or their sum is not `pixels`."""
    if any(count < 0 for count in counts) or sum(counts) != pixels:
        raise ValueError("the run lengths do not add up to the picture's size")
    return tuple(counts)


def counts_to_text(counts: Sequence[int]) -> str:
    """The text that COCO writes for these counts.

    >>> counts_to_text((1, 1, 2))
    '112'
    """
    characters = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        while True:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            characters.append(chr((bits | (0x20 if more else 0)) + 48))
            if not more:
                break
    return "".join(characters)


def run_lengths(pixels: NDArray[np.bool_]) -> RunLengths:
    """The run lengths of a mask, bool `[H, W]`.

    >>> run_lengths(np.array([[False, False], [True, False]]))
    RunLengths(height=2, width=2, counts=(1, 1, 2))
    """
    height, width = pixels.shape
    flat = pixels.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    counts = np.diff(edges).tolist()
    return RunLengths(height, width, tuple([0, *counts] if flat.size and flat[0] else counts))


def bitmap(mask: Mask, height: int, width: int) -> NDArray[np.bool_]:
    """The mask's pixels, bool `[height, width]`; ValueError for one of another size, or too large to unpack.

    Polygons are filled as pycocotools fills them; what reaches out of the picture is moved to its edge.
    """
    if not 0 < height * width <= MOST_PIXELS:
        raise ValueError(f"a mask of {width} x {height} pixels is not unpacked")
    if isinstance(mask, RunLengths):
        if (mask.height, mask.width) != (height, width):
            raise ValueError(f"the mask is of {mask.width} x {mask.height} pixels, the picture of {width} x {height}")
        inside = np.arange(len(mask.counts)) % 2 == 1
        return np.repeat(inside, mask.counts).reshape((height, width), order="F")
    return _filled(mask, height, width)


def extent(mask: Mask) -> tuple[float, float, float, float] | None:
    """xmin, ymin, xmax, ymax of a mask, in pixels; None for one without a pixel or a corner.

    >>> extent(RunLengths(2, 2, (1, 1, 2))), extent(((1.0, 2.0, 5.0, 2.0, 5.0, 9.0),))
    ((0, 1, 1, 2), (1.0, 2.0, 5.0, 9.0))
    """
    if isinstance(mask, RunLengths):
        return _extent_of_runs(mask)
    xs = [x for polygon in mask for x in polygon[0::2]]
    ys = [y for polygon in mask for y in polygon[1::2]]
    return (min(xs), min(ys), max(xs), max(ys)) if xs and ys else None


def _numbers(text: str) -> Iterator[int]:
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("the run lengths are no text of COCO's")
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            yield value - (1 << shift) if bits & 0x10 else value
            value = shift = 0
    if shift:
        raise ValueError("the run lengths end inside a number")


def _extent_of_runs(mask: RunLengths) -> tuple[int, int, int, int] | None:
    ends = np.cumsum(np.asarray(mask.counts, np.int64))
    starts, ends = ends[0:-1:2], ends[1::2]  # of the runs inside
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not len(starts):
        return None
    last, height = ends - 1, mask.height
    left, right = int(starts[0] // height), int(last[-1] // height)
    across = starts // height != last // height  # such a run touches the bottom of a column and the top of the next
    top = 0 if across.any() else int((starts % height).min())
    bottom = height - 1 if across.any() else int((last % height).max())
    return left, top, right + 1, bottom + 1


def _filled(polygons: Polygons, height: int, width: int) -> NDArray[np.bool_]:
    from pycocotools import mask as coco_mask

    kept = [list(_clamped(polygon, height, width)) for polygon in polygons if len(polygon) >= 6]
    if not kept:
        return np.zeros((height, width), bool)
    merged = coco_mask.merge(coco_mask.frPyObjects(kept, height, width))
    return coco_mask.decode(merged).astype(bool)


def _clamped(polygon: Iterable[float], height: int, width: int) -> Iterator[float]:
    for index, value in enumerate(polygon):
        yield min(max(value, 0.0), float(height if index % 2 else width))
