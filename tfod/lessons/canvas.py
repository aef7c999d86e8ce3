"""What the lessons' images are drawn on: texts, boxes, photos and curves in one style, quick enough for animations.

Places are in pixels of the canvas; an area is left, top, right, bottom. Photos are uint8 `[H, W, 3]`, RGB.
"""

import functools
import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from tfod.visualize.colours import text_colour
from tfod.visualize.letters import lettering

__all__ = [
    "BAD", "FAINT", "FIRST", "GOOD", "GREY", "INK", "MIDDLE", "PAPER", "SECOND", "WIDTH", "Area", "Canvas", "Plot",
    "View", "resized", "signed",
]  # fmt: skip

Colour = tuple[int, int, int]
Area = tuple[float, float, float, float]
Photo = NDArray[np.uint8]
Align = Literal["left", "middle", "right"]

WIDTH = 800  # of every image: fits a page of the course, a README and a slide
PAPER: Colour = (255, 255, 255)
INK: Colour = (28, 34, 48)
GREY: Colour = (118, 125, 140)
FAINT: Colour = (226, 229, 236)
# Told apart by people who do not tell red from green, too: bright and dark, warm and cold.
FIRST: Colour = (38, 104, 224)  # the truth, the first of two
SECOND: Colour = (240, 136, 20)  # the guess, the second of two
MIDDLE: Colour = (132, 60, 190)  # what both share
GOOD: Colour = (24, 140, 82)
BAD: Colour = (206, 40, 62)


class View(NamedTuple):
    """Where a photo lies on the canvas, and so where its boxes do."""

    left: float
    top: float
    scale: float
    size: tuple[int, int]  # width and height on the canvas

    def area(self, box: ArrayLike) -> Area:
        """The area of a box `[4]`, yxyx in pixels of the photo."""
        ymin, xmin, ymax, xmax = (float(side) * self.scale for side in np.asarray(box))
        return self.left + xmin, self.top + ymin, self.left + xmax, self.top + ymax


