"""What the readers share: files found and opened safely, and values that strangers wrote.

Annotation files come from strangers. A name in one never leads out of the folders that the user named, nor does a
link, unless the user says so; nesting without end, numbers without end and texts that no file name can hold are
errors with a place, as is everything else that is not as it should be.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from lxml import etree

from tfod.annotations.annotated_image import AnnotatedImage, Remark
from tfod.annotations.format import PassedOverError, ReadEach, Reading
from tfod.annotations.pictures import PICTURE_FOLDERS
from tfod.errors import DataError
from tfod.files import LFS_CURE, is_lfs_pointer, read_bytes

__all__ = [
    "XML_PARSER",
    "Roots",
    "annotation_files",
    "as_file_name",
    "as_number",
    "as_pixels",
    "as_text",
    "content",
    "each_file",
    "encoding_of",
    "file_subset",
    "parse_json",
    "read_each",
    "read_json",
    "read_text",
    "read_xml",
    "snapped",
    "subset_of",
]

Read = TypeVar("Read")

XML_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    collect_ids=False,
    remove_blank_text=True,
    remove_comments=True,
    remove_pis=True,
)
_REPAIR = "correct the file in the annotation tool, or remove it"
_XML_CURES = {  # by a part of the parser's message
    "encoding": 'save the file in UTF-8, or say its encoding in the first line: <?xml version="1.0" encoding="..."?>',
    "EntityRef": "write &amp; for & in names and texts",
    "is empty": "annotate the picture again, or remove the file",
}
_NO_OBJECT = "name the file of the annotations itself; COCO and LabelMe are objects"
_SUBSETS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Editors leave blank lines before it, which XML forbids.
_LATE_DECLARATION = re.compile(rb"([ \t\r\n]+)(<\?xml[ \t\r\n][^<>]*\?>)")
_MOST_BYTES = 0x7FFFF000  # that Linux gives in one read
_LONGEST_NAME = 200  # bytes, of 255 that file systems allow
_SNAP = 0.01  # pixels


class Roots:
    """The folders out of which no annotation and no picture may lie, by whatever links."""

    def __init__(self, path: str, reading: Reading, *paths: str) -> None:
        self._follow = reading.follow_links
        self._roots: list[str] = []
        for one in (path, *paths):
            self._add(os.path.realpath(one if os.path.isdir(one) else os.path.dirname(one) or os.curdir))
        if reading.image_dir:
            self._roots.append(os.path.realpath(reading.image_dir))
        self._good: set[str] = set()

    def _add(self, folder: str) -> None:
        # Pascal VOC, COCO and YOLO keep annotations in a folder of their own, beside those of the pictures.
        self._roots.append(os.path.dirname(folder) if os.path.basename(folder).lower() == "annotations" else folder)
        self._roots += (os.path.join(os.path.dirname(folder), name) for name in (*PICTURE_FOLDERS, "labels"))

    def check(self, path: str) -> str:
        """`path`; DataError where it is no file, or a link that leads out of the folders."""
        if not os.path.isfile(path):
            raise DataError("there is no such file", path, "check the path")
        if self._follow:
            return path
        folder = os.path.dirname(path) or os.curdir
        if folder not in self._good:
            self._inside(os.path.realpath(folder), path)
            self._good.add(folder)
        if os.path.islink(path):
            self._inside(os.path.realpath(path), path)
        return path

    def _inside(self, real: str, path: str) -> None:
        if not any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots):
            cure = "copy the file to its place, or follow such links with --follow_links if you trust the data"
            raise DataError("the file lies outside its folder, by a link or by its path", path, cure)


def annotation_files(path: str, *extensions: str) -> list[str]:
    """The files below the folder `path` whose names end in one of `extensions`, sorted; `path` itself if it is a file.

    Links to folders are not followed. Raises DataError where there is none.
    """
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise DataError("there is no such file or folder", path, "check the path")
    found = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
        if name.lower().endswith(extensions) and not name.startswith(".")
    ]
    if not found:
        what = f"the folder holds no {' or '.join(extensions)} file"
        raise DataError(what, path, "name the folder of the annotations")
    return sorted(found)


def read_each(
    path: str, extensions: Sequence[str], read: Callable[[str], Read]
) -> tuple[list[Read], list[DataError], list[Remark]]:
    """What `read` makes of each of `annotation_files`, the errors of those that cannot be read, and a remark for each
    that is of another kind and passed over. Raises DataError where all are of another kind."""
    read_well: list[Read] = []
    errors: list[DataError] = []
    passed: list[DataError] = []
    for file in annotation_files(path, *extensions):
        try:
            read_well.append(read(file))
        except PassedOverError as error:
            passed.append(error)
        except DataError as error:
            errors.append(error)
    if not read_well and not errors:
        raise passed[0]
    return read_well, errors, [Remark("file-passed-over", error.what, error.where) for error in passed]


def each_file(read: Callable[[str], AnnotatedImage], paths: Sequence[str], root: str, reading: Reading) -> ReadEach:
    """Reads each of `paths` anew whenever gone through; its place below `root` says of which subset it is."""
    roots = Roots(root, reading)

    def read_one(path: str) -> AnnotatedImage:
        image = read(roots.check(path))
        return image if image.subset else image._replace(subset=subset_of(os.path.relpath(path, root)))

    return ReadEach(read_one, paths)


def subset_of(path: str) -> str:
    """The part of a data set that a path names: `train`, `val`, `test` or "".

    >>> subset_of("images/train/cat.xml"), subset_of("valid/labels/1.txt"), subset_of("cat.xml")
    ('train', 'val', '')
    """
    parts = path.replace("\\", "/").lower().split("/")[:-1]
    return next((_SUBSETS[part] for part in reversed(parts) if part in _SUBSETS), "")


def file_subset(file: str, root: str) -> str:
    """The subset that a file of many pictures is named after, or that a folder between `root` and it is.

    >>> file_subset("coco/annotations/instances_val2017.json", "coco"), file_subset("set/test/labels.csv", "set")
    ('val', 'test')
    """
    stem = os.path.splitext(os.path.basename(file))[0]
    words = [word.rstrip("0123456789") for word in re.split(r"[._-]", stem)]
    return subset_of("/".join([*words, ""])) or subset_of(os.path.relpath(file, root))


def read_text(path: str) -> str:
    """The text of an annotation file, in UTF-8 or, as its first bytes say, in UTF-16; DataError for other files."""
    data = content(path)
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        raise DataError("the file is not text in UTF-8", path, _REPAIR) from error


def encoding_of(data: bytes) -> str:
    """The encoding of a text by its first bytes: its mark, or the zeros between letters of JSON and XML.

    >>> encoding_of("{}".encode("utf-16")), encoding_of("{}".encode("utf-16-le")), encoding_of(b"{}")
    ('utf-16', 'utf-16-le', 'utf-8-sig')
    """
    found = json.detect_encoding(data)
    return "utf-8-sig" if found == "utf-8" else found


def content(path: str) -> bytes:
    """The bytes of an annotation file; DataError where it cannot be read."""
    try:
        data = read_bytes(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the annotation: {reason}", path, "check the path and its rights") from error
    if is_lfs_pointer(data):
        raise DataError("this is a pointer of Git LFS, not the annotation", path, LFS_CURE)
    if len(data) >= _MOST_BYTES:
        raise DataError("the file is larger than 2 GB", path, "divide it into several")
    return data


def read_json(path: str) -> dict[str, Any]:
    """The JSON object in a file; DataError, with the line, for anything else."""
    value = parse_json(path)
    if not isinstance(value, dict):
        raise PassedOverError(f"the JSON is a {type(value).__name__}, where an object is expected", path, _NO_OBJECT)
    return value


def parse_json(path: str) -> Any:
    """What a JSON file holds; DataError, with the line, where it is none."""
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=_without_two_of_a_key)
    except _TwoOfAKeyError as error:
        raise DataError(f"an object of the JSON has two values of {error}", path, _REPAIR) from error
    except json.JSONDecodeError as error:
        raise DataError(f"the JSON is malformed: {error.msg}", f"{path}, line {error.lineno}", _REPAIR) from error
    except (RecursionError, ValueError) as error:  # nested, or a number, without end
        raise DataError(
            "the JSON is nested too deeply, or holds a number of thousands of digits", path, _REPAIR
        ) from error


class _TwoOfAKeyError(Exception):
    """A key that a JSON object has twice, with different values."""


def _without_two_of_a_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if found[key] != value:
                raise _TwoOfAKeyError(_shown(key))
    return found


def read_xml(data: bytes, path: str, root_tag: str, kind: str) -> etree._Element:
    """The root element <`root_tag`> of an XML file; DataError for malformed XML, entities, and another root."""
    if match := _LATE_DECLARATION.match(data):
        data = match[2] + match[1] + data[match.end() :]  # lines keep their numbers
    try:
        root = etree.fromstring(data, XML_PARSER)
    except etree.XMLSyntaxError as error:
        where = f"{path}, line {error.lineno or 1}"
        cure = next((cure for part, cure in _XML_CURES.items() if part in (error.msg or "")), _REPAIR)
        raise DataError(f"the XML is malformed: {error.msg}", where, cure) from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        cure = "annotations need no entities; take the DOCTYPE out if you trust the file"
        raise DataError("the XML declares entities, which are not expanded", path, cure)
    if root.tag != root_tag:
        where = f"{path}, line {root.sourceline}"
        cure = "name a folder that holds annotations only"
        raise PassedOverError(f"the XML is no {kind}: its root is <{root.tag}>", where, cure)
    return root


def as_number(value: object, what: str, where: str) -> float:
    """`value` of a JSON file as a number; DataError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{what} is no number: {_shown(value)}", where, _REPAIR)
    try:
        return float(value)
    except OverflowError as error:
        raise DataError(f"{what} is too large a number", where, _REPAIR) from error


def as_pixels(value: Any) -> int | None:
    """A width or height that a file claims; None where it claims nothing of sense."""
    try:
        size = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return size if abs(size) < 1 << 31 else None


def as_text(value: object, what: str, where: str) -> str:
    """`value` as a name; DataError for what is no text, empty, or holds what no name can."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or _UNNAMEABLE.search(text):
        raise DataError(f"{what} is no name: {_shown(value)}", where, _REPAIR)
    return text


def as_file_name(text: str) -> str:
    r"""The name of one file, made of a text of strangers; its end is kept where it is too long.

    >>> as_file_name("../cat\0.jpg")
    '.._cat_.jpg'
    """
    name = _UNNAMEABLE.sub("_", re.sub(r"[/\\]", "_", text))
    return name.encode()[-_LONGEST_NAME:].decode(errors="ignore")


def snapped(value: float) -> float:
    """A coordinate made of a fraction of the picture, rounded as the fraction was: to a whole pixel where it is next
    to one, else to 1/1000.

    >>> snapped(78.99997), snapped(78.51234)
    (79.0, 78.512)
    """
    if not abs(value) < 1e9:
        return value
    whole = round(value)
    return float(whole) if abs(value - whole) < _SNAP else round(value, 3)


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
