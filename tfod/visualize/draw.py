"""Objects: boxes with names and scores, masks and skeletons, drawn so that they can be read on images of any size.

Lines and letters grow with the picture. Where labels would lie on each other, they look for a free place at
their box; the best-scored choose first and lie on top.
"""

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tfod.visualize.colours import class_colour, text_colour
from tfod.visualize.letters import drawable
from tfod.visualize.shapes import Skeletons, blend_mask, draw_skeleton, in_mask
from tfod.visualize.style import DARK, Style

__all__ = ["draw_boxes", "enlarge_small", "mosaic"]

Array = NDArray[Any]
Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom are outside


class _Label(NamedTuple):
    text: str
    colour: tuple[int, int, int]
    size: tuple[int, int]  # width, height in pixels


def draw_boxes(
    image: Array,
    boxes: Array,
    labels: Sequence[str],
    scores: Sequence[float] | Array | None = None,
    class_ids: Sequence[int] | Array | None = None,
    *,
    masks: Array | None = None,
    skeletons: Skeletons | None = None,
    side: float | None = None,
) -> Array:
    """A copy of the image with boxes and labels; the label of a box with a score reads `cat  93%`.

    Args:
      image: uint8 [H, W, 3], RGB; not modified.
      boxes: [N, 4] yxyx normalised to [0, 1]; what lies outside is cut off, boxes with NaN are left out.
      labels: one text a box; an empty one draws the bare box.
      scores: [N] in [0, 1].
      class_ids: [N], 1-based, they choose the colours; every box is of class 1 without them.
      masks: [N, h, w], the whole image at any size; bool or whole numbers, 0 outside, or floats, at most 0.5 outside.
        They are blended in the colours of the boxes, below all lines.
      skeletons: keypoints of the N objects, above the boxes and below the labels.
      side: in pixels; lines and letters are no larger than on a square image of this side.

    Returns:
      uint8 [H, W, 3].
    """
    scores_or_ones = np.ones(len(boxes)) if scores is None else np.asarray(scores, np.float64)
    ids = np.ones(len(boxes), np.int64) if class_ids is None else np.asarray(class_ids, np.int64)
    colours = [class_colour(int(identity)) for identity in ids]
    drawable = [i for i in range(len(boxes)) if np.isfinite(boxes[i]).all()]
    best_first = sorted(drawable, key=lambda i: -scores_or_ones[i])
    height, width = image.shape[:2]
    style = Style.of(width, height, side)
    if masks is not None:
        image = np.array(image, np.uint8)
        for i in reversed(best_first):
            blend_mask(image, in_mask(masks[i], height, width), colours[i], style.line)
    picture = Image.fromarray(np.asarray(image, np.uint8))
    canvas = ImageDraw.Draw(picture)
    canvas.fontmode = "L"
    rectangles = {i: _to_pixels(boxes[i], *picture.size) for i in best_first}
    for i in reversed(best_first):
        _draw_rectangle(canvas, rectangles[i], colours[i], style)
    if skeletons is not None:
        points = np.asarray(skeletons.points, np.float64)[..., ::-1] * picture.size
        visible = np.ones(points.shape[:2]) if skeletons.visible is None else np.asarray(skeletons.visible)
        for i in reversed(best_first):
            draw_skeleton(canvas, points[i], visible[i] > 0, skeletons.edges, colours[i], style)
    texts = labels if scores is None else [f"{labels[i]}  {scores_or_ones[i]:.0%}" for i in range(len(labels))]
    named = {i: _make_label(texts[i], colours[i], width, style) for i in best_first if labels[i]}
    _draw_labels(canvas, named, rectangles, picture.size, style)
    return np.asarray(picture)


def _draw_labels(
    canvas: Any,
    labels: Mapping[int, _Label],
    boxes: Mapping[int, Rectangle],
    picture_size: tuple[int, int],
    style: Style,
) -> None:
    """Draws the labels of boxes: the first choose their place first, and lie on top."""
    taken = np.empty((len(labels), 4), np.int64)
    for count, (i, label) in enumerate(labels.items()):
        taken[count] = _place(label.size, _rim(boxes[i], style), picture_size, taken[:count])
    for label, (left, top, right, bottom) in reversed(list(zip(labels.values(), taken.tolist(), strict=True))):
        _draw_label(canvas, label, (left, top, right, bottom), style)


