"""Boxes as a CSV table, one line an object, with the columns that tutorials' `xml_to_csv.py` writes, or others'."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.format import Dataset, PassedOverError, Reading, Writing
from tfod.annotations.pictures import find_picture, picture_stem, plain_name
from tfod.annotations.untrusted import as_text, file_subset, read_each, subset_of
from tfod.annotations.voc import read_image_set
from tfod.errors import DataError
from tfod.files import replacing

__all__ = ["COLUMNS", "read_csv", "read_csv_dataset", "write_csv", "writing_csv"]

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")

# What tables call these columns, in lower case.
_NAMES = {
    "filename": ("filename", "frame", "image", "image_path", "file_name", "img"),
    "width": ("width", "image_width"),
    "height": ("height", "image_height"),
    "class": ("class", "class_id", "class_name", "label"),
    "xmin": ("xmin", "x_min", "x1"),
    "ymin": ("ymin", "y_min", "y1"),
    "xmax": ("xmax", "x_max", "x2"),
    "ymax": ("ymax", "y_max", "y2"),
}


def read_csv(
    path: str,
    image_dir: str | None = None,
    image_set: str | None = None,
    class_names: Mapping[int, str] | None = None,
) -> list[AnnotatedImage | DataError]:
    """The pictures of a table, in the order of their first lines; found as `find_picture` does.

    Columns may come in any order and under the names that tables of others use (`_NAMES`); width and height may be
    missing. A class that is a number in `class_names` takes that name. With `image_set`, only the pictures that this
    list names, in its order; one that the table lacks is given as its error.
    Raises DataError, with the line, for a table that cannot be read, lacks a column, or holds what is no number.
    """
    sizes: dict[str, tuple[int | None, int | None]] = {}
    objects: dict[str, list[AnnotatedObject]] = {}
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        try:
            xmin, ymin, xmax, ymax = (float(row[side]) for side in COLUMNS[4:])
            width, height = (int(float(row[side])) if side in row else None for side in COLUMNS[1:3])
        except (ValueError, OverflowError) as error:
            cure = "correct the line, or take it out"
            raise DataError(f"the table holds something that is no number: {error}", where, cure) from error
        filename = as_text(row["filename"], "the picture", where)
        name = as_text(row["class"], "the class", where)
        if class_names and name.isdecimal():
            name = class_names.get(int(name[:10]), name)
        sizes[filename] = width, height
        objects.setdefault(filename, []).append(AnnotatedObject(name, xmin, ymin, xmax, ymax, line=line))
    images = []
    for filename, boxes in objects.items():
        picture = find_picture(filename, path, image_dir)
        found = plain_name(picture or filename)
        images.append(AnnotatedImage(path, found, picture, tuple(boxes), *sizes[filename], subset_of(filename)))
    return _chosen(images, image_set) if image_set else [*images]


def read_csv_dataset(path: str, reading: Reading) -> Dataset:
    """The tables of a folder, or one; a table named after a subset (train_labels.csv) makes its pictures members.

    Where the classes are numbers, `reading.class_names` names them, and the data set's ids are theirs.
    """
    tables, errors, remarks = read_each(
        path, ".csv", lambda file: (file, read_csv(file, reading.image_dir, None, reading.class_names))
    )
    images: list[AnnotatedImage | DataError] = [*errors]
    for file, table in tables:
        subset = file_subset(file, path)
        for image in table:
            named = isinstance(image, AnnotatedImage) and subset and not image.subset
            images.append(image._replace(subset=subset) if named else image)  # type: ignore[union-attr]
    return Dataset(images, len(images), {name: number for number, name in reading.class_names.items()}, remarks)


def write_csv(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes labels.csv, or SUBSET_labels.csv of each subset, with the tutorial's columns."""
    subsets: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        subsets.setdefault(image.subset, []).append(image)
    names = {subset: f"{subset}_labels.csv" if subset else "labels.csv" for subset in subsets}
    for subset, members in subsets.items():
        with writing_csv(members, str(folder / names[subset])) as written:
            deque(written, maxlen=0)


def _chosen(images: list[AnnotatedImage], image_set: str) -> list[AnnotatedImage | DataError]:
    by_stem = {picture_stem(image.filename): image for image in images}
    cure = "take it out of the list, or add its boxes to the table"
    return [
        by_stem.get(name) or DataError(f"the table has no picture {name!r}", image_set, cure)
        for name in read_image_set(image_set)
    ]


@contextmanager
def writing_csv(
    images: Iterable[AnnotatedImage | DataError], path: str
) -> Iterator[Iterator[AnnotatedImage | DataError]]:
    """Yields `images` again, and writes the boxes of those taken from it to a table: whole, or not at all."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        yield _written(images, writer.writerow)


def _written(
    images: Iterable[AnnotatedImage | DataError], write_row: Callable[[Iterable[object]], object]
) -> Iterator[AnnotatedImage | DataError]:
    for image in images:
        if isinstance(image, AnnotatedImage):
            for item in image.objects:
                sides = (int(side) if side.is_integer() else side for side in item[1:5])
                write_row((image.filename, image.width, image.height, item.class_name, *sides))
        yield image


def _rows(path: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each line after the first, which names the columns; keys are those of COLUMNS."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = _columns(reader.fieldnames or (), path)
            for row in reader:
                if None in row.values() or None in row:
                    where, cure = f"{path}, line {reader.line_num}", "correct the line, or take it out"
                    raise DataError("a line has too few or too many fields", where, cure)
                yield reader.line_num, {name: row[column] for name, column in columns.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read the table: {reason.lower()}", path, "name a CSV file in UTF-8") from error


def _columns(header: Sequence[str], path: str) -> dict[str, str]:
    """The columns of a table: our name -> its own.

    The only column left over holds the class, whatever it is called: blood cells have a `cell_type`.
    """
    found = {name: column for name, names in _NAMES.items() for column in header if column.strip().lower() in names}
    left = [column for column in header if column not in found.values()]
    if "class" not in found and len(left) == 1:
        found["class"] = left[0]
    missing = [name for name in COLUMNS if name not in found and name not in ("width", "height")]
    if missing:
        cure = f"the first line has to name the columns {','.join(COLUMNS)}"
        kind = DataError if {*COLUMNS[4:]} & found.keys() else PassedOverError  # Roboflow's _classes.csv has no boxes
        raise kind(f"the table has no column {', '.join(missing)}", f"{path}, line 1", cure)
    return found
