"""LabelMe's shapes (a JSON file a picture) as a mask."""

import os

import numpy as np
from numpy.typing import NDArray

from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.labelme import read_labelme_file
from tfod.annotations.masks import MOST_PIXELS, Polygons, bitmap
from tfod.errors import DataError

__all__ = ["labelme_mask"]

_CURE = "open the file in LabelMe and save it again, or remove the pair"
_MOST_LABELS = 254


def labelme_mask(path: str | os.PathLike[str]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The shapes of one file, drawn in their order: uint8 `[H, W]`, and the labels of the values from 1 on.

    0 is what no shape covers. Polygons, rectangles, circles and LabelMe's own masks are areas; polygons of one group
    are one shape.

    Raises:
      DataError: the file cannot be read, says no size, has a shape without label or area, or over 254 labels.
    """
    where = os.fspath(path)
    image = read_labelme_file(where)
    height, width = image.height or 0, image.width or 0
    if min(height, width) <= 0 or height * width > MOST_PIXELS:
        raise DataError("imageHeight and imageWidth are missing or of no sense", where, _CURE)
    labels = tuple(dict.fromkeys(item.class_name for item in image.objects))
    if len(labels) > _MOST_LABELS:
        raise DataError(f"the file has {len(labels)} labels", where, f"a mask holds up to {_MOST_LABELS} of them")
    drawn = np.zeros((height, width), np.uint8)
    for item in image.objects:
        try:
            drawn[bitmap(item.mask or _rectangle(item), height, width)] = 1 + labels.index(item.class_name)
        except ValueError as error:
            raise DataError(f"a shape of {item.class_name!r} cannot be drawn: {error}", where, _CURE) from error
    return drawn, labels


def _rectangle(item: AnnotatedObject) -> Polygons:
    kind = dict(item.fields).get("shape_type", "rectangle")
    if kind != "rectangle":
        raise ValueError(f"a {kind} has no area, draw around what belongs to it")
    return ((item.xmin, item.ymin, item.xmax, item.ymin, item.xmax, item.ymax, item.xmin, item.ymax),)
