"""LabelMe's polygons (a JSON file a picture) as masks."""

import base64
import io
import json
import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tfod.errors import DataError

__all__ = ["read_labelme"]

_CURE = "open the file in LabelMe and save it again, or remove the pair"


def read_labelme(path: str | os.PathLike[str]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The shapes of one file, drawn in their order: uint8 `[H, W]`, and the labels of the values from 1 on.

    0 is what no shape covers. Polygons, rectangles, circles and LabelMe's own masks are areas; lines are drawn one
    pixel thick, points as one pixel.

    Raises:
      DataError: the file cannot be read, says no size, has a shape without label or points, or over 254 labels.
    """
    where = os.fspath(path)
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = json.load(file)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the annotation: {reason}", where, "check the path and its rights") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"the JSON is malformed: {error}", where, _CURE) from error
    try:
        height, width = int(content["imageHeight"]), int(content["imageWidth"])
        shapes = content["shapes"]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError("the file has no imageHeight, imageWidth or shapes of LabelMe's", where, _CURE) from error
    if not (0 < height < 1 << 16 and 0 < width < 1 << 16):
        raise DataError(f"the file says the size {width} x {height}", where, _CURE)
    canvas = Image.new("L", (width, height))
    labels: dict[str, int] = {}
    for number, shape in enumerate(shapes, start=1):
        try:
            _draw(canvas, shape, labels.setdefault(str(shape["label"]).strip(), len(labels) + 1))
        except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
            raise DataError(f"shape {number} cannot be drawn: {error!r}", where, _CURE) from error
    if len(labels) > 254:
        raise DataError(f"the file has {len(labels)} labels", where, "a mask holds up to 254 of them")
    return np.asarray(canvas), tuple(labels)


def _draw(canvas: Image.Image, shape: dict[str, Any], value: int) -> None:
    points = [(float(x), float(y)) for x, y in shape["points"]]
    kind = shape.get("shape_type") or "polygon"
    draw = ImageDraw.Draw(canvas)
    if kind == "mask":
        stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape["mask"]))).convert("L")) > 0
        canvas.paste(value, (round(points[0][0]), round(points[0][1])), Image.fromarray(stored))
    elif kind == "circle":
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=value)
    elif kind == "rectangle":
        (x1, y1), (x2, y2) = points
        draw.rectangle((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), fill=value)
    elif kind in ("polygon", "oriented_rectangle"):
        if len(points) < 3:
            raise ValueError(f"a polygon of {len(points)} points")
        draw.polygon(points, fill=value, outline=value)
    elif kind in ("line", "linestrip"):
        draw.line(points, fill=value)
    elif kind in ("point", "points"):
        draw.point(points, fill=value)
    else:
        raise ValueError(f"of the unknown type {kind!r}")
