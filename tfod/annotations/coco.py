"""COCO's JSON: all pictures, classes and objects of a data set, or of one of its parts, in one file."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfod.annotations.annotated_image import SOURCE_ID, AnnotatedImage, AnnotatedObject, Remark, Skeleton, meaning
from tfod.annotations.coco_keypoints import category_skeleton, read_keypoints, said_keypoints, said_skeleton
from tfod.annotations.coco_masks import read_mask, said_mask
from tfod.annotations.coco_tools import CORNERS, ROOT, TURNED, are_corners, root_category, turned_box
from tfod.annotations.format import Dataset, PassedOverError, Reading, SpoiltImageError, StrayError, Writing
from tfod.annotations.masks import extent
from tfod.annotations.pictures import find_picture, other_name, plain_name
from tfod.annotations.repeats import each_once
from tfod.annotations.shapes import outline_extent
from tfod.annotations.untrusted import (
    as_number,
    as_pixels,
    as_text,
    file_subset,
    read_each,
    read_json,
    subset_of,
)
from tfod.errors import DataError

__all__ = ["read_coco", "read_coco_tables", "write_coco"]

_REPAIR = "correct the file in the annotation tool, or remove it"
_Id = int | str
_Size = tuple[int | None, int | None]  # height, width


def read_coco(path: str, reading: Reading) -> Dataset:
    """The JSON files of a folder, or one file. A file named after a subset (instances_val2017.json) makes its pictures
    members of it. Pictures are found as `find_picture` does, also in images beside the file or its folder. Roboflow's
    root category is no class.

    A picture that, or of which an object, cannot be understood is given as its error, entries of no picture before the
    pictures of their file. Files of another kind are passed over. Raises DataError where no file is a COCO data set.
    """
    parts, errors, remarks = read_each(path, (".json",), lambda file: _Part(file, file_subset(file, path), reading))
    images, repeats = each_once((part.file, part.images) for part in parts)
    images = [*errors, *images]
    remarks += (remark for part in parts for remark in part.remarks)
    remarks += repeats
    skeletons = {name: skeleton for part in reversed(parts) for name, skeleton in part.skeletons.items()}
    return Dataset(images, len(images), _joined_ids(parts, remarks), remarks, skeletons)


def read_coco_tables(read: Mapping[str, Any], file: str, image_dir: str) -> Dataset:
    """The data set that the JSON of `file` holds, each image with its id as the field SOURCE_ID."""
    part = _Part(file, "", Reading(image_dir), read, with_ids=True)
    return Dataset(part.images, len(part.images), _joined_ids([part], part.remarks), part.remarks, part.skeletons)


def write_coco(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes annotations.json, or annotations/instances_SUBSET.json of each subset; pictures are in images/SUBSET."""
    subsets: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        subsets.setdefault(image.subset, []).append(image)
    for subset, members in subsets.items():
        name = f"annotations/instances_{subset}.json" if subset else "annotations.json"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(_coco(members, writing)) + "\n", encoding="utf-8")