class Canvas:
    """An image that is drawn on; `pixels` is the image, uint8 `[H, W, 3]`."""

    def __init__(self, height: int, width: int = WIDTH, ground: Colour = PAPER) -> None:
        # Even sides: video needs them.
        self.pixels: Photo = np.full((height + height % 2, width + width % 2, 3), ground, np.uint8)

    def copy(self) -> "Canvas":
        """Another canvas with the same drawing: what all frames share is drawn once."""
        other = Canvas(2, 2)
        other.pixels = self.pixels.copy()
        return other

    def photo(self, image: Photo, area: Area) -> View:
        """Draws a photo as large as the area lets it be, in its middle, with its proportions kept."""
        left, top, right, bottom = area
        height, width = image.shape[:2]
        scale = min((right - left) / width, (bottom - top) / height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        x, y = round((left + right - size[0]) / 2), round((top + bottom - size[1]) / 2)
        self.pixels[y : y + size[1], x : x + size[0]] = resized(image, *size)
        return View(x, y, scale, size)

    def text(self, x: float, y: float, text: str, size: int = 18, colour: Colour = INK, align: Align = "left") -> int:
        """Writes a line whose top is at `y`; gives its width."""
        letters = _letters(text, size)
        width = letters.shape[1]
        left = round(x - {"left": 0, "middle": width / 2, "right": width}[align])
        top = round(y)
        cut = letters[max(0, -top) : self.pixels.shape[0] - top, max(0, -left) : self.pixels.shape[1] - left]
        place = self.pixels[max(0, top) :, max(0, left) :][: cut.shape[0], : cut.shape[1]]
        ink = cut[: place.shape[0], : place.shape[1], np.newaxis]
        place[...] = (place + (np.asarray(colour, np.float32) - place) * ink).astype(np.uint8)
        return width

    def tag(self, x: float, y: float, text: str, colour: Colour, size: int = 15) -> None:
        """Writes a line on a ground of a colour, whose lower left corner is at a box's corner; kept inside."""
        height, width = _letters(text, size).shape
        left = min(max(0, round(x)), self.pixels.shape[1] - width - 8)
        top = max(0, round(y) - height)
        self.fill((left, top, left + width + 8, top + height), colour)
        self.text(left + 4, top, text, size, text_colour(colour))

    def fill(self, area: Area, colour: Colour, opacity: float = 1.0) -> None:
        """Lays a colour over an area."""
        left, top, right, bottom = (max(0, round(side)) for side in area)
        place = self.pixels[top:bottom, left:right]
        place[...] = (place + (np.asarray(colour, np.float32) - place) * np.float32(opacity)).astype(np.uint8)

    def box(self, area: Area, colour: Colour, line: int = 3, *, rim: bool = True) -> None:
        """Draws an outline, with a thin dark rim that keeps it visible on any ground."""
        left, top, right, bottom = (round(side) for side in area)
        corners = (left, top), (right - 1, bottom - 1)
        if rim:
            cv2.rectangle(self.pixels, *corners, (20, 20, 20), line + 2)
        cv2.rectangle(self.pixels, *corners, colour, line)

    def line(self, points: ArrayLike, colour: Colour, thickness: int = 2) -> None:
        """Draws a smooth line through points `[N, 2]`, x and y; fewer than two draw nothing."""
        shift = 4  # cv2 takes sixteenths of a pixel
        corners = np.rint(np.asarray(points, np.float64).reshape(-1, 2) * 2**shift).astype(np.int32)
        if len(corners) > 1:
            cv2.polylines(self.pixels, [corners], False, colour, thickness, cv2.LINE_AA, shift)

    def dashes(self, start: tuple[float, float], end: tuple[float, float], colour: Colour, thickness: int = 1) -> None:
        """Draws a dashed line."""
        length = math.dist(start, end)
        steps = np.arange(0, length, 10) / max(length, 1e-9)
        origin, along = np.asarray(start), np.asarray(end) - np.asarray(start)
        for step in steps:
            stop = min(1.0, step + 5 / max(length, 1e-9))
            self.line([origin + step * along, origin + stop * along], colour, thickness)

    def dot(self, x: float, y: float, colour: Colour, radius: int = 5) -> None:
        """Draws a dot with a white rim."""
        centre = round(x * 16), round(y * 16)
        cv2.circle(self.pixels, centre, (radius + 2) * 16, PAPER, -1, cv2.LINE_AA, 4)
        cv2.circle(self.pixels, centre, radius * 16, colour, -1, cv2.LINE_AA, 4)


class Plot:
    """Axes on a canvas, and where a point of the curve lies on it.

    Args:
      canvas: What the axes are drawn on; curves may be drawn on copies of it.
      area: The axes' area, without their numbers.
      across, up: The least and the greatest value of each axis.
      ticks: The values that are written at each axis.
      labels: What the axes are.
    """

    def __init__(
        self,
        canvas: Canvas,
        area: Area,
        across: tuple[float, float],
        up: tuple[float, float],
        ticks: tuple[Sequence[float], Sequence[float]],
        labels: tuple[str, str],
    ) -> None:
        self.area, self._across, self._up = area, across, up
        left, top, right, bottom = area
        for value in ticks[1]:
            y = self.point(across[0], value)[1]
            canvas.line([(left, y), (right, y)], FAINT, 1)
            canvas.text(left - 8, y - 10, signed(value), 15, GREY, "right")
        for value in ticks[0]:
            x = self.point(value, up[0])[0]
            canvas.line([(x, bottom), (x, bottom + 5)], GREY, 1)
            canvas.text(x, bottom + 6, signed(value), 15, GREY, "middle")
        canvas.line([(left, top), (left, bottom), (right, bottom)], GREY, 1)
        canvas.text((left + right) / 2, bottom + 25, labels[0], 16, GREY, "middle")
        canvas.text(left - 4, top - 26, labels[1], 16, GREY)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """The canvas's place for values."""
        left, top, right, bottom = self.area
        share_x = (x - self._across[0]) / (self._across[1] - self._across[0])
        share_y = (y - self._up[0]) / (self._up[1] - self._up[0])
        return left + share_x * (right - left), bottom - share_y * (bottom - top)

    def points(self, xs: ArrayLike, ys: ArrayLike) -> list[tuple[float, float]]:
        """The canvas's places for values, `[N]` each."""
        return [self.point(float(x), float(y)) for x, y in zip(np.asarray(xs), np.asarray(ys), strict=True)]


def resized(image: Photo, width: int, height: int) -> Photo:
    """A photo in another size: averaged where it becomes smaller, smooth where it becomes larger."""
    smaller = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def signed(value: float, digits: int | None = None) -> str:
    """A number with the true minus sign, and with none before nought; without `digits`, as many as it has.

    >>> signed(-0.5), signed(-0.001, 2)
    ('−0.5', '0.00')
    """
    text = f"{value:g}" if digits is None else f"{value:.{digits}f}"
    return text.replace("-", "−" if float(text) else "")


@functools.lru_cache(maxsize=1024)
def _letters(text: str, size: int) -> NDArray[np.float32]:
    """How much ink is on each pixel of a line of text, `[H, W]` in 0 to 1; H is the same for every text."""
    letters = lettering(size)
    image = Image.new("L", (max(1, math.ceil(letters.width(text))), letters.height))
    letters.draw(ImageDraw.Draw(image), (0, letters.height / 2), text, 255)
    return np.asarray(image, np.float32) / 255
