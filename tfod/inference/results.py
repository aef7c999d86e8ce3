"""Detections of images and of frames as files: JSON, COCO, CSV, Pascal VOC. Each grows while results come."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.csv_columns import COLUMNS
from tfod.annotations.voc_write import voc_text
from tfod.files import replacing, write_text
from tfod.inference.detections import Detections
from tfod.inference.media import Frame, Tally

__all__ = ["Write", "stem_of", "voc_writer", "writing_coco", "writing_json", "writing_table"]

Write = Callable[[Frame, Detections], object]
"""Takes a frame with what was found on it."""

_MORE_COLUMNS = ("score", "frame_number", "seconds", "track")


@contextmanager
def writing_json(
    output: Path, tally: Tally, *, min_score: float, drawn_name: Callable[[Frame], str | None]
) -> Iterator[Write]:
    """Yields what adds an image or a frame with its detections to one file; what `tally` passed over comes at its end.

    Args:
      output: The file; whole or not at all.
      tally: Of the same run.
      min_score: Is told in the file.
      drawn_name: Where a frame was drawn, None where it was not.

    Raises:
      OutputError: The place cannot be written, or the disk is full.
    """
    with replacing(output) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(f'{{\n "min_score": {json.dumps(min_score)},\n "pictures": [')
        add = _adding(file)

        def write(frame: Frame, found: Detections) -> None:
            drawn = drawn_name(frame)
            entry: dict[str, Any] = {"file": frame.file}
            entry |= {} if drawn is None else {"drawn": drawn}
            entry |= {"width": found.width, "height": found.height, **_place(frame), "detections": found.to_json()}
            add(entry)

        yield write
        unreadable = [{"file": error.where, "reason": error.what} for error in tally.unreadable]
        rest = f' "unreadable": {_dumped(unreadable)}'
        problems = f',\n "problems": {_dumped(tally.problems)}' if tally.problems else ""
        file.write(f"\n ],\n{rest}{problems}\n}}\n")


@contextmanager
def writing_coco(output: Path, class_names: Mapping[int, str]) -> Iterator[Write]:
    """Yields what adds to one data set in COCO's format, whose annotations have a `score`.

    Frames of videos are images of it, with `video`, `frame_number` and `seconds`.

    Args:
      output: The file; whole or not at all.
      class_names: Class id to name.

    Raises:
      OutputError: The place cannot be written, or the disk is full.
    """
    images: list[dict[str, Any]] = []
    count = 0
    classes = dict(class_names)
    with replacing(output) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write('{\n "annotations": [')
        add = _adding(file)

        def write(frame: Frame, found: Detections) -> None:
            nonlocal count
            image_id = len(images) + 1
            size = {"width": found.width, "height": found.height}
            video = {} if frame.number is None else {"video": frame.file, **_place(frame)}
            images.append({"id": image_id, "file_name": frame.name.as_posix(), **size, **video})
            tracks = [0] * len(found) if found.track_ids is None else found.track_ids.tolist()
            for result, track, name in zip(found.to_coco(image_id), tracks, found.names, strict=True):
                count += 1
                classes.setdefault(result["category_id"], name)
                width, height = result["bbox"][2:]
                more = {"track_id": track} if track else {}
                add({"id": count, **result, "area": round(width * height, 2), "iscrowd": 0, **more})

        yield write
        categories = [{"id": number, "name": name} for number, name in sorted(classes.items())]
        file.write(f'\n ],\n "images": {_dumped(images)},\n "categories": {_dumped(categories)}\n}}\n')


@contextmanager
def writing_table(output: Path) -> Iterator[Write]:
    """Yields what adds a line for each detection to a CSV table: the columns that `xml_to_csv.py` writes, and more.

    Args:
      output: The file; whole or not at all.

    Raises:
      OutputError: The place cannot be written, or the disk is full.
    """
    with replacing(output) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, *_MORE_COLUMNS))

        def write(frame: Frame, found: Detections) -> None:
            name = frame.name.as_posix()
            place = [_place(frame).get(column) for column in ("frame_number", "seconds")]
            for box in found.to_json():
                edges = box["box_pixels"]
                sides = [edges[side] for side in COLUMNS[4:]]
                row = [name, found.width, found.height, box["name"], *sides]
                writer.writerow([*row, box["score"], *place, box.get("track")])

        yield write


def voc_writer(folder: Path, frames_of: Callable[[Path], Path]) -> Write:
    """What writes an XML file for each image or frame, in Pascal VOC's format, below a folder.

    Args:
      folder: Where they go.
      frames_of: From a frame's name to that of its file, without an ending.
    """

    def write(frame: Frame, found: Detections) -> None:
        objects = []
        for box in found.to_json():
            edges = box["box_pixels"]
            objects.append(AnnotatedObject(box["name"], *(edges[side] for side in COLUMNS[4:])))
        parent = frame.name.parent.as_posix()
        subset = "" if parent == "." else parent
        image = AnnotatedImage("", frame.name.name, None, tuple(objects), found.width, found.height, subset)
        name = frames_of(frame.name)
        write_text(folder / name.parent / f"{name.name}.xml", voc_text(image))

    return write


def stem_of(names: list[Path]) -> Callable[[Path], Path]:
    """What takes the ending off a name, unless two of `names` differ in nothing else.

    >>> stem = stem_of([Path("a.jpg"), Path("b.jpg"), Path("b.png")])
    >>> [str(stem(Path(name))) for name in ("a.jpg", "b.jpg", "drive.mp4/000001.jpg")]
    ['a', 'b.jpg', 'drive.mp4/000001']
    """
    stems = Counter(name.with_suffix("") for name in names)
    return lambda name: name.with_suffix("") if stems[name.with_suffix("")] <= 1 else name


def _adding(file: TextIO) -> Callable[[Any], None]:
    is_first = True

    def add(entry: Any) -> None:
        nonlocal is_first
        file.write(f"{'' if is_first else ','}\n  {_dumped(entry)}")
        is_first = False

    return add


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _place(frame: Frame) -> dict[str, Any]:
    """Where in a video a frame is."""
    if frame.number is None or frame.seconds is None:
        return {}
    return {"frame_number": frame.number, "seconds": round(frame.seconds, 6)}
