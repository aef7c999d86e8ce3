"""TFRecords as one format of annotations among others: read back into pictures and objects, and written."""

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from tfod import names
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Skeleton
from tfod.annotations.format import Dataset, Joined, Reading, Writing
from tfod.annotations.masks import MOST_PIXELS, RunLengths, run_lengths
from tfod.annotations.pictures import EXTENSIONS, plain_name, read_header
from tfod.annotations.record_keypoints import keypoint_names, read_keypoints
from tfod.annotations.untrusted import Roots, as_text, file_subset, snapped
from tfod.config.label_map import LabelMap, LabelMapItem, read_label_map, write_label_map
from tfod.errors import ConfigError, DataError
from tfod.records.example import decode_example
from tfod.records.files import matching_files, records_below
from tfod.records.frames import scan_frames
from tfod.records.write import write_records
from tfod.shards import set_faults, set_name

__all__ = ["label_map_of", "read_tfrecord", "write_tfrecord"]

Features = Mapping[str, list[bytes] | list[float] | list[int]]
Classes = LabelMap | ConfigError | None  # the label map beside, or why it cannot be read

_LABEL_MAP = re.compile(r"label.*\.pbtxt$", re.IGNORECASE)
_LOOKED_AT = 100  # records, for one that says what keypoints are called
_CURE = "convert the data again, or check that the file holds tf.Examples of pictures"
_EXTENSIONS = {format: extension for extension, format in reversed(EXTENSIONS.items())}
_SIDES = (names.OBJECT_XMIN, names.OBJECT_YMIN, names.OBJECT_XMAX, names.OBJECT_YMAX)


def read_tfrecord(path: str, reading: Reading) -> Dataset:
    """The records of a file, of a pattern (`train.record-?????-of-00010`), or of the files below a folder.

    Pictures are the bytes in the records, named as there. A file named after a subset (train.record), or in a folder
    that is, makes its pictures members of it. Without `reading.class_names`, numbers of classes get their names from
    the label map beside a file, or in the folders around it up to the one named. A record that is damaged, and a set
    of which a shard is missing, are given as their errors. Raises DataError where there is no record. A label map that
    cannot be used is an error of the records that need it.
    """
    files = matching_files(records_below(path) if os.path.isdir(path) else [path])
    faults = [*set_faults(files)]
    roots = Roots(path, reading)
    for file in files:
        roots.check(file)
    total = len(faults) + sum(1 for file in files for _ in scan_frames(file))
    beside = cache(_label_map_beside)  # the shards of a set share a label map
    given = LabelMap(tuple(LabelMapItem(number, name) for number, name in reading.class_names.items()))
    maps: dict[str, Classes] = {
        file: given
        if given.items
        else beside(os.path.dirname(file) or os.curdir, set_name(os.path.basename(file)), path)
        for file in files
    }
    skeletons = {
        name: Skeleton(tuple(points.values()))
        for label_map in maps.values()
        if isinstance(label_map, LabelMap)
        for name, points in label_map.keypoints.items()
    }
    records = _Records(maps, path)
    skeletons = skeletons or _named_in(files, records)
    return Dataset(Joined(faults, records), total, _ids(maps.values()), skeletons=skeletons)


