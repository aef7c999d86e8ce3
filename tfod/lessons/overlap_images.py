"""IoU drawn: two boxes, what they share and what they cover, and the curves of one box sliding over the other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfod.lessons.canvas import (
    BAD,
    FAINT,
    FIRST,
    GOOD,
    GREY,
    INK,
    MIDDLE,
    SECOND,
    WIDTH,
    Area,
    Canvas,
    Plot,
    View,
    signed,
)  # fmt: skip
from tfod.lessons.overlap import diou, giou, intersection, iou, iou_counting_pixels, union

__all__ = ["SlidingFrames", "draw_overlap", "random_boxes"]

Image = NDArray[np.uint8]
Box = NDArray[np.float64]

_MARGIN = 24
_FRAMES = 60
_STAGE: Area = (_MARGIN, 64, 500, 444)
_CURVES = (("IoU", iou, MIDDLE), ("GIoU", giou, GOOD), ("DIoU", diou, BAD))


def random_boxes(seed: int, width: int = 320, height: int = 240) -> tuple[Box, Box]:
    """Two boxes that overlap, yxyx in whole pixels, as a truth and a detection do."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.3, 0.6, 2) * (height, width)
    top_left = rng.uniform(0.1, 0.9, 2) * ((height, width) - size)
    first = np.concatenate([top_left, top_left + size])
    while True:
        second = first + rng.normal(0, 0.2, 4) * np.tile(size, 2)
        second = np.clip(second, 0, np.tile((height, width), 2))
        if 0.2 < iou(first, second) < 0.9:
            return first.round(), second.round()


def draw_overlap(first: ArrayLike, second: ArrayLike, image: Image | None = None) -> Image:
    """Two boxes `[4]`, yxyx in pixels, with their intersection, their union and the numbers; on a photo or on paper.

    Returns:
      uint8 `[H, 800, 3]`.
    """
    boxes = np.asarray(first, np.float64), np.asarray(second, np.float64)
    canvas = Canvas(644)
    canvas.text(_MARGIN, 20, "Intersection over union", 26)
    view = _stage(canvas, _STAGE, np.stack(boxes), image)
    _draw_boxes(canvas, view, *boxes)
    _write_numbers(canvas, 526, 64, *boxes)
    _explain(canvas, (_MARGIN, 478), _EDGES, float(iou(*boxes)))
    _explain(canvas, (WIDTH / 2 + 12, 478), _PIXELS, float(iou_counting_pixels(*boxes)))
    return canvas.pixels


class SlidingFrames:
    """One box slides over the other; under them grow the curves of IoU, GIoU and DIoU.

    Args:
      first: The box that stays, `[4]`, yxyx in pixels.
      second: The box that moves, along x.
      image: What they are drawn on, uint8 `[H, W, 3]`; the box moves from edge to edge. Without one, from far left to
        far right.
    """

    def __init__(self, first: ArrayLike, second: ArrayLike, image: Image | None = None) -> None:
        self._first, moving = np.asarray(first, np.float64), np.asarray(second, np.float64)
        width, reach = moving[3] - moving[1], self._first[3] - self._first[1]
        lefts = (self._first[1] - width - 0.6 * reach, self._first[3] + 0.6 * reach)
        if image is not None:
            lefts = (0.0, max(1.0, image.shape[1] - width))
        self._shifts = np.linspace(*lefts, _FRAMES) - moving[1]
        self._boxes = moving + self._shifts[:, None] * np.array([0, 1, 0, 1])
        # Where both centres are above each other is what the curve calls 0.
        self._offsets = self._boxes[:, [1, 3]].mean(axis=1) - self._first[[1, 3]].mean()
        self._canvas = Canvas(640)
        everything = np.concatenate([self._boxes, self._first[np.newaxis]])
        self._view = _stage(self._canvas, (_MARGIN, 20, 560, 300), everything, image)
        ends = (float(self._offsets[0]), float(self._offsets[-1]))
        ticks = sorted({round(ends[0]), 0, round(ends[1])})
        labels = ("pixels from centre to centre", "overlap")
        low = min(float(giou(self._first, self._boxes).min()), float(diou(self._first, self._boxes).min()))
        up = (-0.5 if low >= -0.5 else -1.0, 1.0)
        marks = (-0.5, 0, 0.5, 1) if low >= -0.5 else (-1, -0.5, 0, 0.5, 1)
        self._plot = Plot(self._canvas, (84, 364, WIDTH - _MARGIN, 576), ends, up, (ticks, marks), labels)

    def __len__(self) -> int:
        return len(self._boxes)

    def __call__(self, number: int) -> Image:
        """Frame `number`, uint8 `[H, 800, 3]`."""
        canvas = self._canvas.copy()
        box = self._boxes[number]
        _draw_boxes(canvas, self._view, self._first, box)
        for row, (name, measure, colour) in enumerate(_CURVES):
            values = measure(self._first, self._boxes[: number + 1])
            points = self._plot.points(self._offsets[: number + 1], values)
            canvas.line(points, colour, 3)
            canvas.dot(*points[-1], colour)
            top = 60 + 64 * row
            canvas.fill((590, top + 6, 606, top + 22), colour)
            canvas.text(616, top, name, 22)
            canvas.text(WIDTH - _MARGIN, top, signed(float(values[-1]), 2), 24, colour, "right")
        return canvas.pixels


