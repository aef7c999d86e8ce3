"""Pascal VOC: one XML file a picture, lists of names in ImageSets/Main.

Files come from strangers and from many tools. What is missing or empty but has an obvious meaning is taken so
(no <difficult>: not difficult); what leaves the box or the class unknown is an error with its line.
"""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache

from lxml import etree

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Fields
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.path_list import PathList
from tfod.annotations.pictures import find_picture, other_name, picture_stem, plain_name
from tfod.annotations.untrusted import annotation_files, as_pixels, content, each_file, read_xml
from tfod.annotations.voc_plain import PlainAnnotation, image_fields, read_plain
from tfod.errors import DataError

__all__ = ["annotation_paths", "read_image_set", "read_voc", "read_voc_dataset", "read_voc_files", "voc_set"]

# What tools write into <difficult> and <truncated>; labelme leaves them empty.
_FLAG_WORDS = {"": False, "false": False, "no": False, "unspecified": False, "true": True, "yes": True}
_FLAGS = ("difficult", "truncated", "occluded")
_OCCLUDED: Fields = (("occluded", "1"),)
_REPAIR = "correct the file in the annotation tool, or remove it"


def read_voc(path: str | os.PathLike[str], image_dir: str | None = None) -> AnnotatedImage:
    """Reads one annotation file. Its picture is looked for in `image_dir`, if given, else beside the file and in
    JPEGImages or images beside the file's folder; `.picture` is None where there is none.

    Raises DataError, with the line, for XML that is malformed, declares entities or is not an annotation, and for
    an object without a name or a box.
    """
    path = os.fspath(path)
    data = content(path)
    written, width, height, objects, fields = read_plain(data) or _read_tree(data, path)
    written = written.strip()
    picture = find_picture(written, path, image_dir)
    filename = plain_name(picture or written) or picture_stem(path)
    called = other_name(written, filename) if picture else ""
    size = as_pixels(width), as_pixels(height)
    return AnnotatedImage(path, filename, picture, objects, *size, fields=fields, written=called)


def read_voc_files(paths: Iterable[str], image_dir: str | None = None) -> Iterator[AnnotatedImage | DataError]:
    """Reads one file after the other; a file that cannot be read is yielded as its error."""
    for path in paths:
        try:
            yield read_voc(path, image_dir)
        except DataError as error:
            yield error


def read_voc_dataset(path: str, reading: Reading) -> Dataset:
    """The XML files below a folder, or one file. Of a folder as Pascal VOC has it, those in Annotations, each in the
    subset in whose list (ImageSets/Main/train.txt, val.txt, test.txt) it is. Raises DataError where there is none."""
    annotations = os.path.join(path, "Annotations")
    root = annotations if os.path.isdir(annotations) else path
    paths = annotation_files(root, ".xml")
    lists = os.path.join(path, "ImageSets", "Main")
    named = {name: subset for subset in ("test", "val", "train") for name in _set_names(f"{lists}/{subset}.txt")}
    shift = 1.0 if reading.one_based else 0.0

    def read_one(file: str) -> AnnotatedImage:
        image = read_voc(file, reading.image_dir)
        objects = tuple(item._replace(xmin=item.xmin - shift, ymin=item.ymin - shift) for item in image.objects)
        return image._replace(objects=objects if shift else image.objects, subset=named.get(picture_stem(file), ""))

    return Dataset(each_file(read_one, paths, path, reading), len(paths))


def _set_names(path: str) -> list[str]:
    return read_image_set(path) if os.path.isfile(path) and os.path.getsize(path) else []


def annotation_paths(folder: str, image_set: str | None = None) -> PathList:
    """The XML files of a folder, in the order of their names; or those that the list `image_set` names, in its
    order, there or not. Raises DataError where there is none."""
    if image_set:
        return PathList(folder, _named_in(image_set), ".xml")
    # Names with a leading dot are other systems' notes about a file ("._cat.xml"), not annotations.
    names = [name for name in _listed(folder) if name.lower().endswith(".xml") and not name.startswith(".")]
    if not names:
        raise DataError("the folder holds no XML file", folder, "name a folder of Pascal VOC XML files")
    return PathList(folder, sorted(names))


def voc_set(data_dir: str, year: str, set_name: str, annotations_dir: str) -> tuple[PathList, str]:
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
    return list(_named_in(path))


def _named_in(path: str | os.PathLike[str]) -> Iterator[str]:
    path = os.fspath(path)
    empty = True
    try:
        with open(path, encoding="utf-8-sig") as file:
            for line in file:
                if line.strip():
                    empty = False
                    yield picture_stem(line.split(maxsplit=1)[0])
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        cure = "name a text file with one picture a line"
        raise DataError(f"cannot read the list: {reason.lower()}", path, cure) from error
    if empty:
        raise DataError("the list is empty", path, "write one picture's name a line")


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the folder: {reason}", folder, "check the path and its rights") from error


def _read_tree(data: bytes, path: str) -> PlainAnnotation:
    """What `read_plain` gives, of any annotation."""
    size, objects, texts = {}, [], {}
    for child in read_xml(data, path, "annotation", "Pascal VOC annotation"):
        tag = child.tag
        if tag == "object":
            objects.append(_object(child, path))
        elif tag == "size":
            size = {side.tag: side.text for side in child}
        else:
            texts[tag] = child.findtext("database") if tag == "source" else child.text
    fields = image_fields(texts.get("source"), texts.get("segmented"))
    return texts.get("filename") or "", size.get("width"), size.get("height"), tuple(objects), fields


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
            fields=_OCCLUDED if _flag(fields.get("occluded")) else (),
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
    for tag in ("xmin", "ymin", "xmax", "ymax", *_FLAGS):
        text = fields.get(tag) or ""
        try:
            _flag(text) if tag in _FLAGS else float(text)
        except ValueError:
            return f"has a <{tag}> that is no number: {text!r}"
    return str(error)
