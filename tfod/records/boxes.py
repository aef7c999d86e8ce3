"""The rule for boxes of annotations, in one place.

In this order:

1. Corners in the wrong order are swapped: a rectangle drawn from its lower right corner is still one rectangle.
2. The origin: `raw` takes coordinates as they are, as the original's converters do; `one_based` takes pixels as
   counted from 1, both ends inside, and so moves xmin and ymin down by 1.
3. Coordinates that are not finite, boxes without area, and boxes wholly outside the picture are dropped.
4. What sticks out of the picture is cut off.
"""

from math import isfinite

__all__ = ["CLIPPED", "EMPTY", "NOT_FINITE", "OUTSIDE", "SWAPPED", "Box", "as_stored", "place"]

Box = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax

SWAPPED, CLIPPED = "boxes_swapped", "boxes_clipped"
NOT_FINITE, EMPTY, OUTSIDE = "boxes_not_finite", "boxes_empty", "boxes_outside"


def place(box: Box, width: int, height: int, one_based: bool = False) -> tuple[Box | None, tuple[str, ...]]:
    """The box inside a picture of `width` x `height` pixels, None where it is dropped, and what was done to it.

    >>> place((30, 5, 10, 25), width=100, height=20)
    ((10, 5, 30, 20), ('boxes_swapped', 'boxes_clipped'))
    """
    xmin, ymin, xmax, ymax = box
    done: tuple[str, ...] = ()
    if xmin > xmax or ymin > ymax:
        xmin, xmax, ymin, ymax = min(xmin, xmax), max(xmin, xmax), min(ymin, ymax), max(ymin, ymax)
        done = (SWAPPED,)
    if one_based:
        xmin -= 1
        ymin -= 1
    if 0 <= xmin < xmax <= width and 0 <= ymin < ymax <= height:
        return (xmin, ymin, xmax, ymax), done
    if not (isfinite(xmin) and isfinite(ymin) and isfinite(xmax) and isfinite(ymax)):
        return None, (NOT_FINITE,)
    if xmin == xmax or ymin == ymax:
        return None, (EMPTY,)
    if xmax <= 0 or ymax <= 0 or xmin >= width or ymin >= height:
        return None, (OUTSIDE,)
    return (max(xmin, 0), max(ymin, 0), min(xmax, width), min(ymax, height)), (*done, CLIPPED)


def as_stored(box: Box, orientation: int, width: int, height: int) -> Box:
    """A box drawn on a picture as a viewer shows it, on the pixels as they are stored, `width` x `height`.

    `orientation` is EXIF's, 5 to 8: those that exchange the sides, and so can be told from an annotation's size.
    """
    xmin, ymin, xmax, ymax = box
    left, right = (ymin, ymax) if orientation in (5, 6) else (width - ymax, width - ymin)
    top, bottom = (xmin, xmax) if orientation in (5, 8) else (height - xmax, height - xmin)
    return left, top, right, bottom