class _Part:
    """One file: its pictures and errors, its classes, and what is to be told of it. Raises DataError for a file that
    is none, a PassedOverError for one that is of another kind."""

    def __init__(
        self, file: str, subset: str, reading: Reading, read: Mapping[str, Any] | None = None, with_ids: bool = False
    ) -> None:
        self.file = file
        self.remarks: list[Remark] = []
        self.names: dict[int, str] = {}
        self.skeletons: dict[str, Skeleton] = {}
        self._texts = 0  # ids that are texts here and numbers there
        self._outlines = 0  # boxes that are the extent of an outline
        self._corners = False  # of boxes, instead of a corner and sides
        self._turned: dict[_Id, str] = {}  # the first turned box of each picture
        read = read_json(file) if read is None else read
        tables: dict[str, Any] = {key: read.get(key) for key in ("images", "annotations", "categories")}
        if missing := [key for key, items in tables.items() if not isinstance(items, list)]:
            what = f"the JSON is no COCO data set: it has no list of objects {missing[0]!r}"
            raise PassedOverError(what, file, "name a JSON file with images, annotations and categories")
        if any(isinstance(item, dict) and "segments_info" in item for item in tables["annotations"][:1]):
            what = "the JSON is a panoptic one of COCO's, whose objects are pixels in PNG files"
            raise PassedOverError(what, file, "name the file of the objects, such as instances_val2017.json")
        self.images: list[AnnotatedImage | DataError] = [*self._categories(tables["categories"])]
        root = root_category(tables["categories"], tables["annotations"])
        if root in self.names:
            self.remarks.append(meaning(f"{ROOT}: {self.names.pop(root)}", file))
        entries, errors = self._entries(tables["images"])
        objects, bad, strays = self._objects(tables["annotations"], entries)
        self.images += [*errors, *strays]
        folders = [reading.image_dir] if reading.image_dir else _usual_folders(file, subset)
        for key, (index, item) in entries.items():
            try:
                image = _image(file, f"{file}, image {index}", item, subset, tuple(objects.get(key, ())), folders)
                image = image._replace(fields=((SOURCE_ID, str(key)),)) if with_ids else image
                self.images.append(SpoiltImageError.of(bad[key], image.picture) if key in bad else image)
            except DataError as error:
                self.images.append(error)
        if self._texts:
            what = f"{self._texts} ids are texts in one place and numbers in another; they are taken for the same"
            self.remarks.append(Remark("id-types", what, file, self._texts))
        if self._outlines:
            what = f"{self._outlines} objects have no bbox; the extent of their segmentation is taken"
            self.remarks.append(Remark("box-from-outline", what, file, self._outlines))
        if self._turned:
            self.remarks.append(meaning(TURNED, next(iter(self._turned.values())), len(self._turned)))

    def _categories(self, items: Sequence[object]) -> Iterator[StrayError]:
        """The classes are kept; what is wrong with them is yielded. Of an id with two names neither is right."""
        twice: set[int] = set()
        for index, item in enumerate(items):
            where = f"{self.file}, category {index}"
            said = item if isinstance(item, dict) else {}
            number = _key(said.get("id"))
            if isinstance(number, str) and number.isdecimal():
                number, self._texts = int(number[:12]), self._texts + 1
            try:
                if not isinstance(number, int) or abs(number) >= 1 << 31:
                    raise DataError(f"the category's id is no number: {ascii(said.get('id'))[:40]}", where, _REPAIR)
                name = as_text(said.get("name"), "the category's name", where)
                skeleton = category_skeleton(said, where)
            except DataError as error:
                yield StrayError(error.what, error.where, error.cure)
                continue
            if skeleton:
                self.skeletons[name] = skeleton
            if self.names.setdefault(number, name) != name:
                twice.add(number)
                yield StrayError(f"two categories have the id {number}", where, _REPAIR)
        for number in twice:
            del self.names[number]

    def _entries(self, items: Sequence[object]) -> tuple[dict[_Id, tuple[int, dict[str, Any]]], list[DataError]]:
        """The pictures by their ids, each with its place in the file; and the errors of those that have none."""
        entries: dict[_Id, tuple[int, dict[str, Any]]] = {}
        errors: list[DataError] = []
        for index, item in enumerate(items):
            key = _key(item.get("id")) if isinstance(item, dict) else None
            if key is None or key in entries or not isinstance(item, dict):
                what = "a picture has no id, or that of an earlier one"
                errors.append(DataError(what, f"{self.file}, image {index}", _REPAIR))
                if key is not None and entries[key][1].get("file_name") != item.get("file_name"):  # type: ignore[attr-defined]
                    entries[key][1]["file_name"] = None  # whose the objects are nobody knows
            else:
                entries[key] = (index, item)
        return entries, errors

    def _objects(
        self, items: Sequence[object], entries: Mapping[_Id, tuple[int, Mapping[str, Any]]]
    ) -> tuple[dict[_Id, list[AnnotatedObject]], dict[_Id, DataError], list[StrayError]]:
        """The objects of each picture, the first error of each, and the errors of objects that have no picture."""
        objects: dict[_Id, list[AnnotatedObject]] = {}
        errors: dict[_Id, DataError] = {}
        strays: list[StrayError] = []
        texts = _by_text(entries)
        self._corners = are_corners(_sized_boxes(items, entries))
        if self._corners:
            self.remarks.append(meaning(CORNERS, self.file))
        for index, item in enumerate(items):
            where = f"{self.file}, annotation {index}"
            key = _key(item.get("image_id")) if isinstance(item, dict) else None
            if key not in entries and str(key) in texts:
                key, self._texts = texts[str(key)], self._texts + 1
            if key is None or key not in entries or not isinstance(item, dict):
                what = f"the object's image_id is that of no picture: {_shown(item)}"
                strays.append(StrayError(what, where, "take it out, or add its picture to images"))
                continue
            size = as_pixels(entries[key][1].get("height")), as_pixels(entries[key][1].get("width"))
            try:
                objects.setdefault(key, []).append(found := self._object(item, size, where))
                if found.mask and not item.get("segmentation"):
                    self._turned.setdefault(key, where)
            except DataError as error:
                errors.setdefault(key, error)
        return objects, errors, strays

    def _object(self, item: Mapping[str, Any], size: _Size, where: str) -> AnnotatedObject:
        number = _key(item.get("category_id"))
        if isinstance(number, str) and number.isdecimal():
            number, self._texts = int(number[:12]), self._texts + 1
        if not isinstance(number, int) or number not in self.names:
            what = f"the object's category_id is that of no category: {ascii(item.get('category_id'))[:40]}"
            raise DataError(what, where, _REPAIR)
        given = item.get("bbox")
        if self._corners and isinstance(given, list) and _is_box(given):
            x, y, right, bottom = given
            item = {**item, "bbox": [x, y, right - x, bottom - y]}
        found, outlined = _object(item, self.names[number], size, where)
        self._outlines += outlined
        return found


