"""Small data sets in the forms in which masks come, drawn."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROAD_COLOURS = ((128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222), (128, 128, 0))
ROAD_NAMES = ("Sky", "Building", "Pole", "Road", "Pavement", "Tree")


def save(values: NDArray[Any], path: Path, mode: str | None = None, **options: Any) -> Path:
    """Writes an array as a picture; the extension says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(values)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def save_palette(indices: NDArray[np.uint8], path: Path, colours: list[tuple[int, int, int]]) -> Path:
    """Writes a palette PNG."""
    picture = Image.fromarray(indices, "P")
    picture.putpalette([channel for colour in colours for channel in colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def crack(side: int = 128, seed: int = 0) -> NDArray[np.uint8]:
    """A wandering line, 0 and 255 alone, about 2 % of the pixels."""
    random = np.random.default_rng(seed)
    rows = np.clip(side // 2 + np.cumsum(random.integers(-1, 2, side)), 2, side - 3)
    mask = np.zeros((side, side), np.uint8)
    for column, row in enumerate(rows):
        mask[row - 1 : row + 2, column] = 255
    return mask


def through_jpeg(mask: NDArray[np.uint8], quality: int = 85) -> NDArray[np.uint8]:
    """The mask as it is after it was saved as JPEG: with strays near both ends, and some between."""
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(io.BytesIO(file.getvalue())))


def road(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """Rectangles of the classes 0 to 5 and of void, 255."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for value in (1, 2, 3, 4, 5, 255):
        top, left = random.integers(0, height - 8), random.integers(0, width - 8)
        mask[top : top + 8 + value % 7, left : left + 8] = value
    return mask


def in_colours(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The road's mask in its colours, void in black."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(ROAD_COLOURS)] = ROAD_COLOURS
    return table[mask]


def cells(side: int = 64, seed: int = 0) -> NDArray[np.uint16]:
    """Discs that carry the numbers 1, 2, 3, ..."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((side, side))
    mask = np.zeros((side, side), np.uint16)
    for number in range(1, 13 + seed):
        y, x = random.integers(4, side - 4, size=2)
        mask[(rows - y) ** 2 + (columns - x) ** 2 < 16] = number
    return mask


def save_labelme(path: Path, size: tuple[int, int], shapes: list[tuple[str, str, list[list[float]]]]) -> Path:
    """Writes a LabelMe file for a picture of the height and width `size`; a shape is label, type and points."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [{"label": label, "shape_type": kind, "points": points} for label, kind, points in shapes]
    content = {"imagePath": path.stem + ".png", "imageHeight": size[0], "imageWidth": size[1], "shapes": entries}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def photo(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A picture of noise, `[H, W, 3]`."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
