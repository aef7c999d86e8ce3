"""Pascal VOC: one XML file a picture, lists of names in ImageSets/Main.

Files come from strangers and from many tools. What is missing or empty but has an obvious meaning is taken so
(no <difficult>: not difficult); what leaves the box or the class unknown is an error with its line. What is given twice
and differs is an error too, but for boxes: each <bndbox> of an object is an object of its class. Without one the box is
the upright extent of the <robndbox>, or of all <polygon>s.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache

from lxml import etree

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Fields, meaning
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.path_list import PathList, list_names
from tfod.annotations.pictures import find_picture, other_name, picture_stem, plain_name
from tfod.annotations.shapes import Box
from tfod.annotations.untrusted import annotation_files, as_pixels, content, each_file, read_xml
from tfod.annotations.voc_plain import PlainAnnotation, image_fields, read_plain
from tfod.annotations.voc_shapes import SIDES, Texts, shape_extents
from tfod.errors import DataError

__all__ = ["annotation_paths", "read_voc", "read_voc_dataset", "read_voc_files", "voc_set"]

# What tools write into <difficult> and <truncated>; labelme leaves them empty.
_FLAG_WORDS = {"": False, "false": False, "no": False, "unspecified": False, "true": True, "yes": True}
_FLAGS = ("difficult", "truncated", "occluded")
_OCCLUDED: Fields = (("occluded", "1"),)
_REPAIR = "correct the file in the annotation tool, or remove it"
_SHAPES = frozenset({"robndbox", "polygon", "attributes"})
_ONCE = ("name", "pose", *_FLAGS, *SIDES)
_LISTS = "pictures that several lists of ImageSets/Main name; train counts before val, and val before test"
_SEVERAL = "pictures with several boxes in one object; each is an object of its class"

Notes = dict[str, str]  # what the reader had to decide -> where


def read_voc(path: str | os.PathLike[str], image_dir: str | None = None) -> AnnotatedImage:
    """Reads one annotation file. Its picture is looked for in `image_dir`, if given, else beside the file and in
    JPEGImages or images beside the file's folder; `.picture` is None where there is none.

    Raises DataError, with the line, for XML that is malformed, declares entities or is not an annotation, and for
    an object without a name or a box.
    """
    path = os.fspath(path)
    data = content(path)
    notes: Notes = {}
    written, width, height, objects, fields = read_plain(data) or _read_tree(data, path, notes)
    written = written.strip()
    picture = find_picture(written, path, image_dir)
    filename = plain_name(picture or written) or picture_stem(path)
    called = other_name(written, filename) if picture else ""
    size, told = (as_pixels(width), as_pixels(height)), tuple(meaning(*note) for note in notes.items())
    return AnnotatedImage(path, filename, picture, objects, *size, fields=fields, written=called, remarks=told)


def read_voc_files(paths: Iterable[str], image_dir: str | None = None) -> Iterator[AnnotatedImage | DataError]:
    """Reads one file after the other; a file that cannot be read is yielded as its error."""
    for path in paths:
        try:
            yield read_voc(path, image_dir)
        except DataError as error:
            yield error


def read_voc_dataset(path: str, reading: Reading) -> Dataset:
    """The XML files below a folder, or one file. Of a folder as Pascal VOC has it, those in Annotations, each in the
    subset in whose list (ImageSets/Main/train.txt, val.txt, test.txt) it is, the first of these; so of each such folder
    below, as of the years in a VOCdevkit.

    Raises DataError where there is none.
    """
    annotations = os.path.join(path, "Annotations")
    root = annotations if os.path.isdir(annotations) else path
    paths = annotation_files(root, ".xml")
    lists = {folder: _lists_of(folder) for folder in {_set_folder(file, path) for file in paths}}
    shift = 1.0 if reading.one_based else 0.0

    def read_one(file: str) -> AnnotatedImage:
        image = read_voc(file, reading.image_dir)
        objects = tuple(item._replace(xmin=item.xmin - shift, ymin=item.ymin - shift) for item in image.objects)
        subset, *others = lists[_set_folder(file, path)].get(picture_stem(file), ("",))
        told = (meaning(_LISTS, f"{file}: {', '.join((subset, *others))}"),) if others else ()
        remarks = (*image.remarks, *told)
        return image._replace(objects=objects if shift else image.objects, subset=subset, remarks=remarks)

    return Dataset(each_file(read_one, paths, path, reading), len(paths))


def _set_folder(file: str, path: str) -> str:
    """The folder that holds Annotations with this file, and ImageSets: `path` for a file in no such folder."""
    folder, found, _ = f"./{file}".rpartition("/Annotations/")
    return folder[2:] if found else path


def _lists_of(folder: str) -> dict[str, list[str]]:
    """The names in the lists of a folder as Pascal VOC has it, each with its subsets in their order."""
    named: dict[str, list[str]] = {}
    for subset in ("train", "val", "test"):
        path = os.path.join(folder, "ImageSets", "Main", f"{subset}.txt")
        if os.path.isfile(path) and os.path.getsize(path):
            for name in dict.fromkeys(list_names(path)):
                named.setdefault(name, []).append(subset)
    return named


def annotation_paths(folder: str, image_set: str | None = None) -> PathList:
    """The XML files of a folder, or, where it has none, of those below it, in the order of their names; or those that
    the list `image_set` names, in its order, there or not. Raises DataError where there is none."""
    if image_set:
        below = _Below(folder)
        return PathList(folder, (_xml_name(folder, name, below) for name in list_names(image_set)))
    # Names with a leading dot are other systems' notes about a file ("._cat.xml"), not annotations.
    names = [name for name in _listed(folder) if name.lower().endswith(".xml") and not name.startswith(".")]
    names = names or [file for files in _Below(folder).files.values() for file in files]
    if not names:
        raise DataError("the folder holds no XML file", folder, "name a folder of Pascal VOC XML files")
    return PathList(folder, sorted(names))


class _Below:
    """The XML files below a folder, found when they are first asked for."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @cached_property
    def files(self) -> dict[str, list[str]]:
        """The paths from the folder, by the names of the files without their extension."""
        found: dict[str, list[str]] = {}
        for at, _, names in os.walk(self._folder):
            for name in names:
                stem, extension = os.path.splitext(name)
                if extension.lower() == ".xml" and not name.startswith("."):
                    found.setdefault(stem, []).append(os.path.relpath(os.path.join(at, name), self._folder))
        return found