def _key(value: object) -> _Id | None:
    """An id as it is compared: tables that went through other programs write 7 as 7.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.strip()
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _by_text(keys: Iterable[_Id]) -> dict[str, _Id]:
    """The ids as texts, without those that would then be one: 7 and "7"."""
    texts: dict[str, _Id] = {}
    twice: set[str] = set()
    for key in keys:
        text = key if isinstance(key, str) else f"{key:d}" if abs(key) < 1 << 63 else ""
        if text in texts:
            twice.add(text)
        texts[text] = key
    return {text: key for text, key in texts.items() if text and text not in twice}


def _is_box(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(type(side) in (int, float) for side in value)


def _sized_boxes(
    items: Sequence[object], entries: Mapping[_Id, tuple[int, Mapping[str, Any]]]
) -> Iterator[tuple[Sequence[float], int, int]]:
    """The boxes of images whose size the file says, each with that."""
    for item in items:
        if isinstance(item, dict) and _is_box(item.get("bbox")) and (key := _key(item.get("image_id"))) in entries:
            said = entries[key][1]  # type: ignore[index]
            width, height = as_pixels(said.get("width")), as_pixels(said.get("height"))
            if width and height:
                yield item["bbox"], width, height


def _shown(item: object) -> str:
    return ascii(item.get("image_id") if isinstance(item, dict) else item)[:40]


def _joined_ids(parts: Sequence[_Part], remarks: list[Remark]) -> dict[str, int]:
    """The classes of all files; one that another file numbers otherwise keeps the first number that is free."""
    ids: dict[str, int] = {}
    for part in parts:
        taken = {*ids.values()}
        highest = max(taken, default=0)
        for number, name in part.names.items():
            if name in ids and ids[name] == number:
                continue
            if name in ids or number in taken:
                what = f"the class {name!r} has the id {number}, which other files give otherwise; its name counts"
                remarks.append(Remark("class-id-differs", what, part.file))
                number = highest + 1
            number = ids.setdefault(name, number)
            taken.add(number)
            highest = max(highest, number)
    return ids


def _image(
    file: str,
    where: str,
    item: Mapping[str, Any],
    subset: str,
    objects: tuple[AnnotatedObject, ...],
    folders: Sequence[str],
) -> AnnotatedImage:
    written = as_text(item.get("file_name"), "the picture's file_name", where)
    picture = next((found for folder in folders if (found := find_picture(written, "", folder))), None)
    filename = plain_name(picture or written) or "picture"
    return AnnotatedImage(
        file,
        filename,
        picture,
        objects,
        as_pixels(item.get("width")),
        as_pixels(item.get("height")),
        subset or subset_of(written),
        written=other_name(written, filename) if picture else "",
    )


def _usual_folders(file: str, subset: str) -> list[str]:
    """Where the pictures may be: beside the file, in images/SUBSET or images there or beside its folder, and there."""
    folder = os.path.dirname(file) or os.curdir
    names = f"images/{subset}", "images", subset, "", Path(file).stem.rpartition("_")[2]  # val2017
    usual = (f"{base}/{name}".rstrip("/") for base in (folder, f"{folder}/..") for name in names)
    return [*dict.fromkeys((folder, *filter(os.path.isdir, usual)))]


def _object(item: Mapping[str, Any], name: str, size: _Size, where: str) -> tuple[AnnotatedObject, bool]:
    """The object, and whether its box is the extent of its segmentation, for want of another."""
    mask = read_mask(item.get("segmentation"), size, where)
    given = item.get("bbox")
    found = extent(mask) if not given and mask else None
    if found is not None:
        xmin, ymin, xmax, ymax = map(float, found)
        x, y, width, height = xmin, ymin, xmax - xmin, ymax - ymin
    elif isinstance(given, list) and len(given) == 4:
        x, y, width, height = (as_number(value, "the bbox", where) for value in given)
    else:
        raise DataError("the object has no bbox of four numbers", where, _REPAIR)
    box = x, y, x + width, y + height
    outline = turned_box(box, item) if mask is None else None
    if outline:
        box, mask = outline_extent(outline), (outline,)
    area = None if item.get("area") is None else as_number(item["area"], "the area", where)
    if area is not None and abs(area - width * height) <= 1e-6 * area:  # that of the box says nothing of its own
        area = None
    crowd = item.get("iscrowd") in (1, "1")
    points = read_keypoints(item.get("keypoints"), where)
    return AnnotatedObject(name, *box, crowd=crowd, area=area, mask=mask, keypoints=points), found is not None


def _coco(images: Sequence[AnnotatedImage], writing: Writing) -> dict[str, Any]:
    class_ids, skeletons = writing.class_ids, writing.skeletons
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
            {
                "id": number,
                "image_id": image_id,
                "category_id": class_ids[item.class_name],
                **_said(item),
                **said_keypoints(item, skeletons.get(item.class_name)),
            }
            for number, (image_id, item) in enumerate(objects, start=1)
        ],
        "categories": [
            {"id": number, "name": name, **said_skeleton(skeletons.get(name))} for name, number in class_ids.items()
        ],
    }


def _said(item: AnnotatedObject) -> dict[str, Any]:
    width, height = round(item.xmax - item.xmin, 6), round(item.ymax - item.ymin, 6)
    return {
        "bbox": [item.xmin, item.ymin, width, height],
        "area": width * height if item.area is None else item.area,
        "iscrowd": int(item.crowd),
        "segmentation": said_mask(item),
    }
