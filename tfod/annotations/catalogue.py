"""Every annotation format by name, and which one a path is of."""

import difflib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from tfod.annotations.annotated_image import AnnotatedImage, Remark
from tfod.annotations.coco import read_coco, write_coco
from tfod.annotations.csv_columns import names_boxes
from tfod.annotations.csv_table import read_csv_dataset, write_csv
from tfod.annotations.cvat import read_cvat
from tfod.annotations.cvat_write import write_cvat
from tfod.annotations.format import Dataset, Format, Look, Reading
from tfod.annotations.labelme import read_labelme, write_labelme
from tfod.annotations.recognition import ANOTHER_TOOL, ARCHIVE, LFS_POINTER, look_at, some_files
from tfod.annotations.tfrecord import read_tfrecord, write_tfrecord
from tfod.annotations.untrusted import Roots
from tfod.annotations.voc import read_voc_dataset
from tfod.annotations.voc_write import write_voc
from tfod.annotations.yolo import read_yolo
from tfod.annotations.yolo_layout import find_yaml
from tfod.annotations.yolo_write import write_yolo
from tfod.errors import DataError
from tfod.files import LFS_CURE
from tfod.shards import is_record_name
from tfod.stores import matches

__all__ = ["FORMATS", "detect_format", "find_format", "open_dataset", "read_dataset"]

_COUNTED = 500  # pictures that are read to choose between formats
_SHOWN = 4  # files of an error


def _json_with(*keys: str) -> Callable[[Look], bool]:
    return lambda look: look.kind == "json" and look.holds.issuperset(keys)


def _xml_with(root: str) -> Callable[[Look], bool]:
    return lambda look: look.kind == "xml" and root in look.holds


# Name, as in --from and --to -> format.
FORMATS = {
    "voc": Format(
        "Pascal VOC XML, a file a picture",
        read_voc_dataset,
        write_voc,
        _xml_with("annotation"),
        frozenset({"difficult", "truncated", "pose", "occluded", "database", "segmented", "background"}),
        masks=frozenset(),
        pictures="{subset}",
    ),
    "coco": Format(
        "COCO JSON, one file for all",
        read_coco,
        write_coco,
        _json_with("images", "annotations", "categories"),
        frozenset({"crowd", "area", "background", "keypoints", "skeleton"}),
        masks=frozenset({"outline", "outlines", "runs"}),
        pictures="images/{subset}",
    ),
    "yolo": Format(
        "YOLO txt with data.yaml",
        read_yolo,
        write_yolo,
        lambda look: look.kind in ("yaml", "labels", "names"),
        frozenset({"background", "keypoints"}),
        masks=frozenset({"outline"}),
        mask_is_box=True,
        pictures="images/{subset}",
    ),
    "csv": Format(
        "CSV table: filename,width,height,class,xmin,ymin,xmax,ymax (or frame,xmin,xmax,ymin,ymax,class_id)",
        read_csv_dataset,
        write_csv,
        lambda look: look.kind == "csv" and names_boxes(look.holds),
        frozenset(),
        masks=frozenset(),
    ),
    "labelme": Format(
        "LabelMe JSON, a file a picture",
        read_labelme,
        write_labelme,
        _json_with("shapes", "imagePath"),
        frozenset({"difficult", "truncated", "crowd", "occluded", "shape_type", "background"}),
        masks=frozenset({"outline", "outlines", "runs"}),
        mask_is_box=True,
        pictures="{subset}",
    ),
    "cvat": Format(
        "CVAT XML (for images 1.1; reads video tracks too)",
        read_cvat,
        write_cvat,
        _xml_with("annotations"),
        frozenset({"difficult", "truncated", "crowd", "pose", "occluded", "background", "keypoints", "skeleton", "*"}),
        masks=frozenset({"outline", "runs"}),
        mask_is_box=True,
        pictures="images/{subset}",
    ),
    "tfrecord": Format(
        "TFRecord with the standard features, pictures inside",
        read_tfrecord,
        write_tfrecord,
        lambda look: look.kind == "record",
        frozenset({"difficult", "truncated", "pose", "crowd", "area", "background", "keypoints"}),
        masks=frozenset({"outline", "outlines", "runs"}),
        holds_pictures=True,
    ),
}


def find_format(name: str) -> Format:
    """The format of that name; DataError with the nearest name for another."""
    if name not in FORMATS:
        nearest = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise DataError(f"there is no format {name!r}{hint}", "the formats", f"choose one of {', '.join(FORMATS)}")
    return FORMATS[name]


def detect_format(path: str) -> str:
    """The name of the format that a file or a folder is of; DataError where it is of none."""
    return _detect(path, Reading())[0]


