"""Anchors drawn, one image a feature map: their shapes, and those that take an object or are ignored."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tfod.boxes.matching import IGNORED
from tfod.lessons.anchors import Level, matches_of_objects
from tfod.lessons.canvas import BAD, GREY, INK, PAPER, WIDTH, Canvas, View
from tfod.lessons.from_config import SeenByNetwork
from tfod.visualize.colours import class_colour

__all__ = ["draw_level"]

Image = NDArray[np.uint8]

_MARGIN = 24
_LEFT = 500
_TOP = 92
_MOST_DRAWN = 400  # anchors of one kind: more hide the image
_MOST_SHAPES = 9
_MOST_OBJECTS = 8


def draw_level(seen: SeenByNetwork, classes: Sequence[str], number: int) -> Image:
    """The anchors of level `number`, from 0, on what the network sees; uint8 `[H, 800, 3]`.

    Each object has a colour, in which the anchors are drawn that take it.
    """
    level = seen.levels[number]
    height, width = seen.image.shape[:2]
    scale = min(_LEFT / width, 540 / height)
    canvas = Canvas(max(_TOP + round(height * scale) + _MARGIN, 480))
    cell = f"{height / level.rows:.0f} × {width / level.columns:.0f}"
    canvas.text(_MARGIN, 18, f"Level {number + 1} of {len(seen.levels)}: a cell every {cell} pixels", 24)
    told = f"{level.rows} × {level.columns} cells with {level.per_cell} anchors each: {len(level.anchors):,} anchors"
    canvas.text(_MARGIN, 52, told, 18, GREY)
    _draw_anchors(canvas, seen, level, scale)
    _write_facts(canvas, seen, classes, level, number)
    return canvas.pixels


def _draw_anchors(canvas: Canvas, seen: SeenByNetwork, level: Level, scale: float) -> None:
    """On a canvas of its own: anchors reach beyond the image, and are cut at its edge."""
    height, width = seen.image.shape[:2]
    photo = Canvas(round(height * scale), round(width * scale))
    whole = (0, 0, photo.pixels.shape[1], photo.pixels.shape[0])
    view = photo.photo(seen.image, whole)
    photo.fill(whole, PAPER, 0.25)
    _draw_cells(photo, view, level)
    kinds = [(IGNORED, GREY), *((row, class_colour(row + 1)) for row in range(len(seen.boxes)))]
    for match, colour in kinds:
        rows = np.flatnonzero(level.matches == match)
        for row in rows[:: max(1, -(-len(rows) // _MOST_DRAWN))]:
            photo.box(view.area(level.anchors[row]), colour, 1 if match == IGNORED else 2, rim=False)
    for row, box in enumerate(seen.boxes):
        photo.box(view.area(box), class_colour(row + 1), 5)
    canvas.pixels[_TOP : _TOP + photo.pixels.shape[0], _MARGIN : _MARGIN + photo.pixels.shape[1]] = photo.pixels


def _draw_cells(photo: Canvas, view: View, level: Level) -> None:
    """The cells' centres, and the shapes of the anchors of one cell in the middle."""
    centres = level.anchors.reshape(level.rows, level.columns, level.per_cell, 4)
    middle = (centres[..., 0, :2] + centres[..., 0, 2:]) / 2 * view.scale
    if level.rows * level.columns <= 45 * 45:
        for y, x in middle.reshape(-1, 2):
            photo.fill((x - 1, y - 1, x + 1, y + 1), INK, 0.6)
    for anchor in centres[level.rows // 2, level.columns // 2]:
        photo.box(view.area(anchor), INK, 1, rim=False)


def _write_facts(canvas: Canvas, seen: SeenByNetwork, classes: Sequence[str], level: Level, number: int) -> None:
    left, top = _MARGIN + _LEFT + 20, float(_TOP)
    taken = int((level.matches >= 0).sum())
    for text in (f"{taken} take an object", f"{level.count(IGNORED)} ignored (grey)", "the middle cell's (black):"):
        canvas.text(left, top, text, 17)
        top += 25
    sizes = level.anchors[: level.per_cell]
    for height, width in (sizes[:, 2:] - sizes[:, :2])[:_MOST_SHAPES]:
        canvas.text(left + 22, top, f"{width:.0f} × {height:.0f}", 15, GREY)
        top += 20
    top += 16
    canvas.text(left, top, "object, anchors, best IoU", 16, GREY)
    top += 28
    for row, (name, found) in enumerate(zip(classes, matches_of_objects(seen.levels), strict=True)):
        if row == _MOST_OBJECTS:
            canvas.text(left, top, f"and {len(classes) - row} more", 15, GREY)
            break
        here, everywhere = found.of_levels[number], sum(found.of_levels)
        canvas.fill((left, top + 2, left + 14, top + 16), class_colour(row + 1))
        best = f"{float(level.overlaps[row].max(initial=0.0)):.2f}"
        ink = INK if here else GREY if everywhere else BAD
        canvas.text(left + 22, top, name[:12], 16, ink)
        canvas.text(WIDTH - _MARGIN - 54, top, str(here) if everywhere else "none on any", 16, ink, "right")
        canvas.text(WIDTH - _MARGIN, top, best if everywhere else "", 16, ink, "right")
        top += 24
