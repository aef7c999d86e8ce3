"""A contact sheet: picture | mask | overlay of some pairs, as a page or as one picture."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tfod.errors import OutputError
from tfod.files import write_text
from tfod.segmentation.classes import VOID, ClassTable
from tfod.segmentation.draw import coloured, overlaid, side_by_side
from tfod.visualize.letters import Lettering
from tfod.visualize.page import Page
from tfod.visualize.save import save_image

__all__ = ["Row", "choose_rows", "write_sheet"]

_WIDTH = 1080  # pixels of a row
_TALLEST = 420
_CAPTION = 22

Row = tuple[str, NDArray[np.uint8], NDArray[np.uint8]]
"""Caption, picture uint8 `[H, W, 3]`, mask uint8 `[H, W]`."""


def choose_rows(class_pixels: NDArray[np.int64], first: Sequence[int], count: int) -> list[int]:
    """Numbers of up to `count` pairs to show: those of `first` (half of the sheet at most), for each class the pair
    that has most of it, and others spread over the data set.

    >>> choose_rows(np.array([[9, 0], [5, 1], [9, 0], [9, 0]]), first=[3], count=3)
    [3, 0, 1]
    """
    total = len(class_pixels)
    largest = class_pixels.argmax(axis=0)[class_pixels.any(axis=0)].tolist()
    spread = np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()
    return list(dict.fromkeys([*first[: max(count // 2, 1)], *largest, *spread]))[:count]


def write_sheet(path: str, rows: Sequence[Row], classes: ClassTable, notes: str) -> None:
    """Writes the sheet: a page (.html), with `notes` and the colours of the classes, or one picture (.jpg, .png).

    Raises OutputError for another extension, and where the place cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix in (".html", ".htm"):
        write_text(path, _page(rows, classes, notes))
    elif suffix in (".jpg", ".jpeg", ".png"):
        save_image(np.concatenate([_captioned(row, classes) for row in rows]), path, quality=90)
    else:
        raise OutputError("a contact sheet is a page or a picture", path, "name it .html or .jpg")


def _page(rows: Sequence[Row], classes: ClassTable, notes: str) -> str:
    page = Page("Pictures and masks")
    page.text("Picture, mask, and the mask laid over the picture. Light grey is void.")
    page.key(classes.names, classes.colours)
    for caption, picture, mask in rows:
        page.picture(_row(picture, mask, classes), f"{caption} - {_shares(mask, classes)}")
    page.heading("How the masks are read")
    page.code(notes)
    return page.html()


def _row(picture: NDArray[np.uint8], mask: NDArray[np.uint8], classes: ClassTable) -> NDArray[np.uint8]:
    drawn = side_by_side([picture, coloured(mask, classes), overlaid(picture, mask, classes)])
    factor = min(_WIDTH / drawn.shape[1], _TALLEST / drawn.shape[0])
    size = (max(round(drawn.shape[1] * factor), 1), max(round(drawn.shape[0] * factor), 1))
    # What is small is shown in whole pixels; what is large must not lose thin lines.
    return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST))


def _captioned(row: Row, classes: ClassTable) -> NDArray[np.uint8]:
    caption, picture, mask = row
    drawn = _row(picture, mask, classes)
    canvas = Image.new("RGB", (_WIDTH, drawn.shape[0] + _CAPTION), "white")
    canvas.paste(Image.fromarray(drawn), (0, _CAPTION))
    text = f"{caption} - {_shares(mask, classes)}"
    Lettering(13).draw(ImageDraw.Draw(canvas), (4, _CAPTION / 2), text, "black")
    return np.asarray(canvas)


def _shares(mask: NDArray[np.uint8], classes: ClassTable) -> str:
    counts = np.bincount(mask.ravel(), minlength=VOID + 1)
    present = sorted(np.flatnonzero(counts[: len(classes.names)]), key=lambda number: -counts[number])
    parts = [f"{classes.names[number]} {counts[number] / mask.size:.1%}" for number in present[:6]]
    parts += [f"and {len(present) - 6} more classes"] if len(present) > 6 else []
    return ", ".join(parts + ([f"void {counts[VOID] / mask.size:.1%}"] if counts[VOID] else []))
