"""The sliding window as an animation: the image and the window at the left, what is in it at the right."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.lessons.canvas import FAINT, FIRST, GREY, INK, PAPER, SECOND, WIDTH, Canvas, View
from tfod.lessons.sliding_window import Scored, heat_map, sliding_window

__all__ = ["WindowFrames", "draw_heat_map"]

Image = NDArray[np.uint8]

MOST_FRAMES = 400
_MARGIN = 24
_LEFT = 520  # width of the image
_COLUMN = WIDTH - _LEFT - 3 * _MARGIN  # width of what is at the right
_TOP = 64
_GIF_BYTES, _PIXEL_BYTES = 8.8e6, 1.4  # that the views of all windows may take, and a pixel of the worst photo does
_HEAT = 0.65


class WindowFrames:
    """Draws the frames: `frames(i)` is frame i of `len(frames)`. Of very many windows only every k-th is shown.

    Args:
      image: uint8 `[H, W, 3]`.
      step, window: See `sliding_window`; at least one window fits.
      scores: What a model said of every window, in 0 to 1, or none.
    """

    def __init__(self, image: Image, step: int, window: tuple[int, int], scores: Sequence[float] = ()) -> None:
        windows = [(x, y, crop) for x, y, crop in sliding_window(image, step, window)]
        self.every = math.ceil(len(windows) / MOST_FRAMES)
        self._windows = windows
        self._window = window
        self.scored: list[Scored] = [
            (x, y, score) for (x, y, _), score in zip(windows if scores else (), scores, strict=True)
        ]
        self._crop_side = min(_COLUMN, math.sqrt(_GIF_BYTES / _PIXEL_BYTES / len(self)))
        # A tall image is drawn less wide.
        scale = min(_LEFT / image.shape[1], 600 / image.shape[0])
        self._canvas = Canvas(round(image.shape[0] * scale) + _TOP + 84)
        bottom = self._canvas.pixels.shape[0] - 84
        self._view = self._canvas.photo(image, (_MARGIN, _TOP, _MARGIN + _LEFT, bottom))
        told = f"{len(windows):,} windows of {window[0]} × {window[1]} pixels, {step} pixels from one to the next"
        self._canvas.text(_MARGIN, bottom + 46, told, 18, INK)
        self._canvas.text(WIDTH - _MARGIN - _COLUMN, 24, "in the window", 18, GREY)

    def __len__(self) -> int:
        return math.ceil(len(self._windows) / self.every)

    def __call__(self, number: int) -> Image:
        """Frame `number`, uint8 `[H, W, 3]`."""
        index = min(number * self.every, len(self._windows) - 1)
        x, y, crop = self._windows[index]
        canvas = self._canvas.copy()
        if self.scored:
            _lay_heat(canvas, self._view, self._window, self.scored[: index + 1])
        width, height = self._window
        canvas.box(self._view.area([y, x, y + height, x + width]), SECOND, 4)
        canvas.text(_MARGIN, 24, f"window {index + 1:,} of {len(self._windows):,}", 20)
        left = WIDTH - _MARGIN - _COLUMN
        view = canvas.photo(crop, (left, _TOP, left + self._crop_side, _TOP + self._crop_side))
        canvas.box((view.left, view.top, view.left + view.size[0], view.top + view.size[1]), SECOND, 2)
        below = _TOP + self._crop_side + 14
        canvas.text(left, below, f"x = {x}, y = {y}", 18)
        if self.scored:
            _draw_score(canvas, left, below + 40, self.scored[index][2])
        self._draw_progress(canvas, (index + 1) / len(self._windows))
        return canvas.pixels

    def _draw_progress(self, canvas: Canvas, share: float) -> None:
        top = canvas.pixels.shape[0] - 84 + 22
        canvas.fill((_MARGIN, top, WIDTH - _MARGIN, top + 8), FAINT)
        canvas.fill((_MARGIN, top, _MARGIN + share * (WIDTH - 2 * _MARGIN), top + 8), FIRST)


def draw_heat_map(image: Image, window: tuple[int, int], scored: Sequence[Scored]) -> Image:
    """The image under the heat map of all scores, the best window outlined; uint8 `[H', W', 3]`."""
    scale = min((WIDTH - 2 * _MARGIN) / image.shape[1], 640 / image.shape[0])
    canvas = Canvas(round(image.shape[0] * scale) + 100)
    bottom = canvas.pixels.shape[0] - 36
    view = canvas.photo(image, (_MARGIN, 64, WIDTH - _MARGIN, bottom))
    _lay_heat(canvas, view, window, scored)
    x, y, best = max(scored, key=lambda one: one[2])
    canvas.box(view.area([y, x, y + window[1], x + window[0]]), PAPER, 4)
    canvas.text(_MARGIN, 22, f"mean score of the windows over each pixel; the best window scores {best:.2f}", 20)
    return canvas.pixels


def _lay_heat(canvas: Canvas, view: View, window: tuple[int, int], scored: Sequence[Scored]) -> None:
    """Lays the heat map of the windows so far over the photo, where there were windows."""
    size = round(window[0] * view.scale), round(window[1] * view.scale)
    small = [(round(x * view.scale), round(y * view.scale), score) for x, y, score in scored]
    width, height = view.size
    heat = heat_map(height, width, size, small)
    seen = heat_map(height, width, size, [(x, y, 1.0) for x, y, _ in small]) > 0
    colours = cv2.applyColorMap((heat * 255).round().astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    place = canvas.pixels[round(view.top) :, round(view.left) :][:height, :width]
    place[seen] = ((1 - _HEAT) * place[seen] + _HEAT * colours[seen]).astype(np.uint8)


def _draw_score(canvas: Canvas, left: float, top: float, score: float) -> None:
    canvas.text(left, top, f"score {score:.2f}", 22)
    canvas.fill((left, top + 34, left + _COLUMN, top + 46), FAINT)
    canvas.fill((left, top + 34, left + score * _COLUMN, top + 46), SECOND)
