"""The rule for boxes of annotations, in one place.

In this order:

1. Corners in the wrong order are swapped: a rectangle drawn from its lower right corner is still one rectangle.
2. The origin: `raw` takes coordinates as they are, as the original's converters do; `one_based` takes pixels as
   counted from 1, both ends inside, and so moves xmin and ymin down by 1.
3. Coordinates that are not finite, boxes without area, and boxes wholly outside the picture are dropped.
4. What sticks out of the picture is cut off.

What lies in the first pixel of a larger picture is told: its coordinates are probably fractions of the picture.
"""

from math import isfinite

__all__ = [
    "CLIPPED",
    "EMPTY",
    "INVERTED",
    "IN_ONE_PIXEL",
    "IN_PIXELS",
    "NOT_FINITE",
    "OUTSIDE",
    "SWAPPED",
    "Box",
    "as_stored",
    "place",
    "stored_fault",
]

Box = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax

SWAPPED, CLIPPED, IN_ONE_PIXEL = "boxes_swapped", "boxes_clipped", "boxes_in_one_pixel"
NOT_FINITE, EMPTY, OUTSIDE = "boxes_not_finite", "boxes_empty", "boxes_outside"
INVERTED, IN_PIXELS = "boxes_inverted", "boxes_in_pixels"

# A box in fractions of the image that ends so far to the right or below is none: its coordinates are pixels.
_MOST = 2.0


def place(box: Box, width: int, height: int, one_based: bool = False) -> tuple[Box | None, tuple[str, ...]]:
    """A box in pixels as fractions of a picture of `width` x `height` pixels, 0 to 1, and what was done to it.

    The box is None where it is dropped.

    >>> place((30, 5, 10, 25), width=100, height=20)
    ((0.1, 0.25, 0.3, 1.0), ('boxes_swapped', 'boxes_clipped'))
    """
    xmin, ymin, xmax, ymax = box
    done: tuple[str, ...] = ()
    if xmin > xmax or ymin > ymax:
        xmin, xmax, ymin, ymax = min(xmin, xmax), max(xmin, xmax), min(ymin, ymax), max(ymin, ymax)
        done = (SWAPPED,)
    if one_based:
        xmin -= 1
        ymin -= 1
    if not (0 <= xmin < xmax <= width and 0 <= ymin < ymax <= height):
        if not (isfinite(xmin) and isfinite(ymin) and isfinite(xmax) and isfinite(ymax)):
            return None, (NOT_FINITE,)
        if xmin == xmax or ymin == ymax:
            return None, (EMPTY,)
        if xmax <= 0 or ymax <= 0 or xmin >= width or ymin >= height:
            return None, (OUTSIDE,)
        xmin, ymin, xmax, ymax = max(xmin, 0), max(ymin, 0), min(xmax, width), min(ymax, height)
        done = (*done, CLIPPED)
    if xmax <= 1 < width and ymax <= 1 < height:
        done = (*done, IN_ONE_PIXEL)
    return (xmin / width, ymin / height, xmax / width, ymax / height), done


def as_stored(box: Box, orientation: int) -> Box:
    """A box in fractions of a picture as a viewer shows it, in fractions of the pixels as they are stored.

    `orientation` is EXIF's, 5 to 8: those that exchange the sides, and so can be told from an annotation's size.
    """
    xmin, ymin, xmax, ymax = box
    left, right = (ymin, ymax) if orientation in (5, 6) else (1 - ymax, 1 - ymin)
    top, bottom = (xmin, xmax) if orientation in (5, 8) else (1 - xmax, 1 - xmin)
    return left, top, right, bottom


def stored_fault(box: Box) -> str | None:
    """What keeps a box of a record, in fractions of the image, from being learnt or found; None where nothing does.

    Boxes that reach over the edge of the image a little are sound: nothing cuts them off.

    >>> stored_fault((0.1, 0.1, 0.5, 1.01)), stored_fault((10.0, 0.0, 60.0, 70.0)), stored_fault((0.5, 0.1, 0.2, 0.3))
    (None, 'boxes_in_pixels', 'boxes_inverted')
    """
    xmin, ymin, xmax, ymax = box
    if not (isfinite(xmin) and isfinite(ymin) and isfinite(xmax) and isfinite(ymax)):
        return NOT_FINITE
    if xmax < xmin or ymax < ymin:
        return INVERTED
    if xmax > _MOST or ymax > _MOST:
        return IN_PIXELS
    if xmax <= 0 or ymax <= 0 or xmin >= 1 or ymin >= 1:
        return OUTSIDE
    return EMPTY if xmin == xmax or ymin == ymax else None
