"""COCO's JSON: all pictures, classes and objects of a data set, or of one of its parts, in one file."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.coco_tools import ROOT, TURNED, root_category, turned_box
from tfod.annotations.format import Dataset, Reading, Writing, with_notes
from tfod.annotations.geometry import outline_extent
from tfod.annotations.masks import Mask, RunLengths, checked_counts, counts_from_text, counts_to_text
from tfod.annotations.pictures import find_picture, plain_name
from tfod.annotations.untrusted import (
    annotation_files,
    as_number,
    as_pixels,
    as_text,
    file_subset,
    read_json,
    subset_of,
)
from tfod.errors import DataError

__all__ = ["read_coco", "write_coco"]

_REPAIR = "correct the file in the annotation tool, or remove it"


def read_coco(path: str, reading: Reading) -> Dataset:
    """The JSON files of a folder, or one file. A file named after a subset (instances_val2017.json) makes its pictures
    members of it. Pictures are found as `find_picture` does, also in images beside the file or its folder. Roboflow's
    root category is no class.

    A picture that, or of which an object, cannot be understood is given as its error. Raises DataError for a file that
    is no COCO data set.
    """
    images: list[AnnotatedImage | DataError] = []
    class_ids: dict[str, int] = {}
    for file in annotation_files(path, ".json"):
        names = _categories(file, read := read_json(file))
        root = root_category(read["categories"], read.get("annotations") or ())
        for number, name in names.items():
            if number == root:
                continue
            if class_ids.setdefault(name, number) != number:
                raise DataError(
                    f"the class {name!r} has other ids in other files", file, "convert the files one by one"
                )
        notes = [(ROOT, f"{file}: {names[root]}")] if root is not None else []
        images += with_notes(_images(file, file_subset(file, path), read, names, reading), notes)
    return Dataset(images, len(images), class_ids)


def write_coco(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes annotations.json, or annotations/instances_SUBSET.json of each subset; pictures are in images/SUBSET."""
    subsets: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        subsets.setdefault(image.subset, []).append(image)
    for subset, members in subsets.items():
        name = f"annotations/instances_{subset}.json" if subset else "annotations.json"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(_coco(members, writing.class_ids)) + "\n", encoding="utf-8")


def _listed(read: Mapping[str, Any], key: str, file: str) -> list[dict[str, Any]]:
    items = read.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        cure = "name a JSON file with images, annotations and categories"
        raise DataError(f"the JSON is no COCO data set: it has no list of objects {key!r}", file, cure)
    return items


def _categories(file: str, read: Mapping[str, Any]) -> dict[int, str]:
    names: dict[int, str] = {}
    for index, item in enumerate(_listed(read, "categories", file)):
        where = f"{file}, category {index}"
        number = item.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= 1 << 31:
            raise DataError(f"the category's id is no number: {ascii(number)[:40]}", where, _REPAIR)
        if number in names:
            raise DataError(f"two categories have the id {number}", where, _REPAIR)
        names[number] = as_text(item.get("name"), "the category's name", where)
    return names


def _images(
    file: str, subset: str, read: Mapping[str, Any], names: Mapping[int, str], reading: Reading
) -> Iterator[AnnotatedImage | DataError]:
    objects: dict[object, list[AnnotatedObject]] = {}
    errors: dict[object, DataError] = {}  # the first of a picture
    turned: dict[object, str] = {}  # the first of a picture
    pictures: dict[object, tuple[int, dict[str, Any]]] = {}
    for index, item in enumerate(_listed(read, "images", file)):
        if not isinstance(key := item.get("id"), int | str) or key in pictures:
            raise DataError("a picture has no id, or that of an earlier one", f"{file}, image {index}", _REPAIR)
        pictures[key] = (index, item)
    for index, item in enumerate(_listed(read, "annotations", file)):
        where = f"{file}, annotation {index}"
        if not isinstance(key := item.get("image_id"), int | str) or key not in pictures:
            raise DataError("the object's image_id is that of no picture", where, _REPAIR)
        size = as_pixels(pictures[key][1].get("height")), as_pixels(pictures[key][1].get("width"))
        try:
            objects.setdefault(key, []).append(_object(item, names, size, where))
            if objects[key][-1].mask and not item.get("segmentation"):
                turned.setdefault(key, where)
        except DataError as error:
            errors.setdefault(key, error)
    for key, (index, item) in pictures.items():
        try:
            image = _image(file, f"{file}, image {index}", item, subset, tuple(objects.get(key, ())), reading)
            image = image._replace(notes=((TURNED, turned[key]),)) if key in turned else image
            yield errors.get(key, image)
        except DataError as error:
            yield error


