"""Boxes as a CSV table, one line an object, with the columns that tutorials' `xml_to_csv.py` writes."""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.pictures import find_picture, picture_stem, plain_name
from tfod.annotations.voc import read_image_set
from tfod.errors import DataError
from tfod.files import replacing

__all__ = ["COLUMNS", "read_csv", "writing_csv"]

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")


def read_csv(path: str, image_dir: str | None = None, image_set: str | None = None) -> list[AnnotatedImage | DataError]:
    """The pictures of a table, in the order of their first lines; found as `find_picture` does.

    With `image_set`, only those that this list names, in its order; one that the table lacks is given as its error.
    Raises DataError, with the line, for a table that cannot be read, lacks a column, or holds what is no number.
    """
    sizes: dict[str, tuple[int, int]] = {}
    objects: dict[str, list[AnnotatedObject]] = {}
    for line, row in _rows(path):
        try:
            xmin, ymin, xmax, ymax = (float(row[side]) for side in COLUMNS[4:])
            sizes[row["filename"]] = int(float(row["width"])), int(float(row["height"]))
        except (ValueError, OverflowError) as error:
            where, cure = f"{path}, line {line}", "correct the line, or take it out"
            raise DataError(f"the table holds something that is no number: {error}", where, cure) from error
        item = AnnotatedObject(row["class"].strip(), xmin, ymin, xmax, ymax, line=line)
        objects.setdefault(row["filename"], []).append(item)
    images = []
    for filename, boxes in objects.items():
        picture = find_picture(filename, path, image_dir)
        images.append(AnnotatedImage(path, plain_name(picture or filename), picture, tuple(boxes), *sizes[filename]))
    return _chosen(images, image_set) if image_set else [*images]


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
    """Line number and fields of each line after the first, which names the columns."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                cure = f"the first line has to name the columns {','.join(COLUMNS)}"
                raise DataError(f"the table has no column {', '.join(missing)}", f"{path}, line 1", cure)
            for row in reader:
                if None in row.values() or None in row:
                    where, cure = f"{path}, line {reader.line_num}", "correct the line, or take it out"
                    raise DataError("a line has too few or too many fields", where, cure)
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read the table: {reason.lower()}", path, "name a CSV file in UTF-8") from error
