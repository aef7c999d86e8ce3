"""Keypoints in COCO's JSON: `keypoints` of an object as x, y, visibility, ..., names and lines of its category."""

from collections.abc import Mapping
from typing import Any

from tfod.annotations.annotated_image import AnnotatedObject, Keypoint, Skeleton, labelled
from tfod.annotations.untrusted import as_number, as_text
from tfod.errors import DataError

__all__ = ["category_skeleton", "read_keypoints", "said_keypoints", "said_skeleton"]

_REPAIR = "correct the file in the annotation tool, or remove it"


def category_skeleton(item: Mapping[str, Any], where: str) -> Skeleton | None:
    """The keypoints of a category; None where it has none. DataError for names that are none, and for lines between
    keypoints that are not there. The file counts them from 1."""
    given, lines = item.get("keypoints"), item.get("skeleton") or []
    if not given:
        return None
    if not isinstance(given, list) or not isinstance(lines, list):
        raise DataError("the category's keypoints are no list of names", where, _REPAIR)
    names = tuple(as_text(name, "the keypoint's name", where) for name in given)
    if len(set(names)) < len(names):
        raise DataError("two keypoints of the category have one name", where, _REPAIR)
    edges = []
    for line in lines:
        ends = line if isinstance(line, list) else []
        if len(ends) != 2 or not all(type(end) is int and 1 <= end <= len(names) for end in ends):
            raise DataError(f"the skeleton has a line between no two keypoints: {ascii(line)[:40]}", where, _REPAIR)
        edges.append((ends[0] - 1, ends[1] - 1))
    return Skeleton(names, tuple(edges))


def read_keypoints(value: object, where: str) -> tuple[Keypoint, ...]:
    """The keypoints of an object; none where none is labelled. DataError for what is no list of triples."""
    if not value:
        return ()
    if not isinstance(value, list) or len(value) % 3:
        raise DataError("the keypoints are no list of x, y, visibility, ...", where, _REPAIR)
    numbers = [as_number(number, "a keypoint", where) for number in value]
    points = []
    for x, y, visibility in zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True):
        if visibility not in (0, 1, 2):
            raise DataError(f"a keypoint has the visibility {visibility:g}, which is 0, 1 or 2", where, _REPAIR)
        points.append(Keypoint(x, y, int(visibility)))
    return labelled(points)


def said_keypoints(item: AnnotatedObject, skeleton: Skeleton | None) -> dict[str, Any]:
    """What the file says of an object: zeros where its class has keypoints and it has none."""
    if not item.keypoints and skeleton is None:
        return {}
    points = item.keypoints or (Keypoint(0, 0, 0),) * len(skeleton.names if skeleton else ())
    return {
        "keypoints": [number for point in points for number in point],
        "num_keypoints": sum(point.visibility > 0 for point in points),
    }


def said_skeleton(skeleton: Skeleton | None) -> dict[str, Any]:
    """What the file says of a category."""
    if skeleton is None:
        return {}
    return {"keypoints": list(skeleton.names), "skeleton": [[start + 1, end + 1] for start, end in skeleton.edges]}
