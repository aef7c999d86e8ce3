"""What tools do to COCO's JSON that changes its meaning: a root category, turned boxes, corners instead of sides."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tfod.annotations.shapes import Box, Outline, rectangle, turned

__all__ = ["CORNERS", "ROOT", "TURNED", "are_corners", "root_category", "turned_box"]

# What is noted.
ROOT = "categories that only stand above the others, as Roboflow writes them; no object has them, they are no classes"
TURNED = "pictures with boxes that are turned, as CVAT's attributes say; of each the upright extent is the box"
CORNERS = "files whose bbox is x, y, x, y, two corners, as the sizes of their images show; read so"

_SLIP = 1.05  # of an image's side: so far a box may reach
_FEWEST, _LEAST_OUT, _MOST_MISFITS = 5, 0.4, 0.02  # boxes, and parts of them


def are_corners(boxes: Iterable[tuple[Sequence[float], int, int]]) -> bool:
    """Whether boxes, each with the width and the height of its image, are two corners instead of a corner and sides: as
    sides many reach out of their images, as corners next to none does.

    >>> are_corners([((50, 40, 90, 70), 100, 80)] * 5), are_corners([((50, 40, 40, 30), 100, 80)] * 5)
    (True, False)
    """
    count = out = misfits = 0
    for (x, y, right, bottom), width, height in boxes:
        count += 1
        out += x + right > _SLIP * width or y + bottom > _SLIP * height
        misfits += not (x < right <= _SLIP * width and y < bottom <= _SLIP * height)
    return count >= _FEWEST and out >= _LEAST_OUT * count and misfits <= _MOST_MISFITS * count


def root_category(categories: Sequence[object], annotations: Sequence[object]) -> int | None:
    """The id, 0, of the category that Roboflow puts above the others, where no object is of it.

    >>> root_category([{"id": 0, "name": "farm"}, {"id": 1, "name": "pig", "supercategory": "farm"}], [])
    0
    """
    known = [item for item in categories if isinstance(item, dict)]
    first = next((item for item in known if item.get("id") in (0, "0") and item.get("id") is not False), None)
    if first is None or first.get("supercategory") not in (None, "", "none"):
        return None
    stands_above = any(item is not first and item.get("supercategory") == first.get("name") for item in known)
    used = any(isinstance(item, dict) and item.get("category_id") in (0, "0") for item in annotations)
    return 0 if stands_above and not used else None


def turned_box(box: Box, item: Mapping[str, Any]) -> Outline | None:
    """The outline of `box` as the attribute `rotation` of an annotation turns it, in degrees; None where it does not.

    >>> turned_box((0.0, 0.0, 4.0, 2.0), {"attributes": {"rotation": 0.0}}) is None
    True
    """
    attributes = item.get("attributes")
    turn = attributes.get("rotation") if isinstance(attributes, dict) else None
    if isinstance(turn, bool) or not isinstance(turn, int | float) or not 0 < abs(turn) <= 360 or turn % 360 == 0:
        return None
    return turned(rectangle(box), turn)
