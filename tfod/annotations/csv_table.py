"""Boxes as a CSV table, one line an object, with the columns that tutorials' `xml_to_csv.py` writes, or others'."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Remark, meaning
from tfod.annotations.csv_columns import COLUMNS, Header, read_header
from tfod.annotations.format import Dataset, Reading, SpoiltImageError, Writing
from tfod.annotations.path_list import list_names
from tfod.annotations.pictures import find_picture, other_name, picture_sizes, picture_stem, plain_name
from tfod.annotations.repeats import each_once
from tfod.annotations.shapes import Box, Transposition, are_exchanged, are_fractions, outline_extent
from tfod.annotations.untrusted import as_text, encoding_of, file_subset, read_each, snapped, subset_of
from tfod.errors import DataError
from tfod.files import LFS_CURE, beginning, is_lfs_pointer, replacing

__all__ = ["COLUMNS", "read_csv", "read_csv_dataset", "write_csv", "writing_csv"]

_CURE = "correct the line, or take it out"
_SAVE = "save it as CSV in UTF-8 (in Excel: CSV UTF-8)"
_ZIP = b"PK\x03\x04"
_EXCHANGED = "tables whose columns xmax and ymin are exchanged, as their boxes show; read so"
_TRANSPOSED = "tables in which x and y are exchanged, as the sizes of their images show; read so"
_FRACTIONS = "tables of which all coordinates lie between 0 and 1; read as fractions of the picture, not as pixels"
_OUTLINES = "tables of outlines; of each the extent is the box"
_NO_BOX = "lines of a table with a class and no box; the picture is read without such an object"
_MOST_SIZED = 500  # images whose size is compared with their boxes
_SIZES = "pictures of which a table gives several sizes; none of them counts"

Size = tuple[int | None, int | None]


class _Row(NamedTuple):
    """A line of a table; `box` is None where the line says of a picture that it has no object."""

    line: int
    filename: str
    class_name: str
    size: Size
    box: Box | None


def read_csv(
    path: str,
    image_dir: str | None = None,
    image_set: str | None = None,
    class_names: Mapping[int, str] | None = None,
) -> list[AnnotatedImage | DataError]:
    """The pictures of a table, in the order of their first lines; found as `find_picture` does.

    Columns may come in any order and under the names that tables of others use (`csv_columns`); width and height may
    be missing. A line without the four sides of a box makes its picture one without objects, as in Keras RetinaNet's
    tables. What the boxes of the whole table show counts, and is told at the first picture: that they are fractions of
    their pictures, or that xmax and ymin are exchanged. A class that is a number in `class_names` takes that name. With
    `image_set`, only the pictures that this list names, in its order; one that the table lacks is given as its error.
    So is a picture of which a line cannot be understood, or whose boxes are fractions of an unknown size; a line of no
    picture comes last.
    Raises DataError, with the line, for a table that cannot be read, lacks a column or has it twice.
    """
    found, remarks = _images(path, image_dir, image_set, class_names or {})
    for place, image in enumerate(found):
        if isinstance(image, AnnotatedImage):
            found[place] = image._replace(remarks=(*remarks, *image.remarks))
            break
    return found


def read_csv_dataset(path: str, reading: Reading) -> Dataset:
    """The tables of a folder, or one; a table named after a subset (train_labels.csv) makes its pictures members.

    Where the classes are numbers, `reading.class_names` names them, and the data set's ids are theirs.
    """
    tables, errors, remarks = read_each(
        path, (".csv", ".tsv"), lambda file: (file, *_images(file, reading.image_dir, None, reading.class_names))
    )
    images, repeats = each_once((file, _of_part(table, file_subset(file, path))) for file, table, _ in tables)
    images = [*errors, *images]
    remarks += [*(remark for *_, told in tables for remark in told), *repeats]
    return Dataset(images, len(images), {name: number for number, name in reading.class_names.items()}, remarks)


def _of_part(images: Iterable[AnnotatedImage | DataError], subset: str) -> list[AnnotatedImage | DataError]:
    return [
        image._replace(subset=image.subset or subset) if isinstance(image, AnnotatedImage) else image
        for image in images
    ]


def write_csv(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes labels.csv, or SUBSET_labels.csv of each subset, with the tutorial's columns."""
    subsets: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        subsets.setdefault(image.subset, []).append(image)
    names = {subset: f"{subset}_labels.csv" if subset else "labels.csv" for subset in subsets}
    for subset, members in subsets.items():
        with writing_csv(members, str(folder / names[subset])) as written:
            deque(written, maxlen=0)


