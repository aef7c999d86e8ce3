"""LabelMe's JSON: one file a picture, with shapes drawn by hand."""

import base64
import binascii
import io
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from math import cos, hypot, pi, sin
from pathlib import Path
from typing import Any, cast

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Fields
from tfod.annotations.format import Dataset, PassedOverError, Reading, Writing
from tfod.annotations.masks import MOST_PIXELS, Mask, Polygons, RunLengths, bitmap, extent, run_lengths
from tfod.annotations.pictures import find_picture, other_name, picture_stem, plain_name
from tfod.annotations.untrusted import annotation_files, as_number, as_pixels, as_text, each_file, parse_json
from tfod.errors import DataError

__all__ = ["is_labelme", "read_labelme", "read_labelme_file", "write_labelme"]

_CORNERS_OF_A_CIRCLE = 64
_REPAIR = "correct the file in the annotation tool, or remove it"
_AREAS = ("polygon", "oriented_rectangle")  # shapes of which the points are the outline
_FLAGS = ("difficult", "truncated", "occluded", "crowd")  # objects' flags that other formats know


def is_labelme(read: Mapping[str, Any]) -> bool:
    """Whether a JSON object is LabelMe's."""
    return isinstance(read.get("shapes"), list) and "imagePath" in read


def read_labelme(path: str, reading: Reading) -> Dataset:
    """The JSON files below a folder, or one file."""
    paths = annotation_files(path, ".json")
    return Dataset(each_file(lambda file: read_labelme_file(file, reading.image_dir), paths, path, reading), len(paths))


def read_labelme_file(path: str, image_dir: str | None = None) -> AnnotatedImage:
    """One file. The picture is that inside the file (imageData), else looked for as `find_picture` does.

    Boxes are the extents of the shapes; polygons, circles and masks keep their form, and polygons of one label and
    group are one object, as LabelMe means it. Raises DataError for what is no such file or cannot be understood.
    """
    read = parse_json(path)
    if not isinstance(read, dict) or not is_labelme(read):
        other = not isinstance(read, dict) or read.keys().isdisjoint(("shapes", "imagePath"))
        kind = PassedOverError if other else DataError
        raise kind("the JSON is no LabelMe annotation: it has no shapes and imagePath", path, "name such files only")
    size = as_pixels(read.get("imageHeight")), as_pixels(read.get("imageWidth"))
    written = str(read["imagePath"] or "").strip()
    encoded = _image_data(read.get("imageData"), path)
    picture = None if encoded is not None else find_picture(written, path, image_dir) or _relative(written, path)
    filename = as_text(plain_name(picture or written) or picture_stem(path), "the imagePath", path)
    groups: dict[object, AnnotatedObject] = {}
    for index, shape in enumerate(read["shapes"]):
        where = f"{path}, shape {index}"
        item = _object(shape, size, where)
        group = shape.get("group_id")
        together = isinstance(group, int) and isinstance(item.mask, tuple) and not isinstance(item.mask, RunLengths)
        key = (item.class_name, group) if together else index
        groups[key] = _joined(groups[key], item) if key in groups else item
    called = other_name(written, filename) if picture else ""
    objects = tuple(groups.values())
    return AnnotatedImage(path, filename, picture, objects, size[1], size[0], encoded=encoded, written=called)


def _relative(written: str, path: str) -> str | None:
    """The picture as LabelMe finds it, `../photos/a.jpg` from the file's folder; `Roots` judges the place."""
    if not re.match(r"\.\.[/\\]", written):
        return None
    picture = os.path.normpath(os.path.join(os.path.dirname(path), written.replace("\\", "/")))
    return picture if os.path.isfile(picture) else None