def _image(
    file: str, where: str, item: Mapping[str, Any], subset: str, objects: tuple[AnnotatedObject, ...], reading: Reading
) -> AnnotatedImage:
    written = as_text(item.get("file_name"), "the picture's file_name", where)
    return AnnotatedImage(
        file,
        plain_name(written) or "picture",
        _picture(written, file, subset, reading.image_dir),
        objects,
        as_pixels(item.get("width")),
        as_pixels(item.get("height")),
        subset or subset_of(written),
    )


def _picture(written: str, file: str, subset: str, image_dir: str | None) -> str | None:
    """Where the picture is: as written, or in images/SUBSET or images beside the file or beside its folder."""
    folder = os.path.dirname(file) or os.curdir
    names = f"images/{subset}", "images", subset, Path(file).stem.rpartition("_")[2]  # val2017
    usual = [f"{base}/{name}" for base in (folder, f"{folder}/..") for name in names]
    folders = [image_dir] if image_dir else [folder, *filter(os.path.isdir, usual)]
    for place in folders:
        if found := find_picture(written, "", place):
            return found
    return None


def _object(
    item: Mapping[str, Any], names: Mapping[int, str], size: tuple[int | None, int | None], where: str
) -> AnnotatedObject:
    box = item.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise DataError("the object has no bbox of four numbers", where, _REPAIR)
    x, y, width, height = (as_number(value, "the bbox", where) for value in box)
    number = item.get("category_id")
    if not isinstance(number, int) or number not in names:
        raise DataError(f"the object's category_id is that of no category: {ascii(number)[:40]}", where, _REPAIR)
    mask = _mask(item.get("segmentation"), size, where)
    outline = turned_box((x, y, x + width, y + height), item) if mask is None else None
    area = None if item.get("area") is None else as_number(item["area"], "the area", where)
    if area is not None and abs(area - width * height) <= 1e-6 * area:  # that of the box says nothing of its own
        area = None
    return AnnotatedObject(
        names[number],
        *(outline_extent(outline) if outline else (x, y, x + width, y + height)),
        crowd=item.get("iscrowd") in (1, True),
        area=area,
        mask=(outline,) if outline else mask,
    )


def _mask(value: object, size: tuple[int | None, int | None], where: str) -> Mask | None:
    if not value:
        return None
    if isinstance(value, list):
        polygons = (
            tuple(as_number(number, "the segmentation", where) for number in polygon)
            for polygon in (value if isinstance(value[0], list) else [value])
            if isinstance(polygon, list) and len(polygon) % 2 == 0
        )
        return tuple(polygon for polygon in polygons if polygon) or None
    try:
        return _run_lengths(value, size)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"the segmentation cannot be read: {error}", where, _REPAIR) from error


def _run_lengths(value: Any, size: tuple[int | None, int | None]) -> RunLengths:
    height, width = (as_pixels(side) or 0 for side in value["size"])
    if height < 1 or width < 1 or (None not in size and (height, width) != size):
        raise ValueError("its size is not the picture's")
    counts = value["counts"]
    if isinstance(counts, str):
        return RunLengths(height, width, counts_from_text(counts, height * width))
    if not all(isinstance(count, int) for count in counts):
        raise ValueError("its counts are no whole numbers")
    return RunLengths(height, width, checked_counts(counts, height * width))


def _coco(images: Sequence[AnnotatedImage], class_ids: Mapping[str, int]) -> dict[str, Any]:
    objects = [(number, item) for number, image in enumerate(images, start=1) for item in image.objects]
    return {
        "images": [
            {
                "id": number,
                "file_name": f"{image.subset}/{image.filename}" if image.subset else image.filename,
                "width": image.width,
                "height": image.height,
            }
            for number, image in enumerate(images, start=1)
        ],
        "annotations": [
            {"id": number, "image_id": image_id, "category_id": class_ids[item.class_name], **_said(item)}
            for number, (image_id, item) in enumerate(objects, start=1)
        ],
        "categories": [{"id": number, "name": name} for name, number in class_ids.items()],
    }


def _said(item: AnnotatedObject) -> dict[str, Any]:
    width, height = round(item.xmax - item.xmin, 6), round(item.ymax - item.ymin, 6)
    if isinstance(item.mask, RunLengths):
        mask = item.mask
        counts: object = list(mask.counts) if item.crowd else counts_to_text(mask.counts)
        segmentation: object = {"size": [mask.height, mask.width], "counts": counts}
    else:
        segmentation = [list(polygon) for polygon in item.mask or ()]
    return {
        "bbox": [item.xmin, item.ymin, width, height],
        "area": width * height if item.area is None else item.area,
        "iscrowd": int(item.crowd),
        "segmentation": segmentation,
    }
