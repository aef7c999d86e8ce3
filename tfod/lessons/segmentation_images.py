"""Segmentation drawn: its kinds beside each other, IoU and Dice in pixels, and a mask on its way through a U-Net."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.lessons.canvas import FAINT, FIRST, GREY, INK, MIDDLE, PAPER, SECOND, WIDTH, Area, Canvas, resized
from tfod.lessons.segmentation import UNetLevel, dice, instance, mask_iou, panoptic, semantic, unet_levels
from tfod.lessons.subject import Subject
from tfod.visualize.colours import class_colour

__all__ = ["draw_kinds", "draw_mask_overlap", "draw_unet", "guess_mask"]

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_MARGIN = 24
_OPACITY = 0.7
_GRID = 26  # cells along the longer side, large enough to be counted
_SHADES = (0.0, 0.35, -0.3, 0.6, -0.5)  # how much lighter or darker objects of one class are, so as to be told apart


def draw_kinds(subject: Subject) -> Image:
    """Semantic, instance and panoptic segmentation of one image with masks; uint8 `[H, 800, 3]`."""
    known = sorted(set(subject.classes))
    classes = [known.index(name) + 1 for name in subject.classes]
    width = (WIDTH - 3 * _MARGIN) // 2
    height = round(min(subject.image.shape[0] / subject.image.shape[1], 1.1) * width)
    canvas = Canvas(64 + 2 * (height + 62) + 12)
    canvas.text(_MARGIN, 16, "Three answers to what each pixel is", 26)
    panels: tuple[tuple[str, str, Image], ...] = (
        ("image", "", subject.image),
        ("semantic", "the class of each pixel", _semantic(subject, classes)),
        ("instance", "each object by itself", _instance(subject)),
        ("panoptic", "both, and the background too", _panoptic(subject, classes)),
    )
    for number, (title, meaning, image) in enumerate(panels):
        left = _MARGIN + number % 2 * (width + _MARGIN)
        top = 64 + number // 2 * (height + 62)
        reach = canvas.text(left, top, title, 20)
        canvas.text(left + reach + 12, top + 3, meaning, 16, GREY)
        view = canvas.photo(image, (left, top + 28, left + width, top + 28 + height))
        if title == "panoptic":
            _write_names(canvas, subject, view.area)
    left = _MARGIN
    for number, name in enumerate(known, start=1):
        canvas.fill((left, canvas.pixels.shape[0] - 28, left + 14, canvas.pixels.shape[0] - 14), class_colour(number))
        left += 22 + canvas.text(left + 20, canvas.pixels.shape[0] - 32, name, 16) + 18
    return canvas.pixels


def draw_mask_overlap(truth: Mask, prediction: Mask) -> Image:
    """IoU and Dice of two masks `[H, W]`, counted on cells that one can see; uint8 `[H, 800, 3]`."""
    truth, prediction = _coarse(truth, prediction)
    canvas = Canvas(560)
    canvas.text(_MARGIN, 16, "IoU and Dice, counted in pixels", 26)
    side = min(500 / truth.shape[1], 470 / truth.shape[0])
    colours = {(True, True): MIDDLE, (True, False): FIRST, (False, True): SECOND}
    for row, column in np.ndindex(*truth.shape):
        colour = colours.get((bool(truth[row, column]), bool(prediction[row, column])), FAINT)
        left, top = _MARGIN + column * side, 66 + row * side
        canvas.fill((left, top, left + side - 1, top + side - 1), colour, 0.85)
    both, only_truth, only_prediction = (
        int(cells.sum()) for cells in (truth & prediction, truth & ~prediction, ~truth & prediction)
    )
    left, top = 548.0, 66.0
    for colour, count, text in (
        (MIDDLE, both, "in both"),
        (FIRST, only_truth, "only true"),
        (SECOND, only_prediction, "only predicted"),
    ):
        canvas.fill((left, top + 5, left + 16, top + 21), colour)
        canvas.text(left + 26, top, f"{count}  {text}", 19)
        top += 32
    union, total = both + only_truth + only_prediction, 2 * both + only_truth + only_prediction
    for name, value, above, below in (
        ("IoU", mask_iou(truth, prediction), f"{both}", f"{both} + {only_truth} + {only_prediction} = {union}"),
        ("Dice", dice(truth, prediction), f"2 · {both}", f"{both + only_truth} + {both + only_prediction} = {total}"),
    ):
        top += 26
        canvas.text(left, top, f"{name}  {value:.4f}", 32, MIDDLE)
        canvas.text(left + 8, top + 48, above, 19)
        canvas.line([(left, top + 76), (left + 200, top + 76)], INK, 1)
        canvas.text(left + 8, top + 82, below, 19)
        top += 116
    canvas.text(left, top + 24, "Dice = 2 IoU / (1 + IoU)", 17, GREY)
    return canvas.pixels


def guess_mask(truth: Mask) -> Mask:
    """What a network that has learned a little might take a mask, bool `[H, W]`, for: shifted, without fine parts."""
    rows, columns = (np.flatnonzero(truth.any(axis=axis)) for axis in (1, 0))
    extent = max(len(rows), len(columns), 8)
    moved = np.array([[1, 0, extent / 9], [0, 1, extent / 16]], np.float32)
    shifted = cv2.warpAffine(truth.astype(np.float32), moved, truth.shape[::-1])
    return np.asarray(cv2.GaussianBlur(shifted, (0, 0), extent / 20) > 0.45)


def draw_unet(subject: Subject, levels: int, side: int) -> Image:
    """A mask on its way down and up a U-Net, and how much of the image a cell of each level sees."""
    facts = unet_levels(levels, side)
    image = resized(subject.image, side, side)
    mask = np.any(subject.masks, axis=0).astype(np.float32)
    panels = [round(140 * 0.82**level) for level in range(levels)]
    tops = [66 + sum(panel + 26 for panel in panels[:level]) for level in range(levels)]
    canvas = Canvas(tops[-1] + panels[-1] + 420)
    canvas.text(_MARGIN, 16, "A mask on its way through a U-Net", 26)
    step = (WIDTH / 2 - _MARGIN - 140 - panels[-1] / 2) / max(1, levels - 1) * 0.86
    for level, (fact, panel, top) in enumerate(zip(facts, panels, tops, strict=True)):
        small = np.asarray(cv2.resize(mask, (fact.side, fact.side), interpolation=cv2.INTER_AREA))
        left = _MARGIN + step * level
        deepest = level == levels - 1
        places = [WIDTH / 2 - panel / 2] if deepest else [left, WIDTH - left - panel]
        for place in places:
            _draw_features(canvas, small, (place, top, place + panel, top + panel))
        if not deepest:
            _arrow(canvas, (left + panel + 8, top + panel / 2), (WIDTH - left - panel - 10, top + panel / 2))
        size = f"{fact.side} × {fact.side}"
        canvas.text(WIDTH / 2, top + (panel + 4 if deepest else panel / 2 - 25), size, 17, INK, "middle")
    canvas.text(_MARGIN, tops[-1] + panels[-1] - 12, "down: what is it?", 20, GREY)
    canvas.text(WIDTH - _MARGIN, tops[-1] + panels[-1] - 12, "up: where is it?", 20, GREY, "right")
    _draw_receptive_fields(canvas, image, facts, tops[-1] + panels[-1] + 62)
    return canvas.pixels


def _draw_receptive_fields(canvas: Canvas, image: Image, facts: Sequence[UNetLevel], top: float) -> None:
    canvas.text(_MARGIN, top, "How much of the image one cell sees (its receptive field)", 20)
    side = image.shape[0]
    view = canvas.photo(image, (_MARGIN, top + 36, _MARGIN + 300, top + 336))
    frame = Canvas(300, 300)
    frame.pixels[:] = canvas.pixels[round(view.top) : round(view.top) + 300, round(view.left) : round(view.left) + 300]
    for level, fact in reversed([*enumerate(facts)]):
        low, high = (side - fact.seen_down) / 2 * view.scale, (side + fact.seen_down) / 2 * view.scale
        frame.box((low, low, high, high), class_colour(level + 1), 2)
    canvas.pixels[round(view.top) : round(view.top) + 300, round(view.left) : round(view.left) + 300] = frame.pixels
    left, row = 360.0, top + 40
    for place, text in ((60, "level"), (170, "features"), (290, "sees, down"), (400, "sees, up")):
        canvas.text(left + place, row, text, 17, GREY, "right")
    for level, fact in enumerate(facts):
        row += 32
        canvas.fill((left, row + 4, left + 14, row + 18), class_colour(level + 1))
        cells = (str(level), f"{fact.side} × {fact.side}", f"{fact.seen_down} px", f"{fact.seen_up} px")
        for place, text in zip((60, 170, 290, 400), cells, strict=True):
            canvas.text(left + place, row, text, 18, INK, "right")
    row += 48
    canvas.text(left, row, f"of an image of {side} × {side} pixels", 16, GREY)


def _draw_features(canvas: Canvas, small: NDArray[np.float32], area: Area) -> None:
    """The share of each cell that the mask covers, in the cells' own size."""
    left, top, right, bottom = (round(one) for one in area)
    large = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)[..., np.newaxis]
    ground, ink = np.asarray(FAINT, np.float32), np.asarray(MIDDLE, np.float32)
    canvas.pixels[top:bottom, left:right] = (ground + (ink - ground) * large).astype(np.uint8)


