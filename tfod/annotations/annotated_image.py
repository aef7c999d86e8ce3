"""What every annotation format is read into: a picture and the objects in it."""

from typing import NamedTuple

__all__ = ["AnnotatedImage", "AnnotatedObject"]


class AnnotatedObject(NamedTuple):
    """One object: a box in pixels, as the file gives it, neither repaired nor checked.

    `xmin` and `ymin` may be greater than `xmax` and `ymax`, lie outside the picture or be NaN. Whether the first
    pixel is 0 or 1 (the origin) the file does not say: who uses the numbers decides.
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


class AnnotatedImage(NamedTuple):
    """One picture with its objects.

    `source` is the annotation file. `filename` is the picture's name without folders, `picture` the path where it
    was found, None where there is none. `width` and `height` are what the annotation claims, in pixels; only the
    picture's header knows.
    """

    source: str
    filename: str
    picture: str | None
    objects: tuple[AnnotatedObject, ...]
    width: int | None = None
    height: int | None = None
