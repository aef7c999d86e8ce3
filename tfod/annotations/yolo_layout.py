"""Where a YOLO data set has its pictures and its class names.

Ultralytics' data.yaml names folders (or lists) of pictures for train, val and test, below `path`, and the classes as
a list or as numbers with names. Without one, subsets are folders below images/, and classes.txt, obj.names or the like
names the classes, one a line. Folders of another machine are found by the ends of their paths.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfod.annotations.annotated_image import Remark, meaning
from tfod.annotations.format import MissingPartError, Reading
from tfod.annotations.pictures import PICTURE_FOLDERS, path_ends
from tfod.annotations.untrusted import Roots, as_text, read_text, subset_of
from tfod.annotations.yaml_text import read_yaml
from tfod.errors import DataError

__all__ = ["NAME_LISTS", "PICTURE_EXTENSIONS", "Layout", "find_layout", "find_yaml", "is_data_yaml"]

PICTURE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_PARTS = ("train", "val", "test")
NAME_LISTS = (
    "classes.txt", "obj.names", "labels/classes.txt", "classes.names", "_darknet.labels", "names.txt", "coco.names",
    "predefined_classes.txt",
)  # fmt: skip
_MOST_YAMLS = 16
_POSITIVE = re.compile(r"[1-9]\d{0,2}")
_REPAIR = "correct the file"


@dataclass
class Layout:
    """A data set's pictures by subset, its class names by number, and the `pose` that follows a box: how many keypoints
    it has, of how many numbers each (2 or 3).

    Labels are somewhere in `folders`; `lists` are text files that are none. `errors` are the parts that are not there.
    """

    root: str
    pictures: dict[str, list[str]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    pose: tuple[int, int] = (0, 0)
    keypoint_names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def find_layout(path: str, reading: Reading) -> Layout:
    """The layout of the data set at `path`, a folder or a yaml; DataError where it has no picture."""
    given = find_yaml(path)
    if not given and len(several := [one for one in _yamls_in(path) if is_data_yaml(one)]) > 1:
        what = f"several yamls describe a data set: {', '.join(map(os.path.basename, several[:4]))}"
        raise DataError(what, path, f"name the right one: {several[0]}")
    root = path if os.path.isdir(path) else os.path.dirname(path) or os.curdir
    layout = _from_yaml(given, reading) if given else _from_folder(root, reading)
    layout.folders = [*dict.fromkeys((layout.root, root))] if reading.image_dir or not given else [layout.root]
    if not any(layout.pictures.values()):
        if layout.errors:
            raise layout.errors[0]
        cure = "name the folder that holds images/ and labels/, its data.yaml, or the pictures' folder with --image_dir"
        raise DataError("there is no picture", given or path, cure)
    return layout


def find_yaml(path: str) -> str | None:
    """The data.yaml of a folder, or its only yaml that names a data set, or `path` itself where it is a yaml; None
    where there is none."""
    if os.path.isfile(path):
        return path if path.lower().endswith((".yaml", ".yml")) else None
    for name in _YAMLS:
        if os.path.isfile(found := os.path.join(path, name)):
            return found
    named = [found for found in _yamls_in(path) if is_data_yaml(found)]
    return named[0] if len(named) == 1 else None


def is_data_yaml(path: str) -> bool:
    """Whether a yaml names classes, and pictures to learn from."""
    try:
        read = _load(path)
    except DataError:
        return False
    return isinstance(read.get("names"), list | dict) and not {*_PARTS, "path", "nc"}.isdisjoint(read)


def _yamls_in(folder: str) -> list[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith((".yaml", ".yml")))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names[:_MOST_YAMLS] if not name.startswith(".")]


def _from_folder(root: str, reading: Reading) -> Layout:
    layout = Layout(root)
    layout.names = _listed_names(root, Roots(root, reading))
    above = os.path.dirname(os.path.abspath(root))
    if not layout.names and os.path.basename(os.path.abspath(root)).lower() in ("labels", "images"):
        layout.names = _listed_names(above, Roots(above, reading))
    layout.remarks += _contradicting(root, layout.names, Roots(root, reading))
    for picture in _pictures_of_folder(root, reading.image_dir):
        layout.pictures.setdefault(subset_of(os.path.relpath(picture, root)), []).append(picture)
    return layout


def _pictures_of_folder(root: str, image_dir: str | None) -> list[str]:
    """The pictures in images/, or anywhere below; of a folder of labels those in images/ beside it."""
    if image_dir:
        return _pictures_below(image_dir)
    found = _pictures_below(os.path.join(root, "images")) or _pictures_below(root)
    if not found and os.path.basename(os.path.abspath(root)).lower() == "labels":
        beside = (os.path.normpath(os.path.join(root, os.pardir, name)) for name in PICTURE_FOLDERS)
        found = next(filter(None, map(_pictures_below, beside)), [])
    return found


def _listed_names(root: str, roots: Roots) -> dict[int, str]:
    return next((_names_in(path, roots) for path in _name_lists(root)), {})


def _name_lists(root: str) -> Iterator[str]:
    return filter(os.path.isfile, (os.path.join(root, name) for name in NAME_LISTS))


def _names_in(path: str, roots: Roots) -> dict[int, str]:
    lines = [line for line in read_text(roots.check(path)).splitlines() if line.strip()]
    return {number: as_text(line, "the class", f"{path}, line {number + 1}") for number, line in enumerate(lines)}


def _contradicting(root: str, names: Mapping[int, str], roots: Roots) -> Iterator[Remark]:
    """The lists of class names beside a data set that give the classes other numbers than those that count."""
    for path in _name_lists(root):
        try:
            found = _names_in(path, roots)
        except DataError:
            continue  # it is not the list that counts, and may be of anything
        if found != names and not {*found.values()}.isdisjoint(names.values()):
            first, *_ = names.items()
            yield meaning(f"lists of classes that do not count: {first[0]} is {first[1]!r} by another file", path)


def _from_yaml(path: str, reading: Reading) -> Layout:
    read = _load(path)
    folder = os.path.dirname(path) or os.curdir
    layout = Layout(reading.image_dir or _root(read.get("path"), folder, path), names=_names(read.get("names"), path))
    shape = read.get("kpt_shape")
    if isinstance(shape, list) and len(shape) == 2 and all(_POSITIVE.fullmatch(str(side)) for side in shape):
        layout.pose = int(shape[0]), int(shape[1])
        layout.keypoint_names = _keypoint_names(read.get("kpt_names"), layout.pose[0], path)
    roots = Roots(layout.root, reading)
    layout.remarks += _contradicting(layout.root, layout.names, roots)
    unmade: list[DataError] = []
    for key in _PARTS:
        entries = read.get(key) or []
        named = map(str, entries if isinstance(entries, list) else [entries])
        for entry in {os.path.normpath(entry): entry for entry in named}.values():
            try:
                layout.pictures.setdefault(key, []).extend(_pictures_of(entry, layout, path, roots))
            except MissingPartError as error:
                (unmade if key == "test" else layout.errors).append(error)
            except DataError as error:
                layout.errors.append(error)
    if any(layout.pictures.values()):
        # Ultralytics asks for train and val only; exports often name a test that nobody made.
        layout.remarks += (Remark("test-missing", error.what, path) for error in unmade)
    else:
        layout.errors += unmade
    return layout


def _load(path: str) -> dict[str, Any]:
    """What a yaml says; DataError for what is no yaml of names and values."""
    read = read_yaml(path)
    if not isinstance(read, dict):
        raise DataError("the yaml is no data set: it names no train, val or names", path, _REPAIR)
    return read


def _names(value: object, path: str) -> dict[int, str]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        raise DataError(
            "the yaml has no names of classes", path, "write names: [cat, dog], in the order of the numbers"
        )
    names: dict[int, str] = {}
    for number, name in value.items():
        if not str(number).isdecimal() or len(str(number)) > 9:
            raise DataError(f"a class has a number that is none: {ascii(number)[:40]}", path, _REPAIR)
        if name is None:
            raise DataError(f"the class {number} has no name", path, 'write one; a class called null in quotes: "null"')
        names[int(str(number))] = as_text(name, "the class", path)
    if len(set(names.values())) < len(names):
        raise DataError("two classes have one name", path, _REPAIR)
    return names


def _keypoint_names(value: object, count: int, path: str) -> dict[int, tuple[str, ...]]:
    """The names of keypoints by the class's number, as far as each has `count` that differ."""
    given = value if isinstance(value, Mapping) else {}
    listed = {
        int(str(key)): tuple(as_text(name, "the keypoint", path) for name in names)
        for key, names in given.items()
        if isinstance(names, list) and re.fullmatch(r"\d{1,9}", str(key))
    }
    return {number: names for number, names in listed.items() if len(set(names)) == len(names) == count}


