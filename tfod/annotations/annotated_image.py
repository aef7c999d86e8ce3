"""What every annotation format is read into: a picture and the objects in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # masks need NumPy, which takes longer to import than small sets take to convert
    from tfod.annotations.masks import Mask

__all__ = [
    "SOURCE_ID",
    "AnnotatedImage", "AnnotatedObject", "Fields", "Keypoint", "Remark", "Skeleton", "labelled", "meaning",
]  # fmt: skip

# What a file says beside what has a place of its own here, as names and texts, in its order. A name means the same in
# every format (`occluded`), so that a writer whose format knows it can say it again.
Fields = tuple[tuple[str, str], ...]
SOURCE_ID = "source_id"  # the name of a field: by what evaluation tells an image from others, if not by its file's name


class Keypoint(NamedTuple):
    """A point of an object, in pixels as its box is. `visibility` is COCO's: 0 not labelled, and its place means
    nothing; 1 labelled where it cannot be seen; 2 labelled and seen."""

    x: float
    y: float
    visibility: int = 2


class Skeleton(NamedTuple):
    """The keypoints that all objects of a class have, by name in their order, and the lines between them, as pairs of
    their numbers from 0."""

    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()


class AnnotatedObject(NamedTuple):
    """One object: a box in pixels, as the file gives it, neither repaired nor checked.

    `keypoints` are all those of the class, or none where none is labelled.
    `xmin` and `ymin` may be greater than `xmax` and `ymax`, lie outside the picture or be NaN. They are edges: a
    picture of 640 pixels reaches from 0 to 640. Pascal VOC alone does not say whether it counts so; who reads it
    decides (`read_voc` gives its numbers as they are, the formats' readers take `Reading.one_based`).
    """

    class_name: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    difficult: bool = False
    truncated: bool = False
    pose: str = "Unspecified"
    line: int | None = None  # of `source`, counted from 1
    crowd: bool = False  # one region around many objects of the class (COCO's iscrowd)
    area: float | None = None  # of the object itself, in square pixels, where the file gives it
    mask: Mask | None = None
    fields: Fields = ()
    keypoints: tuple[Keypoint, ...] = ()


class Remark(NamedTuple):
    """What a reader has to tell of what it could read: no reason to stop, and never silent.

    `rule` is the doctor's rule of that name. `where` is the place. `total` says how many are meant.
    """

    rule: str
    what: str
    where: str
    total: int = 1


def labelled(points: Sequence[Keypoint]) -> tuple[Keypoint, ...]:
    """The keypoints of an object, each that is not labelled at 0, 0; none at all where none is labelled.

    >>> labelled([Keypoint(3, 4), Keypoint(5, 6, 0)]), labelled([Keypoint(5, 6, 0)])
    ((Keypoint(x=3, y=4, visibility=2), Keypoint(x=0, y=0, visibility=0)), ())
    """
    if not any(point.visibility for point in points):
        return ()
    return tuple(point if point.visibility else Keypoint(0, 0, 0) for point in points)


def meaning(what: str, where: str, total: int = 1) -> Remark:
    """What a reader decided where a file says one thing and means another."""
    return Remark("annotation-meaning", what, where, total)


class AnnotatedImage(NamedTuple):
    """One picture with its objects.

    `source` is the annotation file. `filename` is the picture's name without folders, `picture` the path where it
    was found, None where there is none. `width` and `height` are what the annotation claims, in pixels; only the
    picture's header knows. `encoded` is the picture's file itself where the annotation file holds it (TFRecord,
    LabelMe). `subset` is the part of the data set that the picture belongs to, `train` or `val`, or "". `written` is
    what the annotation calls a picture that was found under another name, else "". `remarks` are what a reader has to
    tell of one picture; what it has to tell of them all is in `Dataset.remarks`.
    """

    source: str
    filename: str
    picture: str | None
    objects: tuple[AnnotatedObject, ...]
    width: int | None = None
    height: int | None = None
    subset: str = ""
    encoded: bytes | None = None
    line: int | None = None  # of `source`, counted from 1
    fields: Fields = ()
    written: str = ""
    remarks: tuple[Remark, ...] = ()
