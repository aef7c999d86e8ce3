"""What every annotation format is read into: a picture and the objects in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # masks need NumPy, which takes longer to import than small sets take to convert
    from tfod.annotations.masks import Mask

__all__ = ["AnnotatedImage", "AnnotatedObject", "Fields", "Remark", "meaning"]

# What a file says beside what has a place of its own here, as names and texts, in its order. A name means the same in
# every format (`occluded`), so that a writer whose format knows it can say it again.
Fields = tuple[tuple[str, str], ...]


class AnnotatedObject(NamedTuple):
    """One object: a box in pixels, as the file gives it, neither repaired nor checked.

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


class Remark(NamedTuple):
    """What a reader has to tell of what it could read: no reason to stop, and never silent.

    `rule` is the doctor's rule of that name. `where` is the place. `total` says how many are meant.
    """

    rule: str
    what: str
    where: str
    total: int = 1


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