def _root(value: object, folder: str, path: str) -> str:
    """The folder that `path` of the yaml stands for: it may be that of another machine, but lead nowhere else here."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return folder
    root = os.path.normpath(os.path.join(folder, value))
    real, inside = os.path.realpath(root), os.path.realpath(folder)
    if not os.path.isdir(root):
        ends = (os.path.join(folder, end) for end in path_ends(value))
        return next(filter(os.path.isdir, ends), folder)
    if real != inside and not real.startswith(inside.rstrip(os.sep) + os.sep):
        cure = f"name it yourself if you trust the file: --image_dir {root}"
        raise DataError(f"the yaml's path leads out of its folder, to {root}", path, cure)
    return root


def _pictures_of(entry: str, layout: Layout, path: str, roots: Roots) -> Sequence[str]:
    """The pictures of one entry: of a folder, or those that a list names, one a line."""
    found = _found(entry, layout.root)
    if found is None:
        what = f"there is no {ascii(entry.strip())[:80]} in the data set"
        raise MissingPartError(what, path, "correct the yaml's train, val and test")
    if os.path.isdir(found):
        return _pictures_below(found)
    if not found.lower().endswith(".txt"):
        return [found] if found.lower().endswith(PICTURE_EXTENSIONS) else []
    layout.lists.append(found)
    pictures = []
    places: dict[str, list[str]] = {}  # of the folders that the list names
    for line in filter(None, map(str.strip, read_text(roots.check(found)).splitlines())):
        folder, _, name = line.replace("\\", "/").rpartition("/")
        if folder not in places:
            places[folder] = [*dict.fromkeys(filter(os.path.isdir, _places(folder, layout.root, found)))]
        there = (os.path.join(place, name) for place in places[folder])
        if picture := next(filter(os.path.isfile, there), None) or _inside(layout.root, line):
            pictures.append(picture)
        else:
            what = f"the list names a picture out of its folder: {ascii(line)[:80]}"
            layout.errors.append(DataError(what, found, _REPAIR))
    return pictures


def _places(folder: str, root: str, file: str) -> Iterator[str]:
    """The folders, there or not, that the list `file` may mean by `folder`: of `root`, beside it, or by its end."""
    for base in (root, os.path.dirname(file) or os.curdir):
        for tried in (folder, folder.removeprefix("../"), folder.lstrip("/")):
            if one := _inside(root, os.path.join(os.path.relpath(base, root), tried)):
                yield one
    yield from (os.path.join(root, end) for end in path_ends(folder))
    yield root


def _found(name: str, root: str) -> str | None:
    """The file or folder called so below `root`, by the end of its path where all of it is not there."""
    name = name.strip()
    # Roboflow writes ../train/images where it means train/images; Ultralytics takes it so too.
    for tried in (name, name.removeprefix("../"), name.replace("\\", "/").lstrip("/")):
        if (one := _inside(root, tried)) and os.path.exists(one):
            return one
    ends = [*path_ends(name)]
    itself = bool(ends) and os.path.basename(os.path.abspath(root)) == ends[-1]  # as another machine calls the folder
    for end in ends:
        one = os.path.join(root, end)
        # /content/test/images is not what images/ is: the word for the part may not be lost.
        lost = subset_of(ends[0].removesuffix(end)) and not subset_of(f"{end}/")
        if os.path.isfile(one) or (os.path.isdir(one) and not lost):
            return one
    return root if itself else None


def _inside(root: str, name: str) -> str | None:
    """`name` below `root`; None where it leads out of it. A name that is absolute may lead into it."""
    if "\0" in name:
        return None
    joined = os.path.normpath(os.path.join(root, name))
    leaves = os.path.relpath(joined, root).split(os.sep)[0] == os.pardir
    return None if leaves else joined


def _pictures_below(folder: str) -> list[str]:
    return sorted(
        os.path.join(at, name)
        for at, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(PICTURE_EXTENSIONS) and not name.startswith(".")
    )