def write_labelme(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes SUBSET/STEM.json beside each picture."""
    for image in images:
        path = folder / image.subset / f"{Path(image.filename).stem}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_labelme(image), indent=2) + "\n", encoding="utf-8")


def _image_data(value: object, path: str) -> bytes | None:
    if not value:
        return None
    try:
        return base64.b64decode(str(value), validate=False)
    except (binascii.Error, ValueError) as error:
        raise DataError("the imageData is no base64 text", path, _REPAIR) from error


def _object(shape: Any, size: tuple[int | None, int | None], where: str) -> AnnotatedObject:
    if not isinstance(shape, dict) or not isinstance(shape.get("points"), list):
        raise DataError("the shape has no points", where, _REPAIR)
    points = [_point(point, where) for point in shape["points"]]
    name = as_text(shape.get("label"), "the label", where)
    kind = str(shape.get("shape_type") or "polygon")
    mask = _mask(kind, points, shape, size, where)
    xmin, ymin, xmax, ymax = _box(kind, points, mask, where)
    flags = shape.get("flags")
    raised = {flag for flag in _FLAGS if isinstance(flags, dict) and flags.get(flag) is True}
    told = kind == "rectangle" or (kind in ("polygon", "mask") and mask is not None)
    fields: Fields = () if told else (("shape_type", kind),)
    if "occluded" in raised:
        fields = (*fields, ("occluded", "1"))
    return AnnotatedObject(
        name,
        xmin,
        ymin,
        xmax,
        ymax,
        difficult="difficult" in raised,
        truncated="truncated" in raised,
        crowd="crowd" in raised,
        mask=mask,
        fields=fields,
    )


def _point(point: object, where: str) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise DataError("a point is no pair of numbers", where, _REPAIR)
    return as_number(point[0], "a point", where), as_number(point[1], "a point", where)


def _box(kind: str, points: Sequence[tuple[float, float]], mask: Mask | None, where: str) -> Sequence[float]:
    if kind == "mask" or not points:
        box = extent(mask) if mask else None
        if box is None:
            raise DataError("the shape has no points, or its mask is empty", where, _REPAIR)
        return tuple(map(float, box))
    if kind == "circle":
        (x, y), radius = points[0], _radius(points, where)
        return x - radius, y - radius, x + radius, y + radius
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _radius(points: Sequence[tuple[float, float]], where: str) -> float:
    if len(points) != 2:
        raise DataError("the circle has not two points, its centre and one of its edge", where, _REPAIR)
    return hypot(points[1][0] - points[0][0], points[1][1] - points[0][1])


def _mask(
    kind: str,
    points: Sequence[tuple[float, float]],
    shape: Mapping[str, Any],
    size: tuple[int | None, int | None],
    where: str,
) -> Mask | None:
    if kind == "mask":
        try:
            return _unpacked(shape, points, size)
        except (ValueError, TypeError, OSError, SyntaxError, binascii.Error) as error:
            raise DataError(f"the mask cannot be read: {error}", where, _REPAIR) from error
    if kind == "circle":
        (x, y), radius = points[0] if points else (0.0, 0.0), _radius(points, where)
        turns = [2 * pi * number / _CORNERS_OF_A_CIRCLE for number in range(_CORNERS_OF_A_CIRCLE)]
        return (tuple(side for turn in turns for side in (x + radius * cos(turn), y + radius * sin(turn))),)
    if kind in _AREAS and len(points) >= 3:
        return (tuple(side for point in points for side in point),)
    return None


def _unpacked(
    shape: Mapping[str, Any], points: Sequence[tuple[float, float]], size: tuple[int | None, int | None]
) -> RunLengths:
    """The mask inside its box, a PNG, as run lengths of the picture. Its size is known before it is decoded."""
    import numpy as np
    from PIL import Image

    height, width = size
    if not height or not width or not 0 < height * width <= MOST_PIXELS or len(points) != 2:
        raise ValueError("the picture's size or the mask's two points are missing or of no sense")
    left, top = (round(side) for side in points[0])
    with Image.open(io.BytesIO(base64.b64decode(str(shape.get("mask"))))) as picture:
        columns, rows = picture.size
        if picture.format != "PNG" or left < 0 or top < 0 or left + columns > width or top + rows > height:
            raise ValueError("it is no PNG, or reaches out of the picture")
        pixels = np.zeros((height, width), bool)
        pixels[top : top + rows, left : left + columns] = np.asarray(picture.convert("L")) > 0
    return run_lengths(pixels)


def _joined(first: AnnotatedObject, second: AnnotatedObject) -> AnnotatedObject:
    return first._replace(
        xmin=min(first.xmin, second.xmin),
        ymin=min(first.ymin, second.ymin),
        xmax=max(first.xmax, second.xmax),
        ymax=max(first.ymax, second.ymax),
        mask=cast(Polygons, (*(first.mask or ()), *(second.mask or ()))),
    )


def _labelme(image: AnnotatedImage) -> dict[str, Any]:
    shapes = [shape for number, item in enumerate(image.objects) for shape in _shapes(image, item, number)]
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": image.filename,
        "imageData": None,
        "imageHeight": image.height,
        "imageWidth": image.width,
    }


def _shapes(image: AnnotatedImage, item: AnnotatedObject, number: int) -> list[dict[str, Any]]:
    raised = {"difficult": item.difficult, "truncated": item.truncated, "crowd": item.crowd}
    flags = {flag: True for flag in _FLAGS if raised.get(flag) or (flag, "1") in item.fields}
    shape = {"label": item.class_name, "group_id": None, "description": "", "flags": flags, "mask": None}
    kind = dict(item.fields).get("shape_type", "rectangle")
    box = [[item.xmin, item.ymin], [item.xmax, item.ymax]]
    if kind == "circle":
        x, y = (item.xmin + item.xmax) / 2, (item.ymin + item.ymax) / 2
        return [{**shape, "shape_type": "circle", "points": [[x, y], [item.xmax, y]]}]
    if isinstance(item.mask, RunLengths):
        return [{**shape, "shape_type": "mask", **_packed(image, item.mask)}]
    if item.mask:
        group = number if len(item.mask) > 1 else None
        outlines = [[list(point) for point in zip(line[0::2], line[1::2], strict=True)] for line in item.mask]
        return [{**shape, "shape_type": "polygon", "points": points, "group_id": group} for points in outlines]
    if kind in ("line", "linestrip", "points"):
        return [{**shape, "shape_type": "line" if kind == "linestrip" else kind, "points": box}]
    return [
        {**shape, "shape_type": "point" if kind == "point" else "rectangle", "points": box[: 1 + (kind != "point")]}
    ]


def _packed(image: AnnotatedImage, mask: RunLengths) -> dict[str, Any]:
    from PIL import Image

    left, top, right, bottom = map(int, extent(mask) or (0, 0, 1, 1))
    pixels = bitmap(mask, mask.height, mask.width)[top:bottom, left:right]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    # Two pixels of the mask, both inside it: LabelMe's own corners.
    points = [[left, top], [right - 1, bottom - 1]]
    return {"points": points, "mask": base64.b64encode(buffer.getvalue()).decode()}
