"""Keypoints of records read back: as many for each object, in shares of the image."""

from collections.abc import Mapping, Sequence
from math import isfinite

from tfod import names
from tfod.annotations.annotated_image import Keypoint, labelled
from tfod.annotations.untrusted import snapped
from tfod.errors import DataError

__all__ = ["keypoint_names", "read_keypoints"]

_CURE = "convert the data again"


def keypoint_names(features: Mapping[str, Sequence[object]], count: int) -> tuple[str, ...]:
    """What a record calls the keypoints of its `count` objects; nothing where it does not say it, or not of all."""
    texts = [value for value in features.get(names.OBJECT_KEYPOINT_TEXT) or () if isinstance(value, bytes)]
    each = len(texts) // max(count, 1)
    named = tuple(text.decode(errors="replace").strip() for text in texts[:each])
    return named if all(named) and len({*named}) == each and each * count == len(texts) else ()


def read_keypoints(
    features: Mapping[str, Sequence[object]],
    classes: Sequence[str],
    places: Mapping[str, tuple[int, ...]],
    size: tuple[int, int],
    where: str,
) -> list[tuple[Keypoint, ...]]:
    """The keypoints of each object of one record, in pixels; none where none is labelled.

    Args:
      features: Of the record.
      classes: Of its objects.
      places: Of classes, where among all keypoints of a record theirs are; others have all of them.
      size: Width and height of the image.
      where: The record.
    """
    xs, ys, seen = (
        [value for value in features.get(name) or () if isinstance(value, int | float)]
        for name in (names.OBJECT_KEYPOINT_X, names.OBJECT_KEYPOINT_Y, names.OBJECT_KEYPOINT_VISIBILITY)
    )
    if not xs and not ys:
        return [()] * len(classes)
    seen = seen or [2 if isfinite(x) else 0 for x in xs]
    count = len(xs) // max(len(classes), 1)
    if not len(xs) == len(ys) == len(seen) == count * len(classes):
        what = f"{len(xs)} x, {len(ys)} y and {len(seen)} visibilities of keypoints for {len(classes)} boxes"
        raise DataError(f"the record has {what}", where, _CURE)
    found = []
    for number, name in enumerate(classes):
        own = [number * count + place for place in places.get(name, range(count)) if place < count]
        found.append(labelled([_point(xs[at], ys[at], seen[at], size) for at in own]))
    return found


def _point(x: float, y: float, visibility: float, size: tuple[int, int]) -> Keypoint:
    if visibility not in (1, 2) or not (isfinite(x) and isfinite(y)):
        return Keypoint(0, 0, 0)
    return Keypoint(snapped(x * size[0]), snapped(y * size[1]), int(visibility))
