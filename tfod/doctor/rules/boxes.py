"""Rules about boxes. Each takes a box in pixels and its frame, and says what is wrong, or None."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import floor, isfinite, log
from typing import NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.shapes import Transposition
from tfod.doctor.findings import Finding, about

__all__ = ["BOX_RULES", "SPOILING_BOX_RULES", "Fractions", "Frame", "check_boxes", "check_exchanged", "upright"]

Box = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax
_Cell = tuple[int, int]  # of a side: its length, and where it begins

_TINY_SIDE = 3.0  # pixels
_HUGE_SHARE = 0.95
_NARROW_RATIO = 8.0
_DOUBLED_OVERLAP = 0.9
_STEP = 1.5  # from one cell's length to the next
_MOST_IN_A_CELL = 16  # boxes that later ones are compared with
_MOST_COMPARED = 20_000  # boxes of an image: some seconds


class Frame(NamedTuple):
    """The picture around a box: its size in pixels, and the network's pixels for one of its own (x, y)."""

    width: int
    height: int
    scale: tuple[float, float] = (1.0, 1.0)


def _not_finite(box: Box, frame: Frame) -> str | None:
    if isfinite(box[0]) and isfinite(box[1]) and isfinite(box[2]) and isfinite(box[3]):
        return None
    return f"a coordinate is not finite: {_words(box)}"


def _empty(box: Box, frame: Frame) -> str | None:
    return f"the box has no area: {_words(box)}" if box[0] == box[2] or box[1] == box[3] else None


def _outside(box: Box, frame: Frame) -> str | None:
    width, height, _ = frame
    xmin, ymin, xmax, ymax = upright(box)
    if xmax > 0 and ymax > 0 and xmin < width and ymin < height:
        return None
    return f"the box lies outside the picture of {width} x {height}: {_words(box)}"


def _inverted(box: Box, frame: Frame) -> str | None:
    if box[0] <= box[2] and box[1] <= box[3]:
        return None
    sides = [side for side, low, high in (("xmin", 0, 2), ("ymin", 1, 3)) if box[low] > box[high]]
    return f"{' and '.join(sides)} lie{'s' if len(sides) == 1 else ''} behind the opposite side: {_words(box)}"


def _negative(box: Box, frame: Frame) -> str | None:
    return f"a coordinate is negative: {_words(box)}" if min(box) < 0 else None


def _over_edge(box: Box, frame: Frame) -> str | None:
    xmin, ymin, xmax, ymax = box
    width, height, _ = frame
    if xmin <= width and xmax <= width and ymin <= height and ymax <= height:
        return None
    return f"the box sticks out of the picture of {width} x {height}: {_words(box)}"


def _tiny(box: Box, frame: Frame) -> str | None:
    (x_scale, y_scale), width, height = frame.scale, abs(box[2] - box[0]), abs(box[3] - box[1])
    if min(width, height, width * x_scale, height * y_scale) >= _TINY_SIDE:
        return None
    resized = (
        "" if frame.scale == (1, 1) else f", {width * x_scale:.1f} x {height * y_scale:.1f} as the config resizes it"
    )
    inside = min(box) >= 0 and max(box) <= 1 and not all(side.is_integer() for side in box)
    doubt = "; are the coordinates fractions of the picture?" if inside else ""
    return f"the box has only {width:g} x {height:g} pixels{resized}{doubt}"


def _huge(box: Box, frame: Frame) -> str | None:
    share = abs(box[2] - box[0]) * abs(box[3] - box[1]) / (frame.width * frame.height)
    return f"the box covers {share:.0%} of the picture" if _HUGE_SHARE < share <= 1 else None


def _narrow(box: Box, frame: Frame) -> str | None:
    width, height = abs(box[2] - box[0]), abs(box[3] - box[1])
    if max(width, height) <= _NARROW_RATIO * min(width, height):
        return None
    return f"the box is {max(width, height) / min(width, height):.0f} times as long as wide: {width:g} x {height:g}"


# A box that one of these finds is not looked at further.
SPOILING_BOX_RULES: dict[str, Callable[[Box, Frame], str | None]] = {
    "box-not-finite": _not_finite,
    "box-empty": _empty,
    "box-outside": _outside,
}
BOX_RULES: dict[str, Callable[[Box, Frame], str | None]] = {
    "box-inverted": _inverted,
    "box-negative": _negative,
    "box-over-edge": _over_edge,
    "box-tiny": _tiny,
    "box-huge": _huge,
    "box-narrow": _narrow,
}


class Fractions:
    """Counts boxes between whole pixels: whole data sets have them, and one finding tells it."""

    def __init__(self) -> None:
        self._count = self._total = 0
        self._first: tuple[AnnotatedImage, int, Box] | None = None

    def look_at(self, image: AnnotatedImage) -> None:
        """Counts the boxes of an image."""
        for number, item in enumerate(image.objects, start=1):
            box = item.xmin, item.ymin, item.xmax, item.ymax
            self._total += 1
            if not all(side.is_integer() for side in box) and not _not_finite(box, Frame(1, 1)):
                self._count += 1
                self._first = self._first or (image._replace(encoded=None), number, box)

    def finding(self) -> Iterator[Finding]:
        """One finding, at the first such box; none where there is no such box."""
        if self._first:
            image, number, box = self._first
            what = f"{self._count} of {self._total} boxes lie between whole pixels, such as {_words(box)}"
            yield about(image, "box-fraction", what, number)