def _xml_name(folder: str, name: str, below: _Below) -> str:
    """The file of a listed name, in the folder or, if there is but one, below it; its extension may be in capitals."""
    there = (f"{name}{extension}" for extension in (".xml", ".XML"))
    if found := next((file for file in there if os.path.isfile(f"{folder}/{file}")), None):
        return found
    files = below.files.get(name, [])
    return files[0] if len(files) == 1 else f"{name}.xml"


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


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the folder: {reason}", folder, "check the path and its rights") from error


def _read_tree(data: bytes, path: str, notes: Notes) -> PlainAnnotation:
    """What `read_plain` gives, of any annotation."""
    size: Texts = {}
    texts: Texts = {}
    objects: list[AnnotatedObject] = []
    for child in read_xml(data, path, "annotation", "Pascal VOC annotation"):
        tag = child.tag
        if tag == "object":
            objects += _objects(child, path, notes)
        elif tag == "size":
            for side in child:
                if side.tag in size:
                    _check_same(size, side, path)
                size[side.tag] = side.text
        else:
            if tag == "filename" and tag in texts:
                _check_same(texts, child, path)
            texts.setdefault(tag, child.findtext("database") if tag == "source" else child.text)
    fields = image_fields(texts.get("source"), texts.get("segmented"))
    return texts.get("filename") or "", size.get("width"), size.get("height"), tuple(objects), fields


def _check_same(texts: Texts, element: etree._Element, path: str) -> None:
    """DataError where the text of an element is another than that of an earlier one with its tag."""
    tag, text = element.tag, element.text
    if (texts[tag] or "").strip() != (text or "").strip():
        where = f"{path}, line {element.sourceline}"
        raise DataError(f"there are two <{tag}>: {texts[tag]!r} and {text!r}", where, _REPAIR)


def _objects(element: etree._Element, path: str, notes: Notes) -> list[AnnotatedObject]:
    """One object, or as many as it has boxes."""
    # Only its children and its boxes' count: what lies deeper (VOC's parts of a body, CVAT's attributes) has names
    # and boxes of its own.
    fields: Texts = {}
    boxes: list[Texts] = []
    shapes: list[etree._Element] = []
    for child in element:
        tag = child.tag
        if tag == "bndbox":
            box: Texts = {}
            boxes.append(box)
            for side in child:
                if (name := side.tag) in box:
                    _check_same(box, side, path)
                else:
                    box[name] = side.text
        elif tag in _SHAPES:
            shapes.append(child)
        elif tag not in fields:
            fields[tag] = child.text
        elif tag in _ONCE:
            _check_same(fields, child, path)
    if len(boxes) == 1 and not shapes:
        return [_object(element, path, fields, boxes[0])]
    where = f"{path}, line {element.sourceline}"
    boxes = [box for box in boxes if box]
    if len(boxes) > 1:
        notes[_SEVERAL] = where
    found: Sequence[Texts | Box] = boxes or [fields]
    if shapes:
        note, extents = shape_extents(shapes, boxes, where)
        found = extents or found
        notes |= {note: where} if note else {}
    return [_object(element, path, fields, one) for one in found]


def _object(element: etree._Element, path: str, fields: Texts, box: Texts | Box) -> AnnotatedObject:
    try:
        name = (fields["name"] or "").strip()
        if not name:
            raise KeyError("name")
        sides = box if isinstance(box, tuple) else _numbers(box)
        return AnnotatedObject(
            name,
            *sides,
            _flag(fields.get("difficult")),
            _flag(fields.get("truncated")),
            fields.get("pose") or "Unspecified",
            element.sourceline,
            fields=_OCCLUDED if _flag(fields.get("occluded")) else (),
        )
    except (KeyError, ValueError) as error:
        where = f"{path}, line {element.sourceline}"
        said = fields | box if isinstance(box, dict) else fields
        raise DataError(f"the object {_complaint(said, error)}", where, _REPAIR) from error


def _numbers(box: Texts) -> Box:
    return float(box["xmin"] or ""), float(box["ymin"] or ""), float(box["xmax"] or ""), float(box["ymax"] or "")


@lru_cache(maxsize=64)  # the same few texts, twice for every object
def _flag(text: str | None) -> bool:
    word = (text or "").strip().lower()
    return _FLAG_WORDS[word] if word in _FLAG_WORDS else bool(float(word))


def _complaint(fields: Texts, error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"has no <{error.args[0]}>"
    for tag in (*SIDES, *_FLAGS):
        text = fields.get(tag) or ""
        try:
            _flag(text) if tag in _FLAGS else float(text)
        except ValueError:
            return f"has a <{tag}> that is no number: {text!r}"
    return str(error)
