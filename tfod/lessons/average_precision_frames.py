"""Average precision as an animation: detection by detection, then the three interpolations beside each other."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tfod.lessons.average_precision import Interpolation, Judged, precision_and_recall
from tfod.lessons.canvas import BAD, FAINT, FIRST, GOOD, GREY, INK, MIDDLE, PAPER, SECOND, WIDTH, Canvas, Plot
from tfod.lessons.overlap import iou

__all__ = ["PrecisionFrames"]

Image = NDArray[np.uint8]
Numbers = NDArray[np.float64]

_MARGIN = 24
_HEIGHT = 560
_MOST_STEPS = 60
_TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)
_FEW_TICKS = (0, 0.5, 1)
_TITLES: dict[Interpolation, tuple[str, str]] = {
    "voc2007": ("VOC 2007", "mean at 11 recalls"),
    "voc2010": ("VOC 2010", "area under all steps"),
    "coco": ("COCO", "mean at 101 recalls"),
}
_COLOURS = {"voc2007": SECOND, "voc2010": GOOD, "coco": MIDDLE}


class PrecisionFrames:
    """Draws the frames. Of very many detections only some are shown; the last frame has the interpolations.

    Args:
      judged: All detections in descending order of score, at least one.
      truths: The boxes of the objects of each image, `[G, 4]`.
      precisions: AP in each of the three ways.
      class_name: Of the objects.
      iou_threshold: That the detections were judged with.
      open_image: Gives an image of `judged`, uint8 `[H, W, 3]`.
    """

    def __init__(
        self,
        judged: Sequence[Judged],
        truths: Mapping[str, Numbers],
        precisions: Mapping[Interpolation, float],
        *,
        class_name: str,
        iou_threshold: float,
        open_image: Callable[[str], Image],
    ) -> None:
        self._judged, self._truths, self._precisions = judged, truths, precisions
        self._threshold, self._open = iou_threshold, open_image
        self.num_objects = sum(map(len, truths.values()))
        self._curve = precision_and_recall([one.correct for one in judged], self.num_objects)
        self._shown = np.unique(np.linspace(0, len(judged) - 1, _MOST_STEPS).round().astype(int)).tolist()
        self._canvas = Canvas(_HEIGHT)
        self._canvas.text(_MARGIN, 18, f"Average precision of “{class_name}” at IoU {iou_threshold:g}", 24)
        area = (470, 116, WIDTH - _MARGIN, 116 + 306)
        self._plot = Plot(self._canvas, area, (0, 1), (0, 1), (_TICKS, _TICKS), ("recall", "precision"))

    def __len__(self) -> int:
        return len(self._shown) + 1

    def __call__(self, number: int) -> Image:
        """Frame `number`, uint8 `[H, 800, 3]`."""
        return self.last() if number == len(self._shown) else self._step(self._shown[number])

    def last(self) -> Image:
        """The interpolations beside each other, uint8 `[H, 800, 3]`."""
        canvas = Canvas(_HEIGHT)
        canvas.pixels[:76] = self._canvas.pixels[:76]
        found = sum(one.correct for one in self._judged)
        told = f"{len(self._judged)} detections, {found} of {self.num_objects} objects found"
        canvas.text(_MARGIN, 54, told, 18, GREY)
        width = (WIDTH - 2 * _MARGIN) / 3
        for column, (how, (title, way)) in enumerate(_TITLES.items()):
            left = _MARGIN + column * width
            canvas.text(left + 28, 104, title, 22)
            canvas.text(left + 28, 134, way, 16, GREY)
            area = (left + 36, 200, left + width - 12, 400)
            labels = ("recall", "precision" if column == 0 else "")
            plot = Plot(canvas, area, (0, 1), (0, 1), (_FEW_TICKS, _FEW_TICKS), labels)
            self._interpolate(canvas, plot, how)
            canvas.text(left + 28, 456, "AP", 22, GREY)
            canvas.text(left + 70, 444, f"{self._precisions[how]:.4f}", 36, _COLOURS[how])
        canvas.text(_MARGIN, 516, "grey: precision after each detection; coloured: what is averaged", 16, GREY)
        return canvas.pixels

    def _interpolate(self, canvas: Canvas, plot: Plot, how: Interpolation) -> None:
        precision, recall = self._curve
        at = np.linspace(0, 1, 11 if how == "voc2007" else 101)
        highest = [float(precision[recall >= one].max(initial=0.0)) for one in at]
        colour = _COLOURS[how]
        if how == "voc2010":
            recalls = np.unique(np.append(recall, 0.0))
            for low, high in pairwise(recalls):
                top = float(precision[recall >= high].max(initial=0.0))
                left, top_place = plot.point(float(low), top)
                right, bottom = plot.point(float(high), 0)
                canvas.fill((left, top_place, right, bottom), colour, 0.3)
                canvas.line([(left, top_place), (right, top_place)], colour, 2)
        else:
            for one, high in zip(at, highest, strict=True):
                canvas.line([plot.point(one, 0), plot.point(one, high)], _tint(colour), 1)
                if how == "voc2007":
                    canvas.dot(*plot.point(one, high), colour, 4)
        canvas.line(plot.points(recall, precision), GREY, 2)

    def _step(self, number: int) -> Image:
        """What is shown after a detection."""
        canvas = self._canvas.copy()
        one = self._judged[number]
        photo = self._open(one.image)
        view = canvas.photo(photo, (_MARGIN, 92, 400, 92 + 300))
        for box in self._truths[one.image]:
            canvas.box(view.area(box), FIRST, 2)
        colour = GOOD if one.correct else BAD
        canvas.box(view.area(one.box), colour, 4)
        left, top, *_ = view.area(one.box)
        canvas.tag(left, top, f"{one.score:.2f}", colour, 16)
        told = f"detection {number + 1} of {len(self._judged)}"
        canvas.text(_MARGIN, 54, told, 18, GREY)
        canvas.text(_MARGIN, 404, "true positive" if one.correct else "false positive", 26, colour)
        canvas.text(_MARGIN, 438, self._reason(one), 16, GREY)
        precision, recall = (values[number] for values in self._curve)
        canvas.text(self._plot.area[0], 54, f"precision {precision:.2f}   recall {recall:.2f}", 22)
        points = self._plot.points(self._curve[1][: number + 1], self._curve[0][: number + 1])
        canvas.line(points, INK, 3)
        canvas.dot(*points[-1], colour, 6)
        self._draw_list(canvas, number)
        return canvas.pixels

    def _reason(self, one: Judged) -> str:
        if one.correct:
            return f"IoU {one.overlap:.2f} with an object not found before"
        overlaps = iou(one.box, self._truths[one.image])
        if overlaps.max(initial=0.0) >= self._threshold:
            return f"IoU {overlaps.max():.2f} with an object that is found already"
        if one.overlap > 0:
            return f"IoU {one.overlap:.2f} with an object: less than {self._threshold:g}"
        return "overlaps no object"

    def _draw_list(self, canvas: Canvas, number: int) -> None:
        """One field a detection, sorted by score: those that are judged, then those to come."""
        top, width = 486, (WIDTH - 2 * _MARGIN) / len(self._judged)
        gap = 2 if width > 8 else 0
        for index, one in enumerate(self._judged):
            colour = FAINT if index > number else GOOD if one.correct else BAD
            left = _MARGIN + index * width
            canvas.fill((left, top, left + width - gap, top + 26), colour)
        left = _MARGIN + number * width
        canvas.box((left - 2, top - 4, left + max(width - gap, 3) + 2, top + 30), INK, 2)
        canvas.text(_MARGIN, top + 34, f"score {self._judged[0].score:.2f}", 15, GREY)
        canvas.text(WIDTH - _MARGIN, top + 34, f"{self._judged[-1].score:.2f}", 15, GREY, "right")


def _tint(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """A colour half way to the paper."""
    red, green, blue = ((one + paper) // 2 for one, paper in zip(colour, PAPER, strict=True))
    return red, green, blue