def _images(
    path: str, image_dir: str | None, image_set: str | None, class_names: Mapping[int, str]
) -> tuple[list[AnnotatedImage | DataError], list[Remark]]:
    """What `read_csv` gives, and what the boxes of the whole table show."""
    header, rows, errors = _read(path)
    boxes = [row.box for row in rows if row.box]
    exchanged, fractions = are_exchanged(boxes), are_fractions(boxes)
    by_picture: dict[str, list[_Row]] = {}
    for row in rows:
        by_picture.setdefault(row.filename, []).append(row)
    images: dict[str, AnnotatedImage | DataError] = {}
    for filename, lines in by_picture.items():
        image = _image(filename, lines, path, image_dir, class_names, exchanged)
        try:
            images[filename] = _in_pixels(image, f"{path}, line {lines[0].line}") if fractions else image
        except DataError as error:
            images[filename] = error
    transposed = not fractions and not exchanged and _are_transposed(images.values())
    if transposed:
        images = {filename: _transposed(image) for filename, image in images.items()}
    strays = [fault for filename, fault in errors if not filename]
    for filename, fault in reversed(errors):  # of several of a picture the first is given
        if filename:
            images[filename] = SpoiltImageError.of(fault, find_picture(filename, path, image_dir))
    chosen = _chosen(images, image_set) if image_set else [*images.values()]
    told = (_EXCHANGED, exchanged), (_TRANSPOSED, transposed), (_FRACTIONS, fractions), (_OUTLINES, header.corners)
    return [*chosen, *strays], [meaning(what, path) for what, true in told if true]


def _image(
    filename: str, rows: Sequence[_Row], path: str, image_dir: str | None, names: Mapping[int, str], exchanged: bool
) -> AnnotatedImage:
    objects = []
    told = [meaning(_NO_BOX, f"{path}, line {row.line}") for row in rows if not row.box and row.class_name]
    for row in rows:
        if row.box:
            xmin, ymin, xmax, ymax = row.box
            box = (xmin, xmax, ymin, ymax) if exchanged else row.box
            name = row.class_name
            if name.isdecimal():
                name = names.get(int(name[:10]), name)
            objects.append(AnnotatedObject(name, *box, line=row.line))
    sizes = {row.size: row.line for row in rows if None not in row.size}
    if len(sizes) > 1:
        told.append(meaning(_SIZES, f"{path}, line {[*sizes.values()][1]}: {filename}"))
    width, height = next(iter(sizes)) if len(sizes) == 1 else (None, None)
    picture = find_picture(filename, path, image_dir)
    found, subset = plain_name(picture or filename), subset_of(filename)
    written = other_name(filename, found) if picture else ""
    return AnnotatedImage(
        path, found, picture, tuple(objects), width, height, subset, written=written, remarks=tuple(told)
    )


def _size(image: AnnotatedImage) -> Size:
    """The size of an image as it is shown, unless the table says that of the stored pixels."""
    says = image.width, image.height
    stored, shown = picture_sizes(image.picture) if image.picture else (says, says)
    return stored if says == stored else shown


def _are_transposed(images: Iterable[AnnotatedImage | DataError]) -> bool:
    told = Transposition()
    known = (image for image in images if isinstance(image, AnnotatedImage) and image.objects)
    for image in islice(known, _MOST_SIZED):
        with suppress(DataError):  # a damaged image is told by who needs it
            width, height = _size(image)
            if width and height:
                told.look_at((item[1:5] for item in image.objects), width, height)
    return told.is_seen


def _transposed(image: AnnotatedImage | DataError) -> AnnotatedImage | DataError:
    if isinstance(image, DataError):
        return image
    objects = (item._replace(xmin=item.ymin, ymin=item.xmin, xmax=item.ymax, ymax=item.xmax) for item in image.objects)
    return image._replace(objects=tuple(objects))