def open_dataset(path: str, name: str | None = None, reading: Reading | None = None) -> tuple[str, Dataset]:
    """What `read_dataset` gives, and the name of its format."""
    reading = reading or Reading()
    if not os.path.exists(path) and name != "tfrecord" and not _is_pattern(path):
        raise DataError("there is no such file or folder", path, "check the path")
    name, remarks = (name, []) if name else _detect(path, reading)
    dataset = find_format(name).read(path, reading)
    images = _Checked(dataset, Roots(path, reading))
    return name, dataset._replace(images=images, remarks=[*remarks, *dataset.remarks])


def read_dataset(path: str, name: str | None = None, reading: Reading | None = None) -> Dataset:
    """The data set at `path`, in the format of that name, or in the one that it is seen to be of.

    A picture that a link leads to, out of the folders named, is given as a DataError in its place unless
    `reading.follow_links`. Raises DataError where there is no such data set.
    """
    return open_dataset(path, name, reading)[1]


def _detect(path: str, reading: Reading) -> tuple[str, list[Remark]]:
    """The format and, where several are possible, a word about the choice: that of which most pictures have
    annotations, then the one that a data.yaml says, then the first in the order of FORMATS. Records that were made of
    annotations beside them count only where these have no pictures."""
    if _is_pattern(path):
        return "tfrecord", []
    files = [path] if os.path.isfile(path) else [*some_files(path)]
    looks = {file: look_at(file) for file in files}
    fitting = [name for name, kind in FORMATS.items() if any(map(kind.recognises, looks.values()))]
    if len(fitting) > 1 and not any(look.kind in ("yaml", "labels") for look in looks.values()):
        fitting = [name for name in fitting if name != "yolo"]  # other tools write lists of names too
    if len(fitting) == 1:
        return fitting[0], []
    if not fitting:
        raise _unknown(path, looks)
    counts = {name: _annotated(path, name, reading) for name in fitting}
    if not any(map(any, counts.values())):
        what = f"it may be {' or '.join(sorted(fitting))}, and no picture there has annotations of these"
        raise DataError(f"cannot tell the annotations' format: {what}", path, _say(FORMATS))
    has_yaml = find_yaml(path) is not None
    made = any(counts[name][0] for name in fitting if name != "tfrecord")
    chosen = max(fitting, key=lambda name: (name != "tfrecord" or not made, counts[name], has_yaml and name == "yolo"))
    told = ", ".join(f"{name} {found or only}" for name, (found, only) in counts.items())
    what = f"taken as {chosen}; of the first {_COUNTED} pictures have annotations: {told}"
    return chosen, [Remark("format-chosen", what, path)]


def _annotated(path: str, name: str, reading: Reading) -> tuple[int, int]:
    """How many of the first pictures are there and have objects, and how many have objects."""
    try:
        images = islice(FORMATS[name].read(path, reading).images, _COUNTED)
        having = [
            image.picture is not None or image.encoded is not None
            for image in images
            if isinstance(image, AnnotatedImage) and image.objects
        ]
    except DataError:
        return 0, 0
    return sum(having), len(having)


def _unknown(path: str, looks: Mapping[str, Look]) -> DataError:
    """The error that names the files that were looked at, and what each is."""
    if not looks:
        what = "there is no file of annotations below it: no .xml, .json, .csv, .tsv, .yaml, .txt or record"
    else:
        shown = [f"{os.path.relpath(file, path) if file != path else file} is no annotation: {look.what}"
                 for file, look in islice(looks.items(), _SHOWN)]  # fmt: skip
        more = f"; and {len(looks) - _SHOWN} more" if len(looks) > _SHOWN else ""
        what = "; ".join(shown) + more
    cure = _say(FORMATS) if looks else "annotate the pictures, or name the folder of their annotations"
    if any(look.what == LFS_POINTER for look in looks.values()):
        cure = LFS_CURE
    elif any(look.what == ARCHIVE for look in looks.values()):
        cure = "unpack it, and name the folder"
    elif any(look.what.endswith(ANOTHER_TOOL) for look in looks.values()):
        cure = "export the annotations as COCO or Pascal VOC in that tool"
    return DataError(f"cannot tell the annotations' format: it is none of the formats known; {what}", path, cure)


def _say(names: Iterable[str]) -> str:
    return f"say it: --from {'|'.join(names)}"


def _is_pattern(path: str) -> bool:
    """Whether it names shards of records as a pattern does."""
    return not os.path.exists(path) and any(is_record_name(os.path.basename(one)) for one in matches(path))


class _Checked:
    """The pictures of a data set, those out of its folders replaced by errors."""

    def __init__(self, dataset: Dataset, roots: Roots) -> None:
        self._dataset = dataset
        self._roots = roots

    def __iter__(self) -> Iterator[AnnotatedImage | DataError]:
        for image in self._dataset.images:
            try:
                if isinstance(image, AnnotatedImage) and image.picture:
                    self._roots.check(image.picture)
                yield image
            except DataError as error:
                yield error
