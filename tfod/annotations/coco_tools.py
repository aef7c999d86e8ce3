"""What tools add to COCO's JSON that changes its meaning: Roboflow's root category, CVAT's turned boxes."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfod.annotations.shapes import Box, Outline, rectangle, turned

__all__ = ["ROOT", "TURNED", "root_category", "turned_box"]

# What is noted.
ROOT = "categories that only stand above the others, as Roboflow writes them; no object has them, they are no classes"
TURNED = "pictures with boxes that are turned, as CVAT's attributes say; of each the upright extent is the box"


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
