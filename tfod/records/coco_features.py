"""What records hold of objects beyond boxes: crowds, areas, and masks as PNG images."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from tfod import names
from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.masks import bitmap
from tfod.errors import DataError
from tfod.records.example import Feature, bytes_feature, float_feature, int64_feature

__all__ = ["coco_features"]


def coco_features(
    objects: Sequence[AnnotatedObject], size: tuple[int, int], orientation: int, where: str
) -> Mapping[str, Feature]:
    """The features is_crowd, area and, where an object has one, mask (a PNG of the whole image for each object).

    An area that the annotation lacks is that of the box. `size` is the image's as it is annotated, width and height in
    pixels; `orientation` EXIF's, where that is as a viewer shows it, else 1: masks are turned to the stored pixels.
    Raises DataError for a mask that does not fit the image.
    """
    features = {
        names.OBJECT_IS_CROWD: int64_feature([item.crowd for item in objects]),
        names.OBJECT_AREA: float_feature(map(_area, objects)),
    }
    if any(item.mask for item in objects):
        features[names.OBJECT_MASK] = bytes_feature(*(_png(item, size, orientation, where) for item in objects))
    return features


def _area(item: AnnotatedObject) -> float:
    return abs((item.xmax - item.xmin) * (item.ymax - item.ymin)) if item.area is None else item.area


def _png(item: AnnotatedObject, size: tuple[int, int], orientation: int, where: str) -> bytes:
    width, height = size
    try:
        # An object without a mask among others with one: its box, as PNG masks have to be one for each.
        outline = (item.xmin, item.ymin, item.xmax, item.ymin, item.xmax, item.ymax, item.xmin, item.ymax)
        pixels = bitmap(item.mask or (outline,), height, width)
    except ValueError as error:
        raise DataError(f"a mask cannot be written: {error}", where, "correct it, or remove it") from error
    if orientation in (5, 6, 7, 8):  # as `tfod.annotations.placement.as_stored` turns boxes
        pixels = pixels.T[:: -1 if orientation in (6, 7) else 1, :: -1 if orientation in (7, 8) else 1]
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
