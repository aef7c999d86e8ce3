"""What records hold of objects beyond boxes: crowds, areas, and masks as PNG images."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from tfod import names
from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.masks import MOST_PIXELS, RunLengths, bitmap, run_lengths
from tfod.errors import DataError
from tfod.records.example import Feature, bytes_feature, float_feature, int64_feature

__all__ = ["coco_features", "mask_from_png"]


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


def mask_from_png(data: bytes, height: int, width: int) -> RunLengths | None:
    """The mask in a record, None for one without a pixel; ValueError for one of another size, or too large."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != (width, height) or height * width > MOST_PIXELS:
                raise ValueError(f"the mask is of {picture.size[0]} x {picture.size[1]} pixels")
            pixels = np.asarray(picture.convert("L")) > 0
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("the mask is no PNG") from error
    return run_lengths(pixels) if pixels.any() else None


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