def _in_pixels(image: AnnotatedImage, where: str) -> AnnotatedImage:
    """An image whose boxes are fractions of it."""
    width, height = _size(image)
    if not width or not height:
        what = f"the boxes are fractions of a picture of unknown size, there is no {image.filename!r}"
        raise DataError(what, where, "name the pictures' folder with --image_dir")
    objects = (
        item._replace(
            xmin=snapped(item.xmin * width),
            ymin=snapped(item.ymin * height),
            xmax=snapped(item.xmax * width),
            ymax=snapped(item.ymax * height),
        )
        for item in image.objects
    )
    return image._replace(objects=tuple(objects), width=width, height=height)


def _chosen(images: Mapping[str, AnnotatedImage | DataError], image_set: str) -> list[AnnotatedImage | DataError]:
    """The images that a list names; of several with one stem (train/a.jpg, test/a.jpg) all."""
    by_stem: dict[str, list[AnnotatedImage | DataError]] = {}
    for filename, image in images.items():
        found = image.filename if isinstance(image, AnnotatedImage) else filename
        by_stem.setdefault(picture_stem(found), []).append(image)
    cure = "take it out of the list, or add its boxes to the table"
    chosen: list[AnnotatedImage | DataError] = []
    for name in list_names(image_set):
        chosen += by_stem.get(name) or [DataError(f"the table has no picture {name!r}", image_set, cure)]
    return chosen


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


def _read(path: str) -> tuple[Header, list[_Row], list[tuple[str, DataError]]]:
    """The first line, those after it but for blank ones, and the errors of such lines with the names of their pictures,
    or an empty name where a line has none."""
    rows: list[_Row] = []
    errors: list[tuple[str, DataError]] = []
    try:
        with open(path, encoding=_encoding(path), newline="") as file:
            header = read_header(file, path)
            reader = csv.reader(file, delimiter=header.delimiter)
            for fields in reader:
                line = header.lines + reader.line_num
                try:
                    if any(map(str.strip, fields)):
                        rows.append(_row(fields, header, line, f"{path}, line {line}"))
                except DataError as error:
                    errors.append((_name(fields, header), error))
            return header, rows, errors
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read the table: {reason.lower()}", path, _SAVE) from error


def _encoding(path: str) -> str:
    """The encoding of a table; DataError for files that are often taken for tables."""
    head = beginning(path)
    if is_lfs_pointer(head):
        raise DataError("this is a pointer of Git LFS, not the table", path, LFS_CURE)
    if head.startswith(_ZIP):
        raise DataError("this is a workbook of Excel, not a table in CSV", path, _SAVE)
    return encoding_of(head)


def _name(fields: Sequence[str], header: Header) -> str:
    """The name of the picture in a line that cannot be understood; empty where even that cannot."""
    place = header.columns["filename"]
    try:
        return as_text(fields[place], "the picture", "") if place < len(fields) else ""
    except DataError:
        return ""


def _row(fields: Sequence[str], header: Header, line: int, where: str) -> _Row:
    if len(fields) != header.fields:
        raise DataError("a line has too few or too many fields", where, _CURE)
    said = {name: fields[place].strip() for name, place in header.columns.items()}
    sides = [fields[place].strip() for place in header.corners] or [said[side] for side in COLUMNS[4:]]
    comma = header.delimiter != ","  # of decimals, where it separates no fields
    try:
        numbers = tuple(float(side.replace(",", ".") if comma else side) for side in sides) if any(sides) else ()
        width, height = (int(float(text)) if (text := said.get(side)) else None for side in COLUMNS[1:3])
        box = (outline_extent(numbers) if header.corners else cast(Box, numbers)) if numbers else None
    except (ValueError, OverflowError) as error:
        raise DataError(f"the table holds something that is no number: {error}", where, _CURE) from error
    filename = as_text(said["filename"], "the picture", where)
    name = as_text(said["class"], "the class", where) if box else said["class"]
    return _Row(line, filename, name, (width, height), box)
