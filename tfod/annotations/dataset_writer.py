"""From one format to another: whole or not at all, and nothing lost in silence."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Remark, Skeleton
from tfod.annotations.catalogue import find_format
from tfod.annotations.format import (
    Dataset,
    Format,
    MissingPartError,
    PassedOverError,
    SpoiltImageError,
    StrayError,
    Writing,
    classes_of,
)
from tfod.annotations.masks import MOST_PIXELS, Mask, RunLengths, extent
from tfod.annotations.pictures import EXTENSIONS, how_found, picture_sizes
from tfod.annotations.placement import CLIPPED, IN_ONE_PIXEL, NOT_FINITE, OUTSIDE, SWAPPED, place
from tfod.errors import DataError, OutputError
from tfod.files import check_folder, contents, replacing_directory
from tfod.records.convert import read_picture
from tfod.records.summary import Summary

__all__ = ["check_output", "write_dataset"]

_LARGEST = 1e7  # a coordinate beyond is a slip or an attack
_HALF_A_PIXEL = 0.5
_LINE = re.compile(r", (line|shape) \d+$")  # of a place in a file
_NO_BACKGROUND = "pictures without objects, which the format has no place for"
_RENAMED = "pictures renamed, another has their name"
_NO_PICTURE = "pictures that are not there; only their annotations are written"
_WIDE_MASK = "masks left out, they do not fill their box and the format has no box beside a mask"
_OTHER_SIZE = "masks left out, they are of another size than their picture, or too large"
_STICKS_OUT = "boxes that stick out of the picture, kept as they are; Ultralytics refuses such pictures"
_POSE_OR_MASK = "masks left out, a YOLO data set has keypoints or outlines, and this one has keypoints"
_OTHER_COUNT = "keypoints left out, they are not as many as those of their class"
_NO_LINES = "classes whose lines between keypoints the format has no place for"
_OTHER_NAME = "pictures found under another name than the annotation's"
_NO_ANNOTATION = "pictures beside the others without an annotation, left out"
_STRAY = "entries of annotation files left out, they belong to no picture"
_UNANNOTATED = "warning: no picture has an object; is each annotation where its picture's name leads?"
# What a reader's remarks say, by the doctor's rule.
_REMARKS = {
    "annotation-orphan": "annotation files that belong to no picture",
    "box-from-outline": "boxes taken from the object's outline, they are not given",
    "class-id-differs": "classes that have another id in another file, numbered anew",
    "file-passed-over": "files passed over, they are no annotations of the format",
    "format-chosen": "the annotations may be of several formats; say another with --from",
    "id-types": "ids that are a text in one place and a number in another",
    "label-elsewhere": "annotations found by the picture's name, in another folder or spelt otherwise",
    "test-missing": "parts that the data set names and that are not there",
    "part-unnamed": "annotations of pictures that the data set does not name",
    "picture-listed-twice": "pictures that annotation files name again",
}


def write_dataset(
    dataset: Dataset,
    name: str,
    output: str,
    *,
    copy_pictures: bool = True,
    one_based: bool = False,
    num_shards: int = 1,
    shard_size: int | None = None,
    skip_bad: bool = False,
    advance: Callable[[], object] = lambda: None,
) -> Summary:
    """Writes a data set in the format `name` into the folder `output`, an earlier one of which is replaced.

    Pictures are copied byte for byte, into the places where the format wants them, unless `copy_pictures` is false.
    `one_based`: Pascal VOC's pixels count from 1. `num_shards` and `shard_size` are of TFRecords, see `Writing`.
    `advance` is called after each picture. What the format cannot say is left out and counted in the summary, with
    places; so are boxes that are not finite, and corners in the wrong order, which are swapped. Raises DataError for
    a picture or an annotation that cannot be used, unless `skip_bad`, which counts it, and where nothing is left;
    OutputError where the place cannot be written. Then nothing is changed.
    """
    kind = find_format(name)
    class_ids, skeletons = classes_of(dataset)
    writing = Writing(class_ids, one_based, num_shards, shard_size, skeletons)
    summary = Summary()
    for remark in dataset.remarks:
        _tell(summary, remark)
    with replacing_directory(output) as working:
        skipped: set[str] = set()
        images = _used(dataset.images, skip_bad, summary, advance, skipped)
        copies = working if copy_pictures and kind.pictures is not None else None
        ready = _Ready(kind, name, copies, summary, skeletons)
        with tempfile.TemporaryDirectory(dir=working) as spool:
            kind.write(ready.each(images, skip_bad, Path(spool)), working, writing)
        if not summary.pictures:
            cure = "check the folder; what was left out:\n" + summary.text()
            raise DataError("no picture is left to write", "the annotations", cure)
        ready.tell_unannotated(skipped)
        _check_annotated(summary, dataset.remarks)
    return summary


def check_output(output: str, sources: Iterable[str], overwrite: bool) -> None:
    """Raises OutputError where writing the folder `output` would destroy one of the sources, or something unasked."""
    real = os.path.realpath(output)
    for read in map(os.path.realpath, sources):
        if real == read or read.startswith(real.rstrip(os.sep) + os.sep):
            raise OutputError("the output would take the place of the data set itself", output, "name another folder")
    check_folder(output)
    if os.path.isdir(output) and contents(output) and not overwrite:
        raise OutputError("the output is there already", output, "name another folder, or replace it with --overwrite")


def _used(
    images: Iterable[AnnotatedImage | DataError],
    skip_bad: bool,
    summary: Summary,
    advance: Callable[[], object],
    skipped: set[str],
) -> Iterator[AnnotatedImage]:
    """The images; the stems of files that give errors are added to `skipped`."""
    for image in images:
        if isinstance(image, AnnotatedImage):
            yield image
        elif isinstance(image, PassedOverError):
            _tell(summary, Remark("file-passed-over", image.what, image.where))
        elif skip_bad:
            summary.note(_kind(image), f"{image.where}: {image.what}")
            skipped.add(Path(_LINE.sub("", image.where)).stem)
            skipped |= {image.stem} if isinstance(image, SpoiltImageError) else set()
        else:
            raise image
        advance()


def _kind(error: DataError) -> str:
    if isinstance(error, MissingPartError):
        return _REMARKS["test-missing"]
    return _STRAY if isinstance(error, StrayError) else "bad"


def _tell(summary: Summary, remark: Remark) -> None:
    kind = _REMARKS.get(remark.rule, remark.what)
    summary.note(kind, f"{remark.where}: {remark.what}" if kind != remark.what else remark.where)
    summary.notes[kind].total += remark.total - 1


def _check_annotated(summary: Summary, remarks: Iterable[Remark]) -> None:
    """Never a set without annotations in silence: an error where there are some that found no picture."""
    if summary.objects.total():
        return
    orphans = [remark for remark in remarks if remark.rule == "annotation-orphan"]
    if orphans:
        what = f"no picture has an object: {len(orphans)} annotation files belong to no picture"
        cure = "give both the same name, and name the pictures' folder with --image_dir"
        raise DataError(what, orphans[0].where, cure)
    summary.note(_UNANNOTATED, "all pictures")


class _Ready:
    """Makes pictures and objects ready for one format: names, sizes, copies, and only what it can say."""

    def __init__(
        self, kind: Format, name: str, copies: Path | None, summary: Summary, skeletons: Mapping[str, Skeleton]
    ) -> None:
        self._kind = kind
        self._name = name
        self._copies = copies
        self._summary = summary
        self._skeletons = skeletons
        self._stems: dict[tuple[str, str], int] = {}  # subset and name -> the number of the last one called so
        self._names: dict[str, set[str]] = {}  # of the pictures that were met, by their folder
        if "keypoints" in kind.says and "skeleton" not in kind.says:
            for name_of_class in (name for name, skeleton in skeletons.items() if skeleton.edges):
                summary.note(_NO_LINES, name_of_class)

    def each(self, images: Iterable[AnnotatedImage], skip_bad: bool, spool: Path) -> Iterator[AnnotatedImage]:
        for image in images:
            if image.picture is not None:
                folder, name = os.path.split(image.picture)
                self._names.setdefault(folder, set()).add(name)
            try:
                ready = self._sized(self._named(image))
                self._copy(image, ready)
            except DataError as error:
                if not skip_bad:
                    raise
                self._summary.note("bad", f"{error.where}: {error.what}")
                continue
            objects = tuple(done for item in ready.objects if (done := self._object(ready, item)) is not None)
            if not objects:
                self._summary.note("background" if "background" in self._kind.says else _NO_BACKGROUND, image.source)
            self._lose(ready, ready.fields, image.source)
            for remark in image.remarks:
                _tell(self._summary, remark)
            self._summary.pictures += 1
            self._summary.objects.update([item.class_name for item in objects])
            yield self._light(ready._replace(objects=objects), spool)

    def tell_unannotated(self, skipped: Container[str]) -> None:
        """Counts the pictures beside the others without an annotation; of some it was `skipped`, by their stems."""
        for folder, names in sorted(self._names.items()):
            for name in sorted({*os.listdir(folder or os.curdir)} - names):
                stem, extension = os.path.splitext(name)
                if extension.lower() in EXTENSIONS and not name.startswith(".") and stem not in skipped:
                    self._summary.note(_NO_ANNOTATION, os.path.join(folder, name))

    def _light(self, image: AnnotatedImage, spool: Path) -> AnnotatedImage:
        """Without the picture's bytes, since writers keep what they get; records need them, from a file."""
        if image.encoded is None:
            return image
        if self._kind.pictures is None:
            path = spool / str(self._summary.pictures)
            path.write_bytes(image.encoded)
            image = image._replace(picture=str(path))
        return image._replace(encoded=None)

    def _named(self, image: AnnotatedImage) -> AnnotatedImage:
        """With a name of its own within its subset; annotation files are named after it without its extension."""
        stem, extension = os.path.splitext(image.filename)
        own, unique = (image.subset, stem.lower()), stem
        number = self._stems.get(own, 0)
        while (image.subset, unique.lower()) in self._stems:
            number += 1
            unique = f"{stem}_{number}"
        self._stems[own] = max(number, 1)
        self._stems.setdefault((image.subset, unique.lower()), 1)
        if image.written:
            how = how_found(image.written, image.filename)
            self._summary.note(_OTHER_NAME, f"{image.source}: {image.written!r} is {image.filename!r}, {how}")
        if unique != stem:
            self._summary.note(_RENAMED, f"{image.source}: {image.filename} is {unique}{extension}")
        return image._replace(filename=f"{unique}{extension}")

    def _sized(self, image: AnnotatedImage) -> AnnotatedImage:
        """With the size of its picture; that of the annotation where there is no picture.

        Of a picture that EXIF turns, the annotation's size tells which way it was annotated: as stored, or as shown.
        Where it tells neither, people saw it as shown; TensorFlow, and so records, take it as stored.
        """
        if self._kind.holds_pictures:
            read_picture(image)
        if image.encoded is None and image.picture is None:
            return self._claimed(image)
        content = image.encoded if image.encoded is not None else image.picture or ""
        stored, shown = picture_sizes(content, image.source)
        says = image.width, image.height
        size = stored if says == stored or (self._kind.holds_pictures and says != shown) else shown
        if None not in says and says != size:
            self._summary.note("size", f"{image.source}: says {says[0]} x {says[1]}, is {size[0]} x {size[1]}")
        if stored != shown and size == stored:
            self._summary.note("exif", f"{image.source}: {image.filename}")
        elif stored != shown and self._kind.holds_pictures:
            self._summary.note("turned", f"{image.source}: {image.filename}")
        return image._replace(width=size[0], height=size[1])

    def _claimed(self, image: AnnotatedImage) -> AnnotatedImage:
        self._summary.note(_NO_PICTURE, f"{image.source}: {image.filename}")
        if not image.width or not image.height or min(image.width, image.height) < 1:
            what = f"there is no picture {image.filename!r}, and its size is not known"
            raise DataError(what, image.source, "name the pictures' folder with --image_dir")
        return image

    def _copy(self, image: AnnotatedImage, ready: AnnotatedImage) -> None:
        if self._copies is None or (image.encoded is None and image.picture is None):
            return
        folder = self._copies / (self._kind.pictures or "").format(subset=image.subset)
        folder.mkdir(parents=True, exist_ok=True)
        if image.encoded is not None:
            (folder / ready.filename).write_bytes(image.encoded)
        elif image.picture is not None:
            shutil.copyfile(image.picture, folder / ready.filename)

    def _object(self, image: AnnotatedImage, item: AnnotatedObject) -> AnnotatedObject | None:
        at = f"{image.source}, line {item.line}" if item.line else image.source
        xmin, ymin, xmax, ymax = box = (float(item.xmin), float(item.ymin), float(item.xmax), float(item.ymax))
        if not all(isfinite(side) and abs(side) < _LARGEST for side in box):
            self._summary.note(NOT_FINITE, at)
            return None
        width, height = image.width or 1, image.height or 1
        placed, done = place(box, width, height)
        for kind in done if self._kind.holds_pictures else {SWAPPED, IN_ONE_PIXEL}.intersection(done):
            self._summary.note(kind, at)
        if placed is None and self._kind.holds_pictures:
            return None
        if self._name == "yolo" and (CLIPPED in done or OUTSIDE in done):
            self._summary.note(_STICKS_OUT, at)
        xmin, xmax, ymin, ymax = min(xmin, xmax), max(xmin, xmax), min(ymin, ymax), max(ymin, ymax)
        item = item._replace(xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)
        self._lose(item, item.fields, at)
        if item.keypoints and "keypoints" not in self._kind.says:
            item = item._replace(keypoints=())
        elif item.keypoints and len(item.keypoints) != len(self._skeletons[item.class_name].names):
            self._summary.note(_OTHER_COUNT, at)
            item = item._replace(keypoints=())
        return self._without_mask(image, item, at)

    def _without_mask(self, image: AnnotatedImage, item: AnnotatedObject, at: str) -> AnnotatedObject:
        """`item` without a mask that the format has no place for."""
        if item.mask is None:
            return item
        if self._skeletons and self._name == "yolo":
            self._summary.note(_POSE_OR_MASK, at)
        elif _kind_of(item.mask) not in self._kind.masks:
            self._summary.note(f"objects of which the format cannot say: mask ({_kind_of(item.mask)})", at)
        elif isinstance(item.mask, RunLengths) and not _fits(item.mask, image):
            self._summary.note(_OTHER_SIZE, at)
        elif self._kind.mask_is_box and not _fills(item.mask, item[1:5]):
            self._summary.note(_WIDE_MASK, at)
        else:
            return item
        return item._replace(mask=None)

    def _lose(self, said: AnnotatedImage | AnnotatedObject, fields: Iterable[tuple[str, str]], at: str) -> None:
        """Counts what is said and the format has no place for."""
        names = [name for name, _ in fields if "*" not in self._kind.says or isinstance(said, AnnotatedImage)]
        if isinstance(said, AnnotatedObject):
            given = {
                "difficult": said.difficult,
                "truncated": said.truncated,
                "pose": said.pose != "Unspecified",
                "crowd": said.crowd,
                "area": said.area is not None,
                "keypoints": bool(said.keypoints),
            }
            names += [name for name, there in given.items() if there]
        what = "pictures" if isinstance(said, AnnotatedImage) else "objects"
        for name in names:
            if name not in self._kind.says:
                self._summary.note(f"{what} of which the format cannot say: {name}", at)


def _fits(mask: RunLengths, image: AnnotatedImage) -> bool:
    return (mask.height, mask.width) == (image.height, image.width) and mask.height * mask.width <= MOST_PIXELS


def _kind_of(mask: Mask) -> str:
    if isinstance(mask, RunLengths):
        return "runs"
    return "outline" if len(mask) == 1 and len(mask[0]) >= 6 else "outlines"


def _fills(mask: Mask, box: tuple[float, ...]) -> bool:
    found = extent(mask)
    return found is not None and all(abs(a - b) <= _HALF_A_PIXEL for a, b in zip(found, box, strict=True))