def _arrow(canvas: Canvas, start: tuple[float, float], end: tuple[float, float]) -> None:
    canvas.dashes(start, end, GREY, 1)
    canvas.line([(end[0] - 9, end[1] - 6), end, (end[0] - 9, end[1] + 6)], GREY, 2)


def _semantic(subject: Subject, classes: Sequence[int]) -> Image:
    colours = np.array([(0, 0, 0), *map(class_colour, range(1, max(classes) + 1))], np.float32)
    return _tinted(subject.image, colours[semantic(subject.masks, classes)], semantic(subject.masks, classes) > 0)


def _instance(subject: Subject) -> Image:
    # Colours of their own: they mean no class.
    objects = instance(subject.masks)
    colours = np.array([(0, 0, 0), *(class_colour(30 + number) for number in range(len(subject.masks)))], np.float32)
    return _tinted(subject.image, colours[objects], objects > 0)


def _panoptic(subject: Subject, classes: Sequence[int]) -> Image:
    """The class by the colour, the object by its shade and outline, the background in grey."""
    answer = panoptic(subject.masks, classes)
    colours = [np.asarray(GREY, np.float32)]
    for number, class_id in enumerate(classes):
        shade = _SHADES[list(classes[:number]).count(class_id) % len(_SHADES)]
        goal = np.asarray(PAPER if shade > 0 else INK, np.float32)
        own = np.asarray(class_colour(class_id), np.float32)
        colours.append(own + (goal - own) * abs(shade))
    tinted = _tinted(subject.image, np.array(colours)[answer[..., 1]], np.ones(answer.shape[:2], bool))
    for mask in subject.masks:
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(tinted, outlines, -1, PAPER, max(1, tinted.shape[1] // 300))
    return tinted


def _tinted(image: Image, colours: NDArray[np.float32], shown: Mask) -> Image:
    mixed = (1 - _OPACITY) * image + _OPACITY * colours
    return np.where(shown[..., np.newaxis], mixed, image).astype(np.uint8)


def _write_names(canvas: Canvas, subject: Subject, area: Callable[[Sequence[float]], Area]) -> None:
    """The class and the number of each object, in its middle."""
    counts: dict[str, int] = {}
    for mask, name in zip(subject.masks, subject.classes, strict=True):
        counts[name] = counts.get(name, 0) + 1
        if mask.any():
            y, x = (float(np.median(places)) for places in np.nonzero(mask))
            left, top, *_ = area([y, x, y, x])
            canvas.text(left + 1, top - 9, f"{name} {counts[name]}", 15, INK, "middle")
            canvas.text(left, top - 10, f"{name} {counts[name]}", 15, PAPER, "middle")


def _coarse(truth: Mask, prediction: Mask) -> tuple[Mask, Mask]:
    """Both masks on a few large cells, cut to where they are."""
    rows, columns = (np.flatnonzero((truth | prediction).any(axis=axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = truth[part].shape
    cell = max(height, width) / _GRID
    size = max(1, round(width / cell)), max(1, round(height / cell))
    return tuple(  # type: ignore[return-value]
        np.pad(cv2.resize(one[part].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5, 1)
        for one in (truth, prediction)
    )
