"""Rules about the text of a Pascal VOC file: what the reader puts up with, and people may want to know."""

import html
import os
import re
from collections.abc import Iterable, Iterator

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.pictures import plain_name
from tfod.annotations.untrusted import encoding_of
from tfod.doctor.findings import Finding, about
from tfod.files import read_bytes

__all__ = ["check_voc_text"]

_OPTIONAL = (b"difficult", b"truncated", b"pose", b"occluded")
_EMPTY = re.compile(rb"<(%s)\s*(?:/>|>\s*</)" % b"|".join(_OPTIONAL))
_LEAF = {tag: re.compile(rb"<%s>([^<]*)</%s>" % (tag, tag)) for tag in (b"filename", b"path")}


def check_voc_text(image: AnnotatedImage) -> Iterator[Finding]:
    """Findings in the XML file that `image` was read from."""
    data = read_bytes(image.source)
    if (encoding := encoding_of(data)) != "utf-8-sig":
        data = data.decode(encoding, "replace").encode()
    yield from _fields(image, data)
    path = _leaf(data, b"path")
    is_absolute = path[:1] in ("/", "\\") or path[1:2] == ":"
    if path and is_absolute and image.picture and not os.path.exists(path):
        yield about(image, "annotation-path", f"<path> leads to no file here: {path}")
    filename = _leaf(data, b"filename")
    if image.picture and plain_name(filename) != image.filename:
        says = f"calls it {filename!r}" if filename else "has no <filename>"
        yield about(image, "picture-name", f"the picture is {image.filename!r}, the annotation {says}")


def _fields(image: AnnotatedImage, data: bytes) -> Iterator[Finding]:
    objects = len(image.objects)
    missing = [tag for tag in _OPTIONAL if data.count(b"<" + tag) < objects]
    if missing:
        yield about(image, "annotation-fields", f"objects without {_tags(missing)}")
    empty = {*_EMPTY.findall(data)}
    if empty:
        yield about(
            image, "annotation-fields", f"objects with an empty {_tags(tag for tag in _OPTIONAL if tag in empty)}"
        )


def _tags(tags: Iterable[bytes]) -> str:
    return ", ".join(f"<{tag.decode()}>" for tag in tags)


def _leaf(data: bytes, tag: bytes) -> str:
    match = _LEAF[tag].search(data)
    return html.unescape(match[1].decode("utf-8", "replace").strip()) if match else ""
