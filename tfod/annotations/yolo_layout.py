"""Where a YOLO data set has its pictures, its labels and its class names.

Ultralytics' data.yaml names folders (or lists) of pictures for train, val and test, below `path`, and the classes as
a list or as numbers with names. Without one, subsets are folders below images/, and classes.txt, obj.names or the like
names the classes, one a line. Labels lie where Ultralytics looks: in labels/ instead of images/, else beside.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import yaml

from tfod.annotations.format import Reading
from tfod.annotations.untrusted import Roots, as_text, read_text, subset_of
from tfod.annotations.yaml_text import load_yaml
from tfod.errors import DataError

__all__ = ["PICTURE_EXTENSIONS", "Layout", "find_layout", "find_yaml", "label_path"]

PICTURE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_NAME_LISTS = ("classes.txt", "obj.names", "labels/classes.txt", "classes.names", "_darknet.labels", "names.txt")
_MOST_BYTES = 1 << 18
_MOST_DEEP = 20
_NESTING = re.compile(r"(?:[-?:]\s+|\s)*")
_POSITIVE = re.compile(r"[1-9]\d{0,2}")
_REPAIR = "correct the file"


@dataclass
class Layout:
    """A data set's pictures by subset, its class names by number, and how many numbers of keypoints follow a box."""

    root: str
    pictures: dict[str, list[str]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    keypoints: int = 0


def find_layout(path: str, reading: Reading) -> Layout:
    """The layout of the data set at `path`, a folder or a yaml; DataError where it has no picture."""
    given = find_yaml(path)
    root = path if os.path.isdir(path) else os.path.dirname(path) or os.curdir
    layout = _from_yaml(given, reading) if given else _from_folder(root, reading)
    if not any(layout.pictures.values()):
        cure = "name the folder that holds images/ and labels/, or its data.yaml"
        raise DataError("there is no picture", given or path, cure)
    return layout


def find_yaml(path: str) -> str | None:
    """The data.yaml of a folder, or `path` itself where it is a yaml; None where there is none."""
    if os.path.isfile(path):
        return path if path.lower().endswith((".yaml", ".yml")) else None
    return next((found for name in _YAMLS if os.path.isfile(found := os.path.join(path, name))), None)


def label_path(picture: str) -> str | None:
    """The text file of a picture's labels; None where there is none."""
    before, found, after = os.path.splitext(picture)[0].rpartition("/images/")
    beside = f"{os.path.splitext(picture)[0]}.txt"
    tried = [f"{before}/labels/{after}.txt"] if found else []
    return next((path for path in (*tried, beside) if os.path.isfile(path)), None)


def _from_folder(root: str, reading: Reading) -> Layout:
    layout = Layout(root, names=_listed_names(root, Roots(root, reading)))
    folder = reading.image_dir or (images if os.path.isdir(images := os.path.join(root, "images")) else root)
    for picture in _pictures_below(folder):
        layout.pictures.setdefault(subset_of(os.path.relpath(picture, root)), []).append(picture)
    return layout


def _listed_names(root: str, roots: Roots) -> dict[int, str]:
    for name in _NAME_LISTS:
        if os.path.isfile(path := os.path.join(root, name)):
            lines = [line for line in read_text(roots.check(path)).splitlines() if line.strip()]
            return {
                number: as_text(line, "the class", f"{path}, line {number + 1}") for number, line in enumerate(lines)
            }
    return {}


def _from_yaml(path: str, reading: Reading) -> Layout:
    read = _load(path)
    folder = os.path.dirname(path) or os.curdir
    layout = Layout(reading.image_dir or _root(read.get("path"), folder, path), names=_names(read.get("names"), path))
    shape = read.get("kpt_shape")
    if isinstance(shape, list) and len(shape) == 2 and all(_POSITIVE.fullmatch(str(side)) for side in shape):
        layout.keypoints = int(shape[0]) * int(shape[1])
    roots = Roots(layout.root, reading)
    for key in ("train", "val", "test"):
        entries = read.get(key) or []
        for entry in entries if isinstance(entries, list) else [entries]:
            layout.pictures.setdefault(key, []).extend(_pictures_of(str(entry), layout.root, path, roots))
    return layout


def _load(path: str) -> dict[str, Any]:
    text = read_text(path)
    if len(text) > _MOST_BYTES or _depth(text) > _MOST_DEEP:  # PyYAML's time grows with the square of the depth
        raise DataError(
            "the yaml is too large, or nested too deeply, to be a data set's",
            path,
            "name the data.yaml of the data set",
        )
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):  # a few lines of them fill any memory
            raise DataError("the yaml has aliases, which are not followed", path, "write out what they stand for")
        read = load_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"the yaml is malformed: {reason}", path, _REPAIR) from error
    if not isinstance(read, dict):
        raise DataError("the yaml is no data set: it names no train, val or names", path, _REPAIR)
    return read


def _depth(text: str) -> int:
    """How deep brackets, or the signs of lists within lists on one line, are nested at most."""
    opening = accumulate((character in "{[") - (character in "}]") for character in text)
    on_a_line = max((len(_NESTING.match(line)[0].split()) for line in text.splitlines()), default=0)  # type: ignore[index]
    return max(max(opening, default=0), on_a_line)


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


def _root(value: object, folder: str, path: str) -> str:
    """The folder that `path` of the yaml stands for: it may be that of another machine, but lead nowhere else here."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return folder
    root = os.path.normpath(os.path.join(folder, value))
    real, inside = os.path.realpath(root), os.path.realpath(folder)
    if not os.path.isdir(root):
        return folder
    if real != inside and not real.startswith(inside.rstrip(os.sep) + os.sep):
        cure = f"name it yourself if you trust the file: --image_dir {root}"
        raise DataError(f"the yaml's path leads out of its folder, to {root}", path, cure)
    return root


def _pictures_of(entry: str, root: str, path: str, roots: Roots) -> Sequence[str]:
    """The pictures of one entry: of a folder, or those that a list names, one a line."""
    place = entry.strip()
    # Roboflow writes ../train/images where it means train/images; Ultralytics takes it so too.
    tried = [place, place.removeprefix("../"), place.replace("\\", "/").lstrip("/")]
    found = next((one for name in tried if (one := _inside(root, name)) and os.path.exists(one)), None)
    if found is None:
        raise DataError(
            f"there is no {ascii(place)[:80]} in the data set", path, "correct the yaml's train, val and test"
        )
    if os.path.isdir(found):
        return _pictures_below(found)
    if not found.lower().endswith(".txt"):
        return [found] if found.lower().endswith(PICTURE_EXTENSIONS) else []
    lines = [line.strip() for line in read_text(roots.check(found)).splitlines() if line.strip()]
    missing = [line for line in lines if _inside(root, line) is None]
    if missing:
        raise DataError(f"the list names a picture out of its folder: {ascii(missing[0])[:80]}", found, _REPAIR)
    return [inside for line in lines if (inside := _inside(root, line)) is not None]


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
