"""The layout in which labelImg and its kin write Pascal VOC, read without building a tree.

Nearly all files have it: the same elements in the same order, plain text in them. One pattern recognises it whole,
from the first byte to the last, so that what it accepts is well-formed and means what it seems to mean; anything
else, be it an entity, a comment, another order or a fault, is left to the XML parser. On one core this halves the
time that a picture's conversion takes, most of which was spent in walking a tree of a hundred small elements.
"""

import re
import sys
from functools import partial

from tfod.annotations.annotated_image import AnnotatedObject, Fields

__all__ = ["PlainAnnotation", "image_fields", "read_plain"]

# The file name, width and height as written, the objects, other fields.
PlainAnnotation = tuple[str, str | None, str | None, tuple[AnnotatedObject, ...], Fields]

_SAYS_NOTHING = (None, "", "0", "Unknown", "Unspecified")
_OCCLUDED: Fields = (("occluded", "1"),)
# In two thirds of the time that calling the class takes, and objects are many; the tuple must be whole.
_as_object = partial(tuple.__new__, AnnotatedObject)


# What follows is never part of what is repeated: no step back is needed, which Python 3.11 and later can be told.
_ANY, _MAYBE = ("*+", "?+") if sys.version_info >= (3, 11) else ("*", "?")
# Space between elements; what text cannot hold: markup, and what XML forbids or changes.
_GAP, _NOT = rf"[ \t\r\n]{_ANY}", r"<>&\x00-\x08\x0b-\x1f\ufffe\uffff"


def _leaf(tag: str, text: str = f"[^{_NOT}]{_ANY}", *, optional: bool = False) -> str:
    leaf = f"<{tag}>({text})</{tag}>{_GAP}"
    return f"(?:{leaf}){_MAYBE}" if optional else leaf


_NUMBER, _FLAG = rf"[\d.]{_ANY}", "[01]"
_BOX = "".join(_leaf(side, _NUMBER) for side in ("xmin", "ymin", "xmax", "ymax"))
_FLAGS = "".join(_leaf(tag, _FLAG, optional=True) for tag in ("truncated", "difficult", "occluded"))
_SIZE = "".join(_leaf(side, _NUMBER) for side in ("width", "height", "depth"))
_OBJECT = re.compile(
    f"(<object>{_GAP}"
    + _leaf("name")
    + _leaf("pose", optional=True)
    + _FLAGS
    + f"<bndbox>{_GAP}{_BOX}</bndbox>{_GAP}</object>{_GAP})",
    re.ASCII,
)
_HEAD = re.compile(
    r'(?:<\?xml version="1\.0"(?: encoding="(?:utf-8|UTF-8)")? ?\?>\s*)?'
    + f'<annotation(?: verified="(?:yes|no)")?>{_GAP}'
    + _leaf("folder", optional=True)
    + _leaf("filename")
    + _leaf("path", optional=True)
    + f"(?:<source>{_GAP}{_leaf('database')}</source>{_GAP})?<size>{_GAP}{_SIZE}</size>{_GAP}"
    + _leaf("segmented", _FLAG, optional=True),
    re.ASCII,
)
_END = re.compile(f"</annotation>{_GAP}", re.ASCII)


def read_plain(data: bytes) -> PlainAnnotation | None:
    """What the file says; None for any other layout."""
    try:
        return _read(data.decode())
    except ValueError:  # it is no text, or a number is none
        return None


def _read(text: str) -> PlainAnnotation | None:
    head = _HEAD.match(text)
    if head is None:
        return None
    objects: list[AnnotatedObject] = []
    end = head.end()
    line = 1 + text.count("\n", 0, end)
    for whole, name, pose, truncated, difficult, occluded, xmin, ymin, xmax, ymax in _OBJECT.findall(text, end):
        if not (stripped := name.strip()):
            return None
        item = (
            stripped,
            float(xmin),
            float(ymin),
            float(xmax),
            float(ymax),
            difficult == "1",
            truncated == "1",
            pose or "Unspecified",
            line,
            False,
            None,
            None,
            _OCCLUDED if occluded == "1" else (),
            (),
        )
        objects.append(_as_object(item))
        end += len(whole)
        line += whole.count("\n")
    # Had anything between the objects been passed over, more than the end would be left.
    if not _END.fullmatch(text, end):
        return None
    _, filename, _, database, width, height, _, segmented = head.groups()
    return filename, width, height, tuple(objects), image_fields(database, segmented)


def image_fields(database: str | None, segmented: str | None) -> Fields:
    """What an annotation says of its picture beside its name and size, without what says nothing."""
    if database in _SAYS_NOTHING and segmented in _SAYS_NOTHING:
        return ()
    said = (("database", database), ("segmented", segmented))
    return tuple((name, text) for name, text in said if text is not None and text not in _SAYS_NOTHING)
