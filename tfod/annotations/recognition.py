"""What a file is, seen from as much of it as it takes to know: an XML's root, a JSON's keys, a table's columns.

Files are parsed, whatever their encoding and the order of their keys; only JSON files that are malformed, or beyond
`_MOST_JSON`, are searched for their keys instead. Nothing is believed because of a name, but that of records and of
lists of class names.
"""

import mmap
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator

from lxml import etree

from tfod.annotations.csv_columns import column_names
from tfod.annotations.format import Look
from tfod.annotations.untrusted import encoding_of, parse_json
from tfod.annotations.yolo_labels import is_label_text
from tfod.annotations.yolo_layout import NAME_LISTS, is_data_yaml
from tfod.errors import DataError
from tfod.files import beginning, is_lfs_pointer
from tfod.shards import is_record_name

__all__ = ["ANOTHER_TOOL", "ARCHIVE", "LFS_POINTER", "look_at", "some_files"]

ANOTHER_TOOL = "the tool's own form"
"""What is said of a file that a tool can write in another form."""

ARCHIVE = "it is an archive"
"""What is said of a file that holds others."""

LFS_POINTER = "it is a pointer of Git LFS"
"""What is said of a file that was not fetched."""

_KINDS = {
    ".xml": "xml", ".json": "json", ".csv": "csv", ".tsv": "csv", ".yaml": "yaml", ".yml": "yaml", ".txt": "txt",
}  # fmt: skip
_NAMES = {os.path.basename(name) for name in NAME_LISTS}
_FROM_A_FOLDER, _FROM_ALL = 8, 32  # files of a kind that are looked at
_MOST_NAMES = 1_000_000
_MOST_JSON = 1 << 25
_MOST_XML = 1 << 20
_MOST_TEXT = 1 << 16
_OF_COCO, _OF_LABELME = frozenset({"images", "annotations", "categories"}), frozenset({"shapes", "imagePath"})
_LIST = re.compile(rb'"(images|annotations|categories|shapes)"\s*:\s*\[|"(imagePath)"\s*:')


def some_files(folder: str) -> Iterator[str]:
    """The first files of each kind in each folder below `folder`, those that may hold annotations."""
    of_kind: Counter[str] = Counter()
    seen = 0
    for at, folders, names in os.walk(folder):
        folders.sort()
        here: Counter[str] = Counter()
        for name in sorted(names):
            kind = _kind(name)
            if kind and not name.startswith(".") and here[kind] < _FROM_A_FOLDER and of_kind[kind] < _FROM_ALL:
                here[kind] += 1
                of_kind[kind] += 1
                yield os.path.join(at, name)
        seen += len(names)
        if seen > _MOST_NAMES:
            return


def look_at(path: str) -> Look:
    """What a file is seen to be; a file that cannot be read, or is malformed, is nothing, and says why."""
    kind = _kind(os.path.basename(path))
    try:
        head = beginning(path)
        if kind != "record" and is_lfs_pointer(head):
            return Look("", what=LFS_POINTER)
        if not kind and head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")):
            return Look("", what=ARCHIVE)
        return _LOOKS[kind](path)
    except DataError as error:
        return Look("", what=error.what)
    except (OSError, ValueError) as error:
        return Look("", what=f"it cannot be read: {getattr(error, 'strerror', None) or error}")


def _kind(name: str) -> str:
    if is_record_name(name):
        return "record"
    if name in _NAMES:
        return "names"
    return _KINDS.get(os.path.splitext(name)[1].lower(), "")


def _xml(path: str) -> Look:
    parser = etree.XMLPullParser(("start",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root, fault = None, "it has no element"
    with open(path, "rb") as file:
        left = _MOST_XML
        while root is None and left > 0 and (data := file.read(_MOST_TEXT)):
            try:
                parser.feed(data if left < _MOST_XML else data.lstrip(b" \t\r\n"))
                left -= len(data)
            except etree.XMLSyntaxError as error:
                fault, left = f"the XML is malformed: {error.msg}", 0
            root = next((element.tag for _, element in parser.read_events()), None)
    return Look("xml", frozenset({root}), f"an XML whose root is <{root}>") if root else Look("", what=fault)


def _json(path: str) -> Look:
    if os.path.getsize(path) > _MOST_JSON:
        return _object(_lists_in(path))
    try:
        value = parse_json(path)
    except DataError as error:  # told by who reads it, if it begins as a file of a format does
        found = _lists_in(path)
        begun = next((keys for keys in (_OF_COCO, _OF_LABELME) if not keys.isdisjoint(found)), None)
        return Look("json", begun, error.what) if begun else Look("", what=error.what)
    if other := _other_tool(value):
        return Look("json", what=f"{other}, {ANOTHER_TOOL}")
    if not isinstance(value, dict):
        return Look("json", what=f"a JSON {type(value).__name__}, where COCO and LabelMe have an object")
    return _object([key for key, item in value.items() if isinstance(item, list) or key == "imagePath"])


def _other_tool(value: object) -> str:
    """The tool whose own JSON this is, of those that write others too; empty where it is none."""
    first = next(iter(value.values() if isinstance(value, dict) else value), None) if value else None  # type: ignore[call-overload]
    keys = {*first} if isinstance(first, dict) else set()
    if isinstance(value, list) and "data" in keys and keys & {"annotations", "completions", "predictions"}:
        return "a list of Label Studio's tasks"
    if isinstance(value, dict) and ("_via_img_metadata" in value or {"filename", "regions"} <= keys):
        return "a project of the VGG Image Annotator"
    return ""


def _lists_in(path: str) -> list[str]:
    """The keys of lists that the text of a JSON file speaks of, whether it is whole or not."""
    if not os.path.getsize(path):
        return []
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return sorted({(match[1] or match[2]).decode() for match in _LIST.finditer(data)})


def _object(keys: list[str]) -> Look:
    said = f"the lists {', '.join(keys[:6])}" if keys else "no lists"
    return Look("json", frozenset(keys), f"a JSON object with {said}; COCO has images, annotations and categories")


def _csv(path: str) -> Look:
    columns = column_names(_head(path))
    shown = ", ".join(columns)[:80]
    return Look("csv", frozenset(columns), f"a table with the columns {shown}; boxes need xmin, ymin, xmax, ymax")


def _yaml(path: str) -> Look:
    if is_data_yaml(path):
        return Look("yaml", what="a YOLO data set's yaml")
    return Look("", what="a yaml that names no classes with train, val or path")


def _text(path: str) -> Look:
    if is_label_text(_head(path)):
        return Look("labels", what="labels of YOLO")
    return Look("", what="a text that holds no labels of YOLO: class x y width height")


def _head(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read(_MOST_TEXT)
    return data.decode(encoding_of(data), "replace")


_LOOKS: dict[str, Callable[[str], Look]] = {
    "xml": _xml,
    "json": _json,
    "csv": _csv,
    "yaml": _yaml,
    "txt": _text,
    "names": lambda path: Look("names", what="names of classes"),
    "record": lambda path: Look("record", what="a TFRecord file"),
    "": lambda path: Look("", what="a file of no known kind"),
}