def write_tfrecord(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes label_map.pbtxt and data.record, or SUBSET.record of each subset, in `writing.num_shards` files or of
    `writing.shard_size`."""
    label_map = label_map_of(writing)
    write_label_map(label_map, folder / "label_map.pbtxt")
    subsets: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        subsets.setdefault(image.subset, []).append(image)
    for subset, members in subsets.items():
        output = folder / f"{subset or 'data'}.record"
        write_records(members, output, label_map, writing.num_shards, shard_size=writing.shard_size)


def _named_in(files: Sequence[str], records: Iterable[AnnotatedImage | DataError]) -> dict[str, Skeleton]:
    """The skeletons of the classes of the first objects with keypoints, as the records call these."""
    frames = islice(scan_frames(files[0]), _LOOKED_AT) if files else ()
    for frame, image in zip(frames, records, strict=False):
        if isinstance(image, AnnotatedImage) and image.objects:
            named = keypoint_names(decode_example(frame.payload), len(image.objects))
            found = {item.class_name: Skeleton(named) for item in image.objects if len(item.keypoints) == len(named)}
            if found or not named:
                return found if named else {}
    return {}


def label_map_of(writing: Writing) -> LabelMap:
    """The label map of the classes and their keypoints. Ids below 1 are moved up together."""
    lowest = min(writing.class_ids.values(), default=1)
    shift = max(0, 1 - lowest)
    points = _places(writing.skeletons.values())
    items = [
        LabelMapItem(number + shift, name, keypoints=points(writing.skeletons.get(name)))
        for name, number in writing.class_ids.items()
    ]
    return LabelMap(tuple(sorted(items, key=lambda item: item.id)))


def _places(skeletons: Iterable[Skeleton]) -> Callable[[Skeleton | None], tuple[tuple[int, str], ...]]:
    """Where the keypoints of a class are among all; what several classes call the same has one place."""
    names = [*dict.fromkeys(name for skeleton in skeletons for name in skeleton.names)]
    return lambda skeleton: tuple((names.index(name), name) for name in skeleton.names) if skeleton else ()


class _Records:
    """The examples of several files, read anew each time that they are gone through."""

    def __init__(self, label_maps: Mapping[str, Classes], root: str) -> None:
        self._label_maps = label_maps  # of each file
        self._root = root

    def __iter__(self) -> Iterator[AnnotatedImage | DataError]:
        for file, label_map in self._label_maps.items():
            subset = file_subset(file, self._root if os.path.isdir(self._root) else file)
            for frame in scan_frames(file):
                where = f"{file}, record {frame.number}"
                try:
                    if frame.fault:
                        raise frame.fault
                    image = _image(decode_example(frame.payload, where), where, frame.number, label_map)
                    yield image._replace(subset=subset)
                except DataError as error:
                    yield error


def _label_map_beside(folder: str, name: str, root: str) -> Classes:
    """The label map that belongs to the set of records `name`; None where there is none, and its error where it cannot
    be used.

    It lies in the set's folder, or in one around it up to `root`, and is the only one there, or called after the set.
    """
    end = root if os.path.isdir(root) else os.path.dirname(root)
    own = name.partition(".")[0]
    while True:
        maps = [name for name in sorted(os.listdir(folder)) if _LABEL_MAP.search(name)]
        maps = [name for name in maps if name.startswith(own)] or maps
        if len(maps) == 1:
            try:
                return read_label_map(os.path.join(folder, maps[0]))
            except ConfigError as error:
                return error
        if maps or os.path.realpath(folder) == os.path.realpath(end or os.curdir):
            return None
        folder = os.path.dirname(folder) or os.curdir


def _class_names(label_map: LabelMap) -> dict[int, str]:
    return {item.id: item.name or item.display_name or "" for item in label_map.items}


def _ids(maps: Iterable[Classes]) -> Mapping[str, int]:
    """The ids that the label maps agree on; none where they do not, then classes are numbered by their names."""
    ids: dict[str, int] = {}
    for label_map in maps:
        if isinstance(label_map, ConfigError):
            return {}
        for number, name in _class_names(label_map).items() if label_map else ():
            if ids.setdefault(name, number) != number:
                return {}
    return ids if len({*ids.values()}) == len(ids) else {}


def _image(features: Features, where: str, number: int, label_map: Classes) -> AnnotatedImage:
    try:
        encoded = features[names.IMAGE_ENCODED][0]
        if not isinstance(encoded, bytes):
            raise TypeError
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"the record has no {names.IMAGE_ENCODED}", where, _CURE) from error
    header = read_header(encoded, where)
    written = plain_name(_texts(features, names.IMAGE_FILENAME, where)[0]) if features.get(names.IMAGE_FILENAME) else ""
    filename = as_text(written or f"{number:06d}", "the picture's filename", where)
    if os.path.splitext(filename)[1].lower() not in EXTENSIONS:
        filename += _EXTENSIONS[header.format]
    objects = _objects(features, (header.width, header.height), where, label_map)
    return AnnotatedImage(where, filename, None, objects, header.width, header.height, encoded=encoded)


def _objects(features: Features, size: tuple[int, int], where: str, label_map: Classes) -> tuple[AnnotatedObject, ...]:
    sides = [_numbers(features, name, where) for name in _SIDES]
    count = len(sides[0])
    if any(len(side) != count for side in sides):
        raise DataError("the record's boxes have not four sides each", where, _CURE)
    classes = _classes(features, count, where, label_map)
    boxes = zip(
        *([snapped(value * size[index % 2]) for value in side] for index, side in enumerate(sides)), strict=True
    )
    difficult, truncated, crowd, areas = (
        _padded(_numbers(features, name, where), count)
        for name in (names.OBJECT_DIFFICULT, names.OBJECT_TRUNCATED, names.OBJECT_IS_CROWD, names.OBJECT_AREA)
    )
    poses = _padded(_texts(features, names.OBJECT_VIEW, where), count)
    masks = _masks(features, count, size, where)
    named = label_map.keypoints if isinstance(label_map, LabelMap) else {}
    points = read_keypoints(features, classes, {name: tuple(places) for name, places in named.items()}, size, where)
    return tuple(
        AnnotatedObject(
            classes[index],
            xmin,
            ymin,
            xmax,
            ymax,
            difficult=bool(difficult[index]),
            truncated=bool(truncated[index]),
            pose=poses[index] or "Unspecified",
            crowd=bool(crowd[index]),
            area=areas[index],
            mask=masks[index],
            keypoints=points[index],
        )
        for index, (xmin, ymin, xmax, ymax) in enumerate(boxes)
    )


def _classes(features: Features, count: int, where: str, label_map: Classes) -> list[str]:
    texts = _texts(features, names.OBJECT_CLASS_TEXT, where)
    if len(texts) == count:
        return [as_text(text, "the class", where) for text in texts]
    labels = [int(label) for label in _numbers(features, names.OBJECT_CLASS_LABEL, where)]
    if len(labels) != count:
        raise DataError("the record has not one class for each box", where, _CURE)
    if isinstance(label_map, ConfigError):
        what = f"the names of the classes cannot be read: {label_map.what} ({label_map.where})"
        raise DataError(what, where, label_map.cure)
    class_names = _class_names(label_map) if label_map else {}
    return [class_names.get(label, str(label)) for label in labels]


def _masks(features: Features, count: int, size: tuple[int, int], where: str) -> list[RunLengths | None]:
    """The masks: PNG, or as many numbers as the image has pixels for each object, which the original knows too."""
    stored = features.get(names.OBJECT_MASK) or []
    if not stored:
        return [None] * count
    try:
        if not isinstance(stored[0], bytes):
            return [*_masks_from_numbers(_numbers(features, names.OBJECT_MASK, where), count, size)]
        if len(stored) != count:
            raise ValueError("there is not one mask for each box")
        return [_mask_from_png(_as_bytes(data), size[1], size[0]) for data in stored]
    except ValueError as error:
        raise DataError(f"the record's masks cannot be read: {error}", where, _CURE) from error


def _masks_from_numbers(numbers: Sequence[float], count: int, size: tuple[int, int]) -> Iterator[RunLengths | None]:
    width, height = size
    if len(numbers) != count * width * height or width * height > MOST_PIXELS:
        raise ValueError(
            f"they are {len(numbers)} numbers, and {count} objects of {width} x {height} pixels need others"
        )
    for pixels in np.asarray(numbers, np.float32).reshape(count, height, width) > 0:
        yield run_lengths(pixels) if pixels.any() else None


def _as_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a mask is no PNG")
    return value


def _numbers(features: Features, name: str, where: str) -> list[float]:
    values = features.get(name) or []
    if any(isinstance(value, bytes) for value in values):
        raise DataError(f"the record's {name} is no list of numbers", where, _CURE)
    return [value for value in values if not isinstance(value, bytes)]


def _texts(features: Features, name: str, where: str) -> list[str]:
    try:
        return [_as_bytes(value).decode() for value in features.get(name) or []]
    except ValueError as error:
        raise DataError(f"the record's {name} is no list of texts", where, _CURE) from error


def _padded(values: Sequence[float] | Sequence[str], count: int) -> Sequence:  # type: ignore[type-arg]
    """`values` where there is one for each object, else None for each."""
    return values if len(values) == count else [None] * count


def _mask_from_png(data: bytes, height: int, width: int) -> RunLengths | None:
    """The mask in a record, None for one without a pixel; ValueError for one of another size, or too large."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != (width, height) or height * width > MOST_PIXELS:
                raise ValueError(f"the mask is of {picture.size[0]} x {picture.size[1]} pixels")
            pixels = np.asarray(picture.convert("L")) > 0
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("the mask is no PNG") from error
    return run_lengths(pixels) if pixels.any() else None