class _Convention(NamedTuple):
    """What the numbers of a box mean: where a box from 1 to 4 ends."""

    text: str
    whose: str
    end: int
    counts_pixels: bool


_EDGES = _Convention("numbers are edges: from 1 to 4 is 3 wide", "COCO, and this project", 4, False)
_PIXELS = _Convention("numbers are pixels: 1 to 4 are 4 pixels", "Pascal VOC's own tools", 5, True)


class _Words(NamedTuple):
    text: str
    colour: tuple[int, int, int] = INK
    size: int = 17


def _stage(canvas: Canvas, area: Area, boxes: Box, image: Image | None) -> View:
    """The photo, or paper with a line every so many pixels on which the boxes `[N, 4]` fit."""
    if image is not None:
        return canvas.photo(image, area)
    left, top, right, bottom = area
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    room = 0.08 * (high - low).max()
    low, high = low - room, high + room
    scale = float(min((right - left) / (high - low)[1], (bottom - top) / (high - low)[0]))
    middle = (low + high) / 2
    view = View(
        (left + right) / 2 - middle[1] * scale,
        (top + bottom) / 2 - middle[0] * scale,
        scale,
        (round(right - left), round(bottom - top)),
    )
    step = _grid_step(20 / scale)
    for axis, (start, end, origin) in enumerate(((left, right, view.left), (top, bottom, view.top))):
        first = int(np.ceil((start - origin) / scale / step))
        last = int(np.floor((end - origin) / scale / step))
        for number in range(first, last + 1):
            place = origin + number * step * scale
            canvas.line([(place, top), (place, bottom)] if axis == 0 else [(left, place), (right, place)], FAINT, 1)
    return view


def _grid_step(least: float) -> float:
    """The first of 1, 2, 5, 10, 20 ... that is at least `least`."""
    ten = 10.0 ** np.floor(np.log10(max(least, 1.0)))
    return float(next(factor * ten for factor in (1, 2, 5, 10) if factor * ten >= least))


def _draw_boxes(canvas: Canvas, view: View, first: Box, second: Box) -> None:
    for box, colour in ((first, FIRST), (second, SECOND)):
        canvas.fill(view.area(box), colour, 0.28)
    shared = np.concatenate([np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])])
    if (shared[2:] > shared[:2]).all():
        canvas.fill(view.area(shared), MIDDLE, 0.55)
    for box, colour in ((first, FIRST), (second, SECOND)):
        canvas.box(view.area(box), colour, 3)


def _write_numbers(canvas: Canvas, left: float, top: float, first: Box, second: Box) -> None:
    shared, together = float(intersection(first, second)), float(union(first, second))
    small = 17 if max(len(_corners(first)), len(_corners(second))) <= 22 else 13
    lines = (
        _Words(f"first   {_corners(first)}", FIRST, small),
        _Words(f"second  {_corners(second)}", SECOND, small),
        _Words(""),
        _Words(f"intersection  {shared:,.0f} px²", MIDDLE, 19),
        _Words(f"union  {together:,.0f} px²", INK, 19),
        _Words(""),
        _Words(f"IoU  {float(iou(first, second)):.4f}", MIDDLE, 34),
        _Words(""),
        _Words(f"GIoU  {signed(float(giou(first, second)), 4)}", GOOD, 22),
        _Words(f"DIoU  {signed(float(diou(first, second)), 4)}", BAD, 22),
    )
    for line in lines:
        canvas.text(left, top, line.text, line.size, line.colour)
        top += line.size * 1.55 if line.text else 14


def _explain(canvas: Canvas, place: tuple[float, float], convention: _Convention, value: float) -> None:
    """A convention, shown on six pixels, and the IoU that it gives."""
    (left, top), side = place, 34
    row = top + 34
    canvas.text(left, top, convention.text, 17)
    for pixel in range(6):
        inside = 1 <= pixel < convention.end
        area = (left + pixel * side, row, left + (pixel + 1) * side, row + side)
        canvas.fill(area, MIDDLE if inside else FAINT, 0.55 if inside else 0.6)
    for number in range(7):
        x = left + number * side
        canvas.line([(x, row), (x, row + side)], GREY, 1)
        if not convention.counts_pixels:
            canvas.text(x, row + side + 3, str(number), 15, GREY, "middle")
        elif number < 6:
            canvas.text(x + side / 2, row + 7, str(number), 16, INK, "middle")
    canvas.text(left + 6 * side + 20, row - 2, f"{value:.4f}", 28, MIDDLE)
    canvas.text(left, row + side + 28, convention.whose, 15, GREY)


def _corners(box: Box) -> str:
    ymin, xmin, ymax, xmax = (f"{side:.1f}".removesuffix(".0") for side in box)
    return f"({xmin}, {ymin}) to ({xmax}, {ymax})"
