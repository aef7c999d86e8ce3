"""What every format's reader takes and gives, and every format's writer takes."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage, Remark, Skeleton
from tfod.errors import DataError

__all__ = [
    "Dataset",
    "Format",
    "Joined",
    "Look",
    "MissingPartError",
    "PassedOverError",
    "ReadEach",
    "Reading",
    "SpoiltImageError",
    "StrayError",
    "Writing",
    "classes_of",
]


@dataclass(frozen=True)
class Reading:
    """What the user says about a data set that its files do not.

    `image_dir`: the folder of the pictures, where it is another. `one_based`: Pascal VOC's boxes count pixels from 1,
    both ends inside. `class_names`: id -> name, for files that hold numbers only. `follow_links`: links that lead
    out of the folders named are read too.
    """

    image_dir: str | None = None
    one_based: bool = False
    class_names: Mapping[int, str] = field(default_factory=dict)
    follow_links: bool = False


class PassedOverError(DataError):
    """A file beside the annotations that is none of them: it is told, and is no reason to stop."""


class SpoiltImageError(DataError):
    """An annotation that cannot be used, of the image at `picture`, if that is there."""

    picture: str | None = None

    @classmethod
    def of(cls, error: DataError, picture: str | None) -> "SpoiltImageError":
        """The same error, told of an image."""
        told = cls(error.what, error.where, error.cure)
        told.picture = picture
        return told

    @property
    def stem(self) -> str:
        """The name of the image without its extension; empty where there is none."""
        return os.path.splitext(os.path.basename(self.picture or ""))[0]


class StrayError(DataError):
    """An entry that cannot be used and belongs to no image: no image is lost when it is left out."""


class MissingPartError(StrayError):
    """A part of the data set (train, val) that is named and not there."""


class Dataset(NamedTuple):
    """A data set: its pictures, in an order that does not change, and the classes that it names.

    `images` can be gone through again and again; each time files are read anew, one picture in memory at a time where
    the format has a file a picture. An item that is a DataError stands for a picture whose annotations cannot be
    read; a StrayError for an entry of no picture, a PassedOverError for a file that is no annotation. `class_ids` is
    name -> id, ids as in the files or counting from 1; empty where the format names no classes. `remarks` are told.
    `skeletons` are the keypoints of classes, by the class's name, as far as the files name them.
    """

    images: Iterable[AnnotatedImage | DataError]
    total: int
    class_ids: Mapping[str, int] = {}
    remarks: Sequence[Remark] = ()
    skeletons: Mapping[str, Skeleton] = {}


@dataclass(frozen=True)
class Writing:
    """What a writer needs beside the pictures: `class_ids` of all classes, how boxes of Pascal VOC count, and the
    `skeletons` of all classes whose objects have keypoints.

    Records are written as `num_shards` files a subset, or as many as make each about `shard_size` bytes.
    """

    class_ids: Mapping[str, int]
    one_based: bool = False
    num_shards: int = 1
    shard_size: int | None = None
    skeletons: Mapping[str, Skeleton] = field(default_factory=dict)


class Look(NamedTuple):
    """What a file is seen to be, without reading it for good.

    `kind` is xml, json, csv, yaml, labels (numbers of YOLO), names (of classes), record, or "" for what is none.
    `holds` are the XML's root, the keys at the top of a JSON object or a yaml, the columns of a table, in lower case
    where people vary it. `what` says it to people.
    """

    kind: str
    holds: frozenset[str] = frozenset()
    what: str = ""


@dataclass(frozen=True)
class Format:
    """One format: how it is called, read, written, and what it can say.

    `read` takes the path that the user named, a file or a folder; it raises DataError where there is no such data set.
    `write` puts annotation files into a folder that is empty but for the pictures. `pictures` is where pictures go in
    that folder, with `{subset}` for the part of the data set; None where the format does not want them beside it.
    `recognises` says whether a file that was looked at is of the format.

    `says` are the fields of AnnotatedObject, and the names in `fields`, that the format has a place for (`*`: any name;
    `background`: pictures without objects; `skeleton`: lines between keypoints). `masks` are the kinds of masks that it
    has a place for: `outline`, one polygon; `outlines`, several; `runs`, run lengths. With `mask_is_box` an object
    with a mask has no box beside it, but that which the mask fills. What `holds_pictures` (TFRecord) takes only
    pictures that TensorFlow decodes, and boxes by the rule of `tfod.annotations.placement`: cut off at the edge,
    dropped where they have no area or lie outside.
    """

    title: str
    read: Callable[[str, Reading], Dataset]
    write: Callable[[Iterable[AnnotatedImage], Path, Writing], None]
    recognises: Callable[[Look], bool]
    says: frozenset[str]
    masks: frozenset[str]
    mask_is_box: bool = False
    holds_pictures: bool = False
    pictures: str | None = None


class Joined:
    """Errors of a data set, then its pictures; can be gone through again."""

    def __init__(self, errors: Sequence[DataError], images: Iterable[AnnotatedImage | DataError]) -> None:
        self._errors = errors
        self._images = images

    def __iter__(self) -> Iterator[AnnotatedImage | DataError]:
        yield from self._errors
        yield from self._images


class ReadEach:
    """An iterable that reads one item after the other, each time anew; an error is yielded in its item's place."""

    def __init__(self, read: Callable[[str], AnnotatedImage], items: Sequence[str]) -> None:
        self._read = read
        self._items = items

    def __iter__(self) -> Iterator[AnnotatedImage | DataError]:
        for item in self._items:
            try:
                yield self._read(item)
            except DataError as error:
                yield error


def classes_of(dataset: Dataset) -> tuple[Mapping[str, int], Mapping[str, Skeleton]]:
    """The classes of a data set, name -> id: those that it names, then those that only its objects have, by name. And
    the skeletons of those whose objects have keypoints: as it names them, else with numbers for names.

    Goes through the pictures once.
    """
    used: set[str] = set()
    counts: dict[str, int] = {}
    for image in dataset.images:
        for item in image.objects if isinstance(image, AnnotatedImage) else ():
            used.add(item.class_name)
            if item.keypoints:
                counts[item.class_name] = max(len(item.keypoints), counts.get(item.class_name, 0))
    unnamed = sorted(used - dataset.class_ids.keys(), key=lambda name: name.zfill(10) if name.isdecimal() else name)
    first = max(dataset.class_ids.values(), default=0) + 1
    ids = {**dataset.class_ids, **{name: number for number, name in enumerate(unnamed, start=first)}}
    numbered = {name: Skeleton(tuple(f"keypoint {n}" for n in range(1, count + 1))) for name, count in counts.items()}
    return ids, {name: dataset.skeletons.get(name, skeleton) for name, skeleton in numbered.items()}
