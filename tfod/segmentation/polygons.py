"""From a map of classes to polygons, and these as COCO JSON and as LabelMe JSON."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.files import write_text
from tfod.segmentation.classes import ClassTable

__all__ = ["Polygon", "coco_json", "polygons_of", "write_labelme"]

# How far, in pixels, a polygon may leave the border of what it surrounds: no further than the pixels are large.
_TOLERANCE = 0.5
_FEWEST_PIXELS = 4


class Polygon(NamedTuple):
    """What is connected of one class: corners float64 `[N, 2]` as x, y in pixels, N of 3 or more; its pixels, holes not
    counted. A hole is cut out by a seam: the line goes in, around it, and out on the same way."""

    class_id: int
    points: NDArray[np.float64]
    area: int


def polygons_of(classes: NDArray[np.uint8], skip: Iterable[int] = (0,)) -> list[Polygon]:
    """Polygons of all connected parts of all classes but those in `skip`, uint8 `[H, W]`; the tiniest are left out.

    A polygon runs a quarter of a pixel inside the borders of its pixels, so that drawn it gives just these
    back. Parts that touch at a corner alone are connected.
    """
    found = []
    for class_id in np.setdiff1d(np.unique(classes), np.fromiter(skip, np.uint8)):
        # Twice as large, so that the middles of the outermost small pixels are half a pixel inside the border.
        mask = np.kron((classes == class_id).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        for number, (_, _, first_hole, parent) in enumerate(tree[0] if tree is not None else ()):
            if parent >= 0:
                continue
            rings = [contours[number][:, 0]]
            while first_hole >= 0:
                rings.append(contours[first_hole][:, 0])
                first_hole = tree[0][first_hole][0]
            area = _pixels(mask, rings)
            if area >= _FEWEST_PIXELS:
                found.append(Polygon(int(class_id), _one_ring([_simplified(ring) for ring in rings]), area))
    return found


def coco_json(pictures: Iterable[tuple[str, int, int, list[Polygon]]], classes: ClassTable) -> dict[str, Any]:
    """COCO's `images`, `annotations` and `categories`, of (file name, height, width, polygons) of each picture.

    Category ids are class ids; COCO keeps 0 free, and class 0 is the background.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (name, height, width, polygons) in enumerate(pictures, start=1):
        images.append({"id": image_id, "file_name": name, "height": height, "width": width})
        for polygon in polygons:
            (left, top), (right, bottom) = polygon.points.min(axis=0), polygon.points.max(axis=0)
            annotations.append({
                "id": len(annotations) + 1,
                "image_id": image_id,
                "category_id": polygon.class_id,
                "segmentation": [[round(float(value), 2) for value in polygon.points.ravel()]],
                "bbox": [round(float(value), 2) for value in (left, top, right - left, bottom - top)],
                "area": polygon.area,
                "iscrowd": 0,
            })  # fmt: skip
    categories = [{"id": number, "name": name} for number, name in enumerate(classes.names)]
    return {"images": images, "annotations": annotations, "categories": categories}


def write_labelme(
    path: Path, picture: Path, size: tuple[int, int], polygons: list[Polygon], classes: ClassTable
) -> None:
    """Writes what the program labelme opens: polygons beside the picture's path; `size` is height and width."""
    content: Mapping[str, Any] = {
        "version": "5.0.0",
        "flags": {},
        "shapes": [
            {
                "label": classes.names[polygon.class_id],
                "points": [[round(float(x), 2), round(float(y), 2)] for x, y in polygon.points],
                "group_id": None,
                "shape_type": "polygon",
                "flags": {},
            }
            for polygon in polygons
        ],
        "imagePath": str(picture),
        "imageData": None,
        "imageHeight": size[0],
        "imageWidth": size[1],
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _pixels(doubled: NDArray[np.uint8], rings: list[NDArray[Any]]) -> int:
    corner = rings[0].min(axis=0)
    size = rings[0].max(axis=0) - corner + 1
    filled: NDArray[Any] = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(filled, [np.ascontiguousarray(ring - corner) for ring in rings[:1]], (1,))
    part = doubled[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]]
    inside = int((filled & part).sum())
    return inside // 4


def _simplified(ring: NDArray[Any]) -> NDArray[np.float64]:
    """In pixels of the picture, without needless corners."""
    points: NDArray[Any] = ring.astype(np.float32)
    if len(points) > 8:
        points = cv2.approxPolyDP(points, 2 * _TOLERANCE, closed=True)[:, 0]
    return (points.astype(np.float64) + 0.5) / 2.0


def _one_ring(rings: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The outer ring with a seam to each hole, at the places where the two are nearest."""
    outline = rings[0]
    for hole in rings[1:]:
        distances = np.square(outline[:, np.newaxis] - hole[np.newaxis]).sum(axis=-1)
        here, there = np.unravel_index(int(np.argmin(distances)), distances.shape)
        around = np.roll(hole, -there, axis=0)
        outline = np.concatenate([outline[: here + 1], around, around[:1], outline[here:]])
    return outline
