"""The first line of a table of boxes: what separates the fields, and which column is which."""

import csv
import re
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple, TextIO

from tfod.annotations.format import PassedOverError
from tfod.errors import DataError

__all__ = ["COLUMNS", "Header", "column_names", "names_boxes", "read_header"]

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")

# What tables call these columns, in lower case. Where a table has several of them, the first of these counts: a name
# before a number, the name of a file before the number of an image, the width of the image before that of anything.
_NAMES = {
    "filename": ("filename", "file_name", "image_path", "image", "img", "frame", "image_id", "imageid"),
    "width": ("image_width", "img_width", "width"),
    "height": ("image_height", "img_height", "height"),
    "class": ("class_name", "class", "label", "label_name", "labelname", "class_id"),
    "xmin": ("xmin", "x_min", "x1", "left"),
    "ymin": ("ymin", "y_min", "y1", "top"),
    "xmax": ("xmax", "x_max", "x2", "right"),
    "ymax": ("ymax", "y_max", "y2", "bottom"),
}
_SIDES = frozenset(name for side in COLUMNS[4:] for name in _NAMES[side])
_OPTIONAL = ("width", "height")
_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile(r"sep=.\s*", re.IGNORECASE)  # Excel's
_CORNER = re.compile(r"[xy][1-9]")
_BETWEEN = re.compile(r"[ -]+")  # words of a name


class Header(NamedTuple):
    """The first line: `columns` is our name -> the column's place, `fields` how many there are.

    `corners` are the places of x1, y1, x2, y2, x3, y3 and so on where the table holds outlines instead of boxes.
    `lines` is how many lines the header takes: Excel writes what separates the fields in one of its own.
    """

    delimiter: str
    columns: Mapping[str, int]
    fields: int
    corners: tuple[int, ...] = ()
    lines: int = 1


def read_header(file: TextIO, path: str) -> Header:
    """Reads the first line, or the two, of an open table; `path` is for messages.

    Fields are separated by commas, semicolons, tabulators or bars. The only column left over holds the class, whatever
    it is called: blood cells have a `cell_type`. Raises DataError where a column is missing, or given twice, a
    PassedOverError for a table of something else than boxes.
    """
    first, lines = file.readline(), 1
    if _SEPARATOR.fullmatch(first):
        first, lines = file.readline(), 2
    split = {delimiter: _split(first, delimiter) for delimiter in _DELIMITERS}
    found = {delimiter: _columns(names, f"{path}, line {lines}") for delimiter, names in split.items()}
    delimiter = max(_DELIMITERS, key=lambda one: len(found[one]))
    columns, names = found[delimiter], split[delimiter]
    corners = _corners(names, columns)
    missing = [name for name in COLUMNS if name not in columns and name not in _OPTIONAL]
    if missing:
        where = f"{path}, line {lines}"
        if _is_a_box(names):
            what = "the first line is that of a box: the table does not name its columns"
            raise DataError(what, where, "write their names before it, such as filename,xmin,ymin,xmax,ymax,class")
        cure = f"the first line has to name the columns {','.join(COLUMNS)}"
        kind = DataError if names_boxes({*names}) else PassedOverError  # Roboflow's _classes.csv has no boxes
        raise kind(f"the table has no column {', '.join(missing)}", where, cure)
    return Header(delimiter, columns, len(names), corners, lines)


def names_boxes(columns: Set[str]) -> bool:
    """Whether names of columns, in lower case, are those of the sides of boxes.

    >>> names_boxes({"image", "xmin", "x2"}), names_boxes({"image", "cat", "dog"})
    (True, False)
    """
    return len(_SIDES & columns) >= 2


def column_names(head: str) -> list[str]:
    """The names in the first line of a table, in lower case, whatever separates them.

    >>> column_names("Class;XMin")
    ['class', 'xmin']
    """
    lines = head.splitlines()[:2]
    line = lines[-1] if lines and _SEPARATOR.fullmatch(lines[0]) else "".join(lines[:1])
    splits: list[list[str]] = [_split(line, delimiter) for delimiter in _DELIMITERS]
    return max(splits, key=len)


def _split(line: str, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader([line], delimiter=delimiter), [])
        return [_BETWEEN.sub("_", name.strip().lower()) for name in names]
    except csv.Error:
        return []


def _columns(names: Sequence[str], where: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, known in _NAMES.items():
        for column in known:
            if names.count(column) > 1:
                raise DataError(f"the table has two columns {column!r}", where, "take one of them out, or rename it")
            if column in names:
                found.setdefault(name, names.index(column))
    known_names = {column for known in _NAMES.values() for column in known}
    left = [place for place, name in enumerate(names) if name not in known_names and not _CORNER.fullmatch(name)]
    if found and "class" not in found and len(left) == 1:
        found["class"] = left[0]
    return found


def _corners(names: Sequence[str], columns: Mapping[str, int]) -> tuple[int, ...]:
    """The places of an outline's corners, three or more, where no column is that of a box."""
    if [names[columns[side]] for side in COLUMNS[4:] if side in columns] != ["x1", "y1", "x2", "y2"]:
        return ()
    numbers = [number for number in range(1, 10) if f"x{number}" in names and f"y{number}" in names]
    if len(numbers) < 3:
        return ()
    return tuple(names.index(f"{side}{number}") for number in numbers for side in "xy")


def _is_a_box(fields: Sequence[str]) -> bool:
    """Whether the fields are those of Keras RetinaNet's tables, which name no columns: file, four numbers, class."""
    return len(fields) == 6 and all(re.fullmatch(r"-?\d*\.?\d*", field) for field in fields[1:5])
