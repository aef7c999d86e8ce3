"""Masks in COCO's JSON: `segmentation`, polygons or run lengths."""

from typing import Any

from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.masks import Mask, RunLengths, checked_counts, counts_from_text, counts_to_text
from tfod.annotations.untrusted import as_number, as_pixels
from tfod.errors import DataError

__all__ = ["read_mask", "said_mask"]

_REPAIR = "correct the file in the annotation tool, or remove it"
_Size = tuple[int | None, int | None]  # height, width


def read_mask(value: object, size: _Size, where: str) -> Mask | None:
    """The mask of an object in an image of `size`, height and width as far as the file says them; None where it has
    none. DataError for what cannot be understood."""
    if not value:
        return None
    if isinstance(value, list):
        polygons = (
            tuple(as_number(number, "the segmentation", where) for number in polygon)
            for polygon in (value if isinstance(value[0], list) else [value])
            if isinstance(polygon, list) and len(polygon) % 2 == 0
        )
        return tuple(polygon for polygon in polygons if polygon) or None
    try:
        return _run_lengths(value, size)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"the segmentation cannot be read: {error}", where, _REPAIR) from error


def _run_lengths(value: Any, size: _Size) -> RunLengths:
    height, width = (as_pixels(side) or 0 for side in value["size"])
    if height < 1 or width < 1 or (None not in size and (height, width) != size):
        raise ValueError("its size is not the picture's")
    counts = value["counts"]
    if isinstance(counts, str):
        return RunLengths(height, width, counts_from_text(counts, height * width))
    if not all(isinstance(count, int) for count in counts):
        raise ValueError("its counts are no whole numbers")
    return RunLengths(height, width, checked_counts(counts, height * width))


def said_mask(item: AnnotatedObject) -> object:
    """What the file says of an object's mask."""
    if isinstance(item.mask, RunLengths):
        mask = item.mask
        counts: object = list(mask.counts) if item.crowd else counts_to_text(mask.counts)
        return {"size": [mask.height, mask.width], "counts": counts}
    return [list(polygon) for polygon in item.mask or ()]
