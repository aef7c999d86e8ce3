"""An image with a mask file, as the U-Net learns from: its regions are taken for objects."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.inference.images import read_image
from tfod.lessons.subject import Subject
from tfod.segmentation.classes import VOID
from tfod.segmentation.masks import decode_mask
from tfod.segmentation.raw_masks import read_raw, summarise
from tfod.segmentation.recognise import recognise

__all__ = ["read_masked"]

_LEAST_SHARE = 0.002  # of the image: smaller regions are specks


def read_masked(image_path: str, mask_path: str) -> Subject:
    """The image with an object for each region of one class; the class of most pixels at its edge is the background.

    Raises DataError where one cannot be read, or they are of two sizes.
    """
    image, raw = read_image(image_path), read_raw(mask_path)
    encoding = recognise([summarise(raw, mask_path)])
    ids = decode_mask(raw, encoding)
    if ids.shape != image.shape[:2]:
        height, width = ids.shape
        what = f"the mask is of {width} x {height} pixels, the image of {image.shape[1]} x {image.shape[0]}"
        raise DataError(what, mask_path, "name the mask of this image")
    edge = np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]])
    background = np.bincount(edge).argmax()
    masks, names = [], []
    for class_id in np.setdiff1d(ids, [background, VOID]).tolist():
        count, regions = cv2.connectedComponents((ids == class_id).astype(np.uint8))
        for region in range(1, count):
            mask = regions == region
            if mask.mean() >= _LEAST_SHARE:
                masks.append(mask)
                names.append(encoding.classes.names[class_id])
    boxes = [_box(mask) for mask in masks]
    return Subject(
        Path(image_path).name,
        image,
        np.asarray(boxes, np.float64).reshape(-1, 4),
        tuple(names),
        np.asarray(masks, bool).reshape(-1, *ids.shape),
    )


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