def check_boxes(image: AnnotatedImage, frame: Frame) -> Iterator[Finding]:
    """What is wrong with the boxes of a picture, each for itself and with each other."""
    whole = []
    for number, item in enumerate(image.objects, start=1):
        box = item.xmin, item.ymin, item.xmax, item.ymax
        spoilt = _first(SPOILING_BOX_RULES, box, frame)
        if spoilt:
            yield about(image, *spoilt, number)
            continue
        whole.append((number, item))
        for rule, find in BOX_RULES.items():
            if what := find(box, frame):
                yield about(image, rule, what, number)
    if len(whole) > 1:
        yield from _pairs(image, whole)
    if len(whole) > _MOST_COMPARED:
        what = f"of its {len(whole)} boxes the first {_MOST_COMPARED} are compared with each other"
        yield about(image, "box-many", what)


def check_exchanged(findings: Sequence[Finding], objects: int, turned: Transposition, source: str) -> Iterator[Finding]:
    """Whether most boxes of a data set are inverted, or have x and y exchanged: then it is not hands that slipped."""
    inverted = sum(finding.rule == "box-inverted" for finding in findings)
    if 1 < objects < 2 * inverted:
        yield Finding("boxes-exchanged", f"{inverted} of {objects} boxes have corners in the wrong order", source)
    elif turned.is_seen:
        what = f"{turned.out} of {turned.boxes} boxes reach out of their images; with x and y exchanged all fit"
        yield Finding("boxes-exchanged", what, source)


def _first(rules: dict[str, Callable[[Box, Frame], str | None]], box: Box, frame: Frame) -> tuple[str, str] | None:
    for rule, find in rules.items():
        if what := find(box, frame):
            return rule, what
    return None


def _pairs(image: AnnotatedImage, items: Sequence[tuple[int, AnnotatedObject]]) -> Iterator[Finding]:
    """Boxes that lie on an earlier one of their class, or of another: each with one such, found by their cells."""
    first: dict[tuple[Box, str], int] = {}
    cells_of = _cells if len(items) > _MOST_IN_A_CELL else _one_cell
    cells: dict[tuple[_Cell, ...], list[tuple[Box, int, str]]] = defaultdict(list)
    for count, (number, item) in enumerate(items):
        box = upright((item.xmin, item.ymin, item.xmax, item.ymax))
        if (earlier := first.setdefault((box, item.class_name), number)) != number:
            yield about(image, "box-duplicated", f"the same box and class as object {earlier}", number)
            continue
        if count >= _MOST_COMPARED:
            continue
        on: dict[bool, tuple[int, str]] = {}
        for cell in cells_of(box, 1 - _DOUBLED_OVERLAP):
            for other, earlier, name in cells.get(cell, ()):
                alike = name == item.class_name
                if alike not in on and _overlap(box, other) > _DOUBLED_OVERLAP:
                    on[alike] = earlier, name
        for alike, (earlier, name) in on.items():
            what = f"nearly the same box as object {earlier}"
            names = " or ".join(sorted((item.class_name, name)))
            rule, more = ("box-doubled", ", of the same class") if alike else ("box-two-classes", f": {names}?")
            yield about(image, rule, what + more, number)
        (own,) = cells_of(box, 0.0)
        if len(cells[own]) < _MOST_IN_A_CELL:
            cells[own].append((box, number, item.class_name))


def _one_cell(box: Box, slack: float) -> Iterator[tuple[_Cell, ...]]:
    yield ()


def _cells(box: Box, slack: float) -> Iterator[tuple[_Cell, ...]]:
    """The cells of a box whose sides, and then their places, may change by the share `slack`; one without slack.

    A side's cell is the power of `_STEP` below its length, and its beginning in units of that. So boxes that overlap
    much are found without comparing each with all.
    """
    sides = []
    for low, high in ((box[0], box[2]), (box[1], box[3])):
        length = min(max(high - low, 1e-9), 1e12)
        moved = slack * length / (1 - slack)
        cells = []
        for step in range(floor(log(length * (1 - slack), _STEP)), floor(log(length / (1 - slack), _STEP)) + 1):
            begin, end = (max(place, -1e12) / _STEP**step for place in (low - moved, low + moved))
            cells += [(step, place) for place in range(floor(begin), floor(end) + 1)]
        sides.append(cells)
    return product(*sides)


def _overlap(first: Box, second: Box) -> float:
    """Intersection over union of two upright boxes with area."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (first[2] - first[0]) * (first[3] - first[1]) + (second[2] - second[0]) * (second[3] - second[1])
    return width * height / (areas - width * height)


def upright(box: Box) -> Box:
    """The box with its corners in the right order.

    >>> upright((30.0, 5.0, 10.0, 25.0))
    (10.0, 5.0, 30.0, 25.0)
    """
    xmin, ymin, xmax, ymax = box
    return min(xmin, xmax), min(ymin, ymax), max(xmin, xmax), max(ymin, ymax)


def _words(box: Box) -> str:
    return f"({', '.join(f'{side:g}' for side in box)})"