def enlarge_small(image: Array, least_side: int = 320) -> Array:
    """A picture whose longer side is shorter than `least_side`, a whole number of times larger; else itself.

    Labels of a size that can be read would cover a thumbnail. uint8 [H, W, 3] to uint8 [k H, k W, 3].
    """
    factor = math.ceil(least_side / max(image.shape[:2]))
    if factor == 1:
        return image
    picture = Image.fromarray(np.asarray(image, np.uint8))
    size = (picture.width * factor, picture.height * factor)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def mosaic(
    images: Sequence[Array],
    columns: int | None = None,
    captions: Sequence[str] = (),
    cell_size: tuple[int, int] | None = None,
) -> Array:
    """Pictures in a grid on dark ground, each scaled to fit its cell with its proportions kept.

    Args:
      images: uint8 [H, W, 3] each, at least one, sizes may differ.
      columns: how many side by side; by default a grid as square as can be.
      captions: one text a picture, drawn above it.
      cell_size: (height, width) of a cell in pixels; by default that of the largest picture.

    Returns:
      uint8 [H', W', 3].
    """
    columns = columns or math.ceil(math.sqrt(len(images)))
    height, width = cell_size or (max(i.shape[0] for i in images), max(i.shape[1] for i in images))
    style = Style.of(width, height)
    gap = max(2, style.line * 2)
    header = style.letters.height + 2 * style.padding if captions else 0
    rows = math.ceil(len(images) / columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + header + gap) + gap), DARK)
    canvas = ImageDraw.Draw(sheet)
    for index, image in enumerate(images):
        left = gap + index % columns * (width + gap)
        top = gap + index // columns * (height + header + gap)
        if captions:
            text = _shorten(captions[index], width, style)
            style.letters.draw(canvas, (left, top + header / 2), text, (255, 255, 255))
        picture = _fit(Image.fromarray(np.asarray(image, np.uint8)), width, height)
        corner = (left + (width - picture.width) // 2, top + header + (height - picture.height) // 2)
        sheet.paste(picture, corner)
    return np.asarray(sheet)


def _to_pixels(box: Array, width: int, height: int) -> Rectangle:
    """Cuts the box at the picture's edge; at least one pixel is left of it."""
    ymin, xmin, ymax, xmax = np.clip(np.asarray(box, np.float64), 0.0, 1.0)
    left, top = min(round(xmin * width), width - 1), min(round(ymin * height), height - 1)
    return left, top, max(round(xmax * width), left + 1), max(round(ymax * height), top + 1)


def _draw_rectangle(canvas: Any, rectangle: Rectangle, colour: tuple[int, int, int], style: Style) -> None:
    if style.halo:  # A dark rim keeps a line visible on ground of its own colour.
        left, top, right, bottom = _rim(rectangle, style)
        canvas.rectangle((left, top, right - 1, bottom - 1), outline=DARK, width=style.line + 2 * style.halo)
    left, top, right, bottom = rectangle
    canvas.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=style.line)


def _rim(rectangle: Rectangle, style: Style) -> Rectangle:
    left, top, right, bottom = rectangle
    return left - style.halo, top - style.halo, right + style.halo, bottom + style.halo


def _make_label(text: str, colour: tuple[int, int, int], room: int, style: Style) -> _Label:
    text = _shorten(text, room - 2 * style.padding, style)
    width = math.ceil(style.letters.width(text)) + 2 * style.padding
    return _Label(text, colour, (width, style.letters.height + style.padding))


def _draw_label(canvas: Any, label: _Label, rectangle: Rectangle, style: Style) -> None:
    left, top, right, bottom = rectangle
    canvas.rectangle((left, top, right - 1, bottom - 1), fill=label.colour)
    style.letters.draw(canvas, (left + style.padding, (top + bottom) / 2), label.text, text_colour(label.colour))


def _place(
    size: tuple[int, int], box: Rectangle, picture_size: tuple[int, int], taken: Array | Sequence[Rectangle]
) -> Rectangle:
    """The first place at the box that is free, or the one that covers least of the labels placed before."""
    others = np.reshape(taken, (-1, 4))
    return min(_candidates(size, box, picture_size), key=lambda place: _covered(place, others))


def _candidates(size: tuple[int, int], box: Rectangle, picture_size: tuple[int, int]) -> Iterator[Rectangle]:
    """Places for a label, best first: above the box, inside at its top, below it, inside at its bottom."""
    width, height = size
    left, top, right, bottom = box
    for y in (top - height, top, bottom, bottom - height):
        if y != top and not 0 <= y <= picture_size[1] - height:
            continue
        for x in (left, right - width, (left + right - width) // 2):
            x = max(0, min(x, picture_size[0] - width))
            y = max(0, min(y, picture_size[1] - height))
            yield x, y, x + width, y + height


def _covered(place: Rectangle, taken: Array) -> int:
    """How many pixels of the rectangles `taken`, `[N, 4]`, lie under a place, each counted for itself."""
    sides = np.minimum(taken[:, 2:], place[2:]) - np.maximum(taken[:, :2], place[:2])
    return int(np.maximum(sides, 0).prod(axis=1).sum())


def _shorten(text: str, room: int, style: Style) -> str:
    """The text, with its middle left out where it is wider than `room` pixels: the score stays readable."""
    text = drawable(text)
    if style.letters.width(text) <= room:
        return text

    def shorter(kept: int) -> str:
        return text[: kept // 2] + "…" + text[len(text) - (kept - kept // 2) :]

    def width(kept: int) -> float:
        return style.letters.width(shorter(kept))

    fitting = bisect.bisect_right(range(2, len(text)), float(room), key=width)
    return shorter(fitting + 1) if fitting else text[-1:]


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    if scale == 1.0:
        return picture
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)
