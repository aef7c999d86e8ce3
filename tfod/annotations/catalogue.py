"""Every annotation format by name, and which one a path is of."""

import difflib
import os
from collections.abc import Callable, Iterator

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.coco import read_coco, write_coco
from tfod.annotations.csv_columns import is_box_table
from tfod.annotations.csv_table import read_csv_dataset, write_csv
from tfod.annotations.cvat import read_cvat
from tfod.annotations.cvat_write import write_cvat
from tfod.annotations.format import Dataset, Format, Reading
from tfod.annotations.labelme import read_labelme, write_labelme
from tfod.annotations.tfrecord import RECORD_NAME, read_tfrecord, write_tfrecord
from tfod.annotations.untrusted import Roots
from tfod.annotations.voc import read_voc_dataset
from tfod.annotations.voc_write import write_voc
from tfod.annotations.yolo import read_yolo
from tfod.annotations.yolo_layout import find_yaml
from tfod.annotations.yolo_write import write_yolo
from tfod.errors import DataError

__all__ = ["FORMATS", "detect_format", "find_format", "read_dataset"]

_LOOKED_AT = 64  # files of a folder
_HEAD = 4096  # bytes of a file
_TAIL = 1024


def _has(extension: str, *texts: bytes) -> Callable[[str], bool]:
    """Whether a file has this extension and holds one of these texts near its beginning or its end."""

    def recognises(path: str) -> bool:
        if not path.lower().endswith(extension):
            return False
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, os.path.getsize(path) - _TAIL))
            return any(text in head + file.read(_TAIL) for text in texts)

    return recognises


# Name, as in --from and --to -> format.
FORMATS = {
    "voc": Format(
        "Pascal VOC XML, a file a picture",
        read_voc_dataset,
        write_voc,
        _has(".xml", b"<annotation>", b"<annotation "),
        frozenset({"difficult", "truncated", "pose", "occluded", "database", "segmented", "background"}),
        masks=frozenset(),
        pictures="{subset}",
    ),
    "coco": Format(
        "COCO JSON, one file for all",
        read_coco,
        write_coco,
        _has(".json", b'"annotations"', b'"categories"'),
        frozenset({"crowd", "area", "background"}),
        masks=frozenset({"outline", "outlines", "runs"}),
        pictures="images/{subset}",
    ),
    "yolo": Format(
        "YOLO txt with data.yaml",
        read_yolo,
        write_yolo,
        lambda path: os.path.basename(path) in ("data.yaml", "classes.txt", "obj.names"),
        frozenset({"background"}),
        masks=frozenset({"outline"}),
        mask_is_box=True,
        pictures="images/{subset}",
    ),
    "csv": Format(
        "CSV table: filename,width,height,class,xmin,ymin,xmax,ymax (or frame,xmin,xmax,ymin,ymax,class_id)",
        read_csv_dataset,
        write_csv,
        is_box_table,
        frozenset(),
        masks=frozenset(),
    ),
    "labelme": Format(
        "LabelMe JSON, a file a picture",
        read_labelme,
        write_labelme,
        _has(".json", b'"shapes"', b'"imagePath"'),
        frozenset({"difficult", "truncated", "crowd", "occluded", "shape_type", "background"}),
        masks=frozenset({"outline", "outlines", "runs"}),
        mask_is_box=True,
        pictures="{subset}",
    ),
    "cvat": Format(
        "CVAT XML (for images 1.1; reads video tracks too)",
        read_cvat,
        write_cvat,
        _has(".xml", b"<annotations>"),
        frozenset({"difficult", "truncated", "crowd", "pose", "occluded", "background", "*"}),
        masks=frozenset({"outline", "runs"}),
        mask_is_box=True,
        pictures="images/{subset}",
    ),
    "tfrecord": Format(
        "TFRecord with the standard features, pictures inside",
        read_tfrecord,
        write_tfrecord,
        lambda path: bool(RECORD_NAME.fullmatch(os.path.basename(path))),
        frozenset({"difficult", "truncated", "pose", "crowd", "area", "background"}),
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
    """The name of the format that a file or a folder is of; DataError where it is of none, or of several."""
    files = [path] if os.path.isfile(path) else list(_some_files(path))
    fitting = {name for name, kind in FORMATS.items() if any(kind.recognises(file) for file in files)}
    if find_yaml(path) and os.path.isdir(path):
        fitting = {"yolo"}  # its pictures may lie beside XML files of another tool
    if len(fitting) > 1:
        fitting.discard("tfrecord")  # records that were made of the annotations beside them
    if len(fitting) == 1:
        return fitting.pop()
    what = f"it may be {' or '.join(sorted(fitting))}" if fitting else "it is none of the formats known"
    raise DataError(f"cannot tell the annotations' format: {what}", path, f"say it: --from {'|'.join(FORMATS)}")


def read_dataset(path: str, name: str | None = None, reading: Reading | None = None) -> Dataset:
    """The data set at `path`, in the format of that name, or in the one that it is seen to be of.

    A picture that a link leads to, out of the folders named, is given as a DataError in its place unless
    `reading.follow_links`. Raises DataError where there is no such data set.
    """
    reading = reading or Reading()
    if not os.path.exists(path) and name != "tfrecord":
        raise DataError("there is no such file or folder", path, "check the path")
    dataset = find_format(name or detect_format(path)).read(path, reading)
    return dataset._replace(images=_Checked(dataset, Roots(path, reading)))


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


def _some_files(folder: str) -> Iterator[str]:
    """The first files below a folder, those without pictures' extensions first looked at."""
    count = 0
    for at, _, names in os.walk(folder):
        for name in sorted(names):
            if name.lower().endswith((".xml", ".json", ".csv", ".yaml", ".txt", ".names")) or RECORD_NAME.match(name):
                yield os.path.join(at, name)
                count += 1
                if count == _LOOKED_AT:
                    return
