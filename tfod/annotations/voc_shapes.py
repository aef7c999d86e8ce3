"""Shapes of Pascal VOC's objects that are no upright boxes: roLabelImg's turned boxes, polygons, CVAT's rotation."""

import re
from collections.abc import Sequence
from math import degrees, pi

from lxml import etree

from tfod.annotations.shapes import Box, Outline, outline_extent, rectangle, turned
from tfod.errors import DataError

__all__ = ["SIDES", "Texts", "shape_extents"]

SIDES = ("xmin", "ymin", "xmax", "ymax")
Texts = dict[str, str | None]

_TURNED = "pictures with turned boxes; of each the upright extent is the box"
_POLYGONS = "pictures with polygons without a box; of each the extent is the box"
_NUMBER = re.compile(r"-?\d{1,3}(\.\d+)?", re.ASCII)
_REPAIR = "correct the file in the annotation tool, or remove it"


def shape_extents(shapes: Sequence[etree._Element], boxes: Sequence[Texts], where: str) -> tuple[str, list[Box]]:
    """What is to be noted, and the extents of an object's `shapes`: <robndbox>, <polygon> and <attributes>.

    `boxes` are the sides of its <bndbox> as texts: where there is one, it counts, turned as <attributes> say. Nothing
    is noted and there are no extents where the boxes are to be read as they are. DataError for a shape that cannot be
    understood.
    """
    by_tag: dict[str, list[etree._Element]] = {}
    for shape in shapes:
        by_tag.setdefault(shape.tag, []).append(shape)
    try:
        if boxes:
            turn = _rotation(by_tag.get("attributes", ()))
            outlines = [turned(_corners(box), turn) for box in boxes] if turn else []
        else:
            outlines = [_turned_box(shape) for shape in by_tag.get("robndbox", ())]
        pieces = tuple(side for shape in by_tag.get("polygon", ()) for side in _points(shape))
        if pieces and not boxes and not outlines:
            return _POLYGONS, [outline_extent(pieces)]
    except (KeyError, ValueError) as error:
        what = f"has no <{error.args[0]}>" if isinstance(error, KeyError) else f"cannot be understood: {error}"
        raise DataError(f"the object's shape {what}", where, _REPAIR) from error
    return _TURNED if outlines else "", [outline_extent(outline) for outline in outlines]


def _turned_box(element: etree._Element) -> Outline:
    """roLabelImg's <robndbox>: centre, sides, and an angle in radians."""
    said = {side.tag: side.text for side in element}
    x, y, width, height, angle = (float(said[name] or "") for name in ("cx", "cy", "w", "h", "angle"))
    if abs(angle) > 2 * pi:
        raise ValueError(f"the <angle> {angle:g} is none in radians")
    return turned(rectangle((x - width / 2, y - height / 2, x + width / 2, y + height / 2)), degrees(angle))


def _points(element: etree._Element) -> Outline:
    """The corners of a <polygon>: <x1>, <y1>, <x2>, ..., or <pt> with <x> and <y>."""
    points = [child for child in element if child.tag == "pt"]
    if points:
        return tuple(float(point.findtext(side) or "") for point in points for side in "xy")
    said = {child.tag: child.text for child in element}
    numbers = [tag[1:] for tag in said if tag.startswith("x") and tag[1:].isdecimal()]
    return tuple(float(said[f"{side}{number}"] or "") for number in numbers for side in "xy")


def _rotation(attributes: Sequence[etree._Element]) -> float:
    """The attribute `rotation`, in degrees, which CVAT writes beside the box as it was before it was turned."""
    for one in attributes:
        for attribute in one:
            if attribute.findtext("name") == "rotation":
                value = (attribute.findtext("value") or "").strip()
                return float(value) % 360 if _NUMBER.fullmatch(value) else 0.0  # people have such attributes too
    return 0.0


def _corners(box: Texts) -> Outline:
    xmin, ymin, xmax, ymax = (float(box[side] or "") for side in SIDES)
    return rectangle((xmin, ymin, xmax, ymax))
