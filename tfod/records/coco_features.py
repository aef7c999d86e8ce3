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


def coco_features(objects: Sequence[AnnotatedObject], height: int, width: int, where: str) -> Mapping[str, Feature]:
    """The features is_crowd, area and, where an object has one, mask (a PNG of the whole image for each object).

    An area that the annotation lacks is that of the box. Raises DataError for a mask that does not fit the image.
    """
    features = {
        names.OBJECT_IS_CROWD: int64_feature([item.crowd for item in objects]),
        names.OBJECT_AREA: float_feature(map(_area, objects)),
    }
    if any(item.mask for item in objects):
        features[names.OBJECT_MASK] = bytes_feature(*(_png(item, height, width, where) for item in objects))
    return features


def _area(item: AnnotatedObject) -> float:
    return abs((item.xmax - item.xmin) * (item.ymax - item.ymin)) if item.area is None else item.area


def _png(item: AnnotatedObject, height: int, width: int, where: str) -> bytes:
    try:
        # An object without a mask among others with one: its box, as PNG masks have to be one for each.
        outline = (item.xmin, item.ymin, item.xmax, item.ymin, item.xmax, item.ymax, item.xmin, item.ymax)
        pixels = bitmap(item.mask or (outline,), height, width)
    except ValueError as error:
        raise DataError(f"a mask cannot be written: {error}", where, "correct it, or remove it") from error
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
