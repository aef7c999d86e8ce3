"""Shapes that stand for a box, and what the boxes of a whole table show about its columns.

Boxes are xmin, ymin, xmax, ymax; outlines x, y, x, y, ...; both in the file's unit, pixels but where said otherwise.
"""

from collections.abc import Iterable, Sequence
from math import atan2, cos, isfinite, pi, radians, sin

__all__ = [
    "Box",
    "Outline",
    "Transposition",
    "are_exchanged",
    "are_fractions",
    "ellipse",
    "outline_extent",
    "rectangle",
    "turned",
]

Box = tuple[float, float, float, float]
Outline = tuple[float, ...]

_STEPS_OF_AN_ELLIPSE = 72
_MOST_SLIPS = 0.5  # of a table's fractions that reach over the edge of the image, by less than its side
_MOST_MISFITS = 0.02  # of a table's boxes that are wrong the other way too
_LEAST_OUT, _SLIP = 0.1, 0.05  # of the boxes, that reach so far over the edge of their images


def outline_extent(outline: Outline) -> Box:
    """The upright box around an outline; ValueError for one without a point.

    >>> outline_extent((1.0, 2.0, 5.0, 2.0, 5.0, 9.0))
    (1.0, 2.0, 5.0, 9.0)
    """
    xs, ys = outline[0::2], outline[1::2]
    if not xs or len(xs) != len(ys):
        raise ValueError("an outline has no points, or half a point")
    return min(xs), min(ys), max(xs), max(ys)


def rectangle(box: Box) -> Outline:
    """The corners of a box, clockwise as one sees them."""
    xmin, ymin, xmax, ymax = box
    return xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax


def turned(outline: Outline, degrees: float) -> Outline:
    """An outline turned about the centre of its extent, clockwise as one sees it.

    >>> [round(side, 3) for side in turned((0.0, 0.0, 4.0, 0.0, 4.0, 2.0), 90)]
    [3.0, -1.0, 3.0, 3.0, 1.0, 3.0]
    """
    xmin, ymin, xmax, ymax = outline_extent(outline)
    x, y, c, s = (xmin + xmax) / 2, (ymin + ymax) / 2, cos(radians(degrees)), sin(radians(degrees))
    points = zip(outline[0::2], outline[1::2], strict=True)
    return tuple(side for u, v in points for side in (x + (u - x) * c - (v - y) * s, y + (u - x) * s + (v - y) * c))


def ellipse(x: float, y: float, rx: float, ry: float, degrees: float = 0.0) -> Outline:
    """The outline of an ellipse with its centre at `x`, `y`, turned clockwise; its extent is that of the ellipse."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    widest, highest = atan2(-ry * s, rx * c), atan2(ry * c, rx * s)
    steps = [radians(360 / _STEPS_OF_AN_ELLIPSE * step) for step in range(_STEPS_OF_AN_ELLIPSE)]
    extremes = [angle % (2 * pi) for angle in (widest, widest + pi, highest, highest + pi)]
    points = ((rx * cos(angle), ry * sin(angle)) for angle in sorted({*steps, *extremes} if degrees else steps))
    return tuple(side for u, v in points for side in (x + u * c - v * s, y + u * s + v * c))


def are_fractions(boxes: Sequence[Box]) -> bool:
    """Whether boxes that say pixels are fractions of their image: all lie between 0 and 1, but for slips at the edge.

    >>> are_fractions([(0.1, 0.125, 0.4, 0.625)]), are_fractions([(0.1, 0.1, 0.4, 0.6), (10, 10, 40, 50)])
    (True, False)
    """
    sides = [side for box in boxes for side in box if isfinite(side)]
    if not sides or not all(-1 < side < 2 for side in sides):
        return False
    slips = sum(not 0 <= side <= 1 for side in sides)
    return slips <= _MOST_SLIPS * len(sides) and not all(float(side).is_integer() for side in sides)


def are_exchanged(boxes: Sequence[Box]) -> bool:
    """Whether xmax and ymin are exchanged in all boxes: most have corners in the wrong order, and the other way next to
    none has. One box alone may be drawn from its lower right corner.

    >>> are_exchanged([(180, 240, 130, 190), (181, 240, 130, 191)]), are_exchanged([(30, 25, 10, 5), (2, 3, 8, 9)])
    (True, False)
    """
    inverted = sum(xmin > xmax or ymin > ymax for xmin, ymin, xmax, ymax in boxes)
    misfits = sum(not (xmin < ymin and xmax < ymax) for xmin, ymin, xmax, ymax in boxes)
    return len(boxes) > 1 and 2 * inverted > len(boxes) and misfits <= _MOST_MISFITS * len(boxes)


class Transposition:
    """Whether x and y are exchanged in all boxes: many reach out of their images, and the other way next to none does.

    >>> told = Transposition()
    >>> told.look_at([(10.0, 300.0, 60.0, 390.0), (20.0, 310.0, 50.0, 380.0), (5.0, 10.0, 25.0, 40.0)], 400, 300)
    >>> told.is_seen
    True
    """

    def __init__(self) -> None:
        self.boxes = self.out = self._misfits = 0

    def look_at(self, boxes: Iterable[Box], width: int, height: int) -> None:
        """Counts the boxes of an image of that size, in pixels."""
        right, bottom = (1 + _SLIP) * width, (1 + _SLIP) * height
        for xmin, ymin, xmax, ymax in boxes:
            x, y = xmax if xmax > xmin else xmin, ymax if ymax > ymin else ymin
            self.boxes += 1
            self.out += x > right or y > bottom
            self._misfits += y > right or x > bottom

    @property
    def is_seen(self) -> bool:
        """Whether the boxes counted so far show it."""
        many = self.boxes > 2 and self.out > max(1, _LEAST_OUT * self.boxes)
        return many and self._misfits <= _MOST_MISFITS * self.boxes
