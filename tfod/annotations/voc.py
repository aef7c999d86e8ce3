"""Pascal VOC: one XML file a picture, lists of names in ImageSets/Main.

Files come from strangers and from many tools. What is missing or empty but has an obvious meaning is taken so
(no <difficult>: not difficult); what leaves the box or the class unknown is an error with its line.
"""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache

from lxml import etree

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.pictures import find_picture, picture_stem, plain_name
from tfod.annotations.voc_plain import PlainAnnotation, read_plain
from tfod.errors import DataError
from tfod.files import read_bytes

__all__ = ["annotation_paths", "read_image_set", "read_voc", "read_voc_files", "voc_set"]

_PARSER = etree.XMLParser(
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
# What tools write into <difficult> and <truncated>; labelme leaves them empty.
_FLAG_WORDS = {"": False, "false": False, "no": False, "unspecified": False, "true": True, "yes": True}
_REPAIR = "correct the file in the annotation tool, or remove it"


def read_voc(path: str | os.PathLike[str], image_dir: str | None = None) -> AnnotatedImage:
    """Reads one annotation file. Its picture is looked for in `image_dir`, if given, else beside the file and in
    the folder JPEGImages beside the file's folder; `.picture` is None where there is none.

    Raises DataError, with the line, for XML that is malformed, declares entities or is not an annotation, and for
    an object without a name or a box.
    """
    path = os.fspath(path)
    data = _content(path)
    written, width, height, objects = read_plain(data) or _read_tree(data, path)
    written = written.strip()
    picture = find_picture(written, path, image_dir)
    filename = plain_name(picture or written) or picture_stem(path)
    return AnnotatedImage(path, filename, picture, objects, _pixels(width), _pixels(height))


def read_voc_files(paths: Iterable[str], image_dir: str | None = None) -> Iterator[AnnotatedImage | DataError]:
    """Reads one file after the other; a file that cannot be read is yielded as its error."""
    for path in paths:
        try:
            yield read_voc(path, image_dir)
        except DataError as error:
            yield error


def annotation_paths(folder: str, image_set: str | None = None) -> list[str]:
    """The XML files of a folder, in the order of their names; or those that the list `image_set` names, in its
    order, there or not. Raises DataError where there is none."""
    if image_set:
        return [f"{folder}/{name}.xml" for name in read_image_set(image_set)]
    # Names with a leading dot are other systems' notes about a file ("._cat.xml"), not annotations.
    names = [name for name in _listed(folder) if name.lower().endswith(".xml") and not name.startswith(".")]
    if not names:
        raise DataError("the folder holds no XML file", folder, "name a folder of Pascal VOC XML files")
    return [f"{folder}/{name}" for name in sorted(names)]


def voc_set(data_dir: str, year: str, set_name: str, annotations_dir: str) -> tuple[list[str], str]:
    """The annotation files of one list of a VOCdevkit, and the folder of its pictures.

    The year's folder lies in `data_dir`, or `data_dir` is one itself. The list is ImageSets/Main/SET.txt, or that
    of one class where there is no other, as in the devkits' first years: each of those names all pictures.
    """
    root = os.path.join(data_dir, year)
    if not os.path.isdir(root) and os.path.isdir(os.path.join(data_dir, "ImageSets")):
        root = data_dir
    lists = os.path.join(root, "ImageSets", "Main")
    names = sorted(name for name in _listed(lists) if name.endswith(".txt"))
    wanted = [name for name in (f"{set_name}.txt", f"aeroplane_{set_name}.txt") if name in names]
    if not wanted:
        there = ", ".join(name.removesuffix(".txt") for name in names) or "no list"
        raise DataError(f"there is no list {set_name}.txt", lists, f"choose another --set; there is {there}")
    paths = annotation_paths(os.path.join(root, annotations_dir), os.path.join(lists, wanted[0]))
    return paths, os.path.join(root, "JPEGImages")


def read_image_set(path: str | os.PathLike[str]) -> list[str]:
    """The names in a list of pictures, the first word of each line; what follows (VOC's flags) does not count.

    A picture's or an XML's extension is taken off. Raises DataError for a list that is missing or empty.
    """
    path = os.fspath(path)
    try:
        with open(path, encoding="utf-8-sig") as file:
            words = [line.split()[0] for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        cure = "name a text file with one picture a line"
        raise DataError(f"cannot read the list: {reason.lower()}", path, cure) from error
    if not words:
        raise DataError("the list is empty", path, "write one picture's name a line")
    return [picture_stem(word) for word in words]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the folder: {reason}", folder, "check the path and its rights") from error


def _content(path: str) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the annotation: {reason}", path, "check the path and its rights") from error


def _read_tree(data: bytes, path: str) -> PlainAnnotation:
    """What `read_plain` gives, of any annotation."""
    filename, size, objects = "", {}, []
    for child in _root(data, path):
        tag = child.tag
        if tag == "object":
            objects.append(_object(child, path))
        elif tag == "filename":
            filename = child.text or ""
        elif tag == "size":
            size = {side.tag: side.text for side in child}
    return filename, size.get("width"), size.get("height"), tuple(objects)


def _root(data: bytes, path: str) -> etree._Element:
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        where = f"{path}, line {error.lineno or 1}"
        raise DataError(f"the XML is malformed: {error.msg}", where, _REPAIR) from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        cure = "annotations need no entities; take the DOCTYPE out if you trust the file"
        raise DataError("the XML declares entities, which are not expanded", path, cure)
    if root.tag != "annotation":
        where = f"{path}, line {root.sourceline}"
        cure = "name a folder that holds annotations only"
        raise DataError(f"the XML is no Pascal VOC annotation: its root is <{root.tag}>", where, cure)
    return root


def _object(element: etree._Element, path: str) -> AnnotatedObject:
    # Only its children and its box's count: what lies deeper (VOC's parts of a body, CVAT's attributes) has names
    # and boxes of its own.
    fields = {}
    for child in element:
        tag = child.tag
        if tag == "bndbox":
            for side in child:
                fields[side.tag] = side.text
        else:
            fields[tag] = child.text
    try:
        name = (fields["name"] or "").strip()
        if not name:
            raise KeyError("name")
        return AnnotatedObject(
            name,
            float(fields["xmin"] or ""),
            float(fields["ymin"] or ""),
            float(fields["xmax"] or ""),
            float(fields["ymax"] or ""),
            _flag(fields.get("difficult")),
            _flag(fields.get("truncated")),
            fields.get("pose") or "Unspecified",
            element.sourceline,
        )
    except (KeyError, ValueError) as error:
        where = f"{path}, line {element.sourceline}"
        raise DataError(f"the object {_complaint(fields, error)}", where, _REPAIR) from error


@lru_cache(maxsize=64)  # the same few texts, twice for every object
def _flag(text: str | None) -> bool:
    word = (text or "").strip().lower()
    return _FLAG_WORDS[word] if word in _FLAG_WORDS else bool(float(word))


def _complaint(fields: dict[str, str | None], error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"has no <{error.args[0]}>"
    for tag in ("xmin", "ymin", "xmax", "ymax", "difficult", "truncated"):
        text = fields.get(tag) or ""
        try:
            _flag(text) if tag in ("difficult", "truncated") else float(text)
        except ValueError:
            return f"has a <{tag}> that is no number: {text!r}"
    return str(error)


def _pixels(text: str | None) -> int | None:
    try:
        return int(float(text or ""))
    except (ValueError, OverflowError):
        return None
