"""Predictions for files: class-id PNGs, overlays and polygons of pictures, overlays of videos."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError, OutputError
from tfod.files import replacing, write_text
from tfod.inference.images import read_image
from tfod.progress import Progress
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.draw import overlaid
from tfod.segmentation.polygons import Polygon, coco_json, polygons_of, write_labelme
from tfod.segmentation.predictor import Predictor
from tfod.visualize.save import save_image

__all__ = ["KINDS", "VIDEO_SUFFIXES", "PredictionResult", "predict_pictures", "predict_video"]

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
KINDS = ("classes", "overlays", "coco", "labelme")
COCO_FILE = "coco.json"


@dataclass
class PredictionResult:
    """What came of a run: pixels of each class by name, pictures done, pictures passed over."""

    pixels: Counter[str] = field(default_factory=Counter)
    done: int = 0
    unreadable: list[DataError] = field(default_factory=list)

    def count(self, classes: NDArray[np.uint8], table: ClassTable) -> None:
        """Adds a picture's classes, uint8 `[H, W]`."""
        counts = np.bincount(classes.ravel(), minlength=len(table.names))
        self.pixels.update(dict(zip(table.names, map(int, counts), strict=True)))
        self.done += 1


def predict_pictures(
    predictor: Predictor, paths: Sequence[Path], output_dir: Path, table: ClassTable, kinds: Sequence[str]
) -> PredictionResult:
    """Writes what `kinds` names: `classes/NAME.png` (class ids), `overlays/NAME.jpg`, `coco.json`, `labelme/NAME.json`.

    Class 0 gets no polygons: it is the background, or the class that is everywhere else. Pictures that cannot be read
    are named, counted and passed over.

    Raises:
      DataError: not one picture could be read.
      OutputError: an output would replace a picture that is read.
    """
    summary = PredictionResult()
    for_coco: list[tuple[str, int, int, list[Polygon]]] = []
    names = _names(paths, output_dir)
    with Progress("predicting", total=len(paths), unit="picture") as progress:
        for path, name in zip(paths, names, strict=True):
            try:
                picture = read_image(path)
            except DataError as error:
                summary.unreadable.append(error)
                progress.message(f"passed over: {error.where}: {error.what}")
                progress.advance()
                continue
            classes = predictor.classes(picture)
            height, width = classes.shape
            summary.count(classes, table)
            if "classes" in kinds:
                save_image(classes, output_dir / "classes" / f"{name}.png")
            if "overlays" in kinds:
                save_image(overlaid(picture, classes, table), output_dir / "overlays" / f"{name}.jpg", quality=92)
            polygons = polygons_of(classes) if {"coco", "labelme"} & set(kinds) else []
            if "labelme" in kinds:
                place = Path(os.path.relpath(path.absolute(), (output_dir / "labelme" / name).absolute().parent))
                write_labelme(output_dir / "labelme" / f"{name}.json", place, (height, width), polygons, table)
            for_coco.append((str(path), height, width, polygons))
            progress.advance()
    if not summary.done:
        raise summary.unreadable[0]
    if "coco" in kinds:
        write_text(output_dir / COCO_FILE, json.dumps(coco_json(for_coco, table)) + "\n")
    return summary


def predict_video(predictor: Predictor, path: Path, output_dir: Path, table: ClassTable) -> PredictionResult:
    """Writes `overlays/NAME.mp4`: each frame tinted by its classes, at the video's own rate and size.

    Raises DataError where no frame can be read, and OutputError where the result would replace it.
    """
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    rate = video.get(cv2.CAP_PROP_FPS) or 25.0
    output = output_dir / "overlays" / f"{path.stem}.mp4"
    if output.resolve() == path.resolve():
        raise OutputError("the overlay would replace the video", str(output), "choose another --output_dir")
    summary = PredictionResult()
    with replacing(output) as temporary, Progress("predicting", total=total or None, unit="frame") as progress:
        written = temporary.with_suffix(".mp4")  # the codec is chosen by the ending
        writer: Any = None
        try:
            while True:
                is_there, frame = video.read()
                if not is_there:
                    break
                picture = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
                classes = predictor.classes(picture)
                summary.count(classes, table)
                drawn = cv2.cvtColor(overlaid(picture, classes, table), cv2.COLOR_RGB2BGR)
                size = (drawn.shape[1], drawn.shape[0])
                writer = writer or cv2.VideoWriter(str(written), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
                writer.write(drawn)
                progress.advance()
            if writer is None:
                raise DataError("no frame can be read", str(path), "convert it to MP4, or extract its frames")
            writer.release()
            _require_whole(written, summary.done, output)
            os.replace(written, temporary)
        finally:
            video.release()
            written.unlink(missing_ok=True)
    return summary


def _require_whole(written: Path, frames: int, output: Path) -> None:
    """OpenCV says nothing where a video does not fit on the disk."""
    video = cv2.VideoCapture(str(written))
    found = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    video.release()
    if found != frames:
        what = f"cannot write the video: {max(found, 0)} of {frames} frames are there"
        raise OutputError(what, str(output), "free some space, or choose an output on another disk")


def _names(paths: Sequence[Path], output_dir: Path) -> list[str]:
    """A name for each picture's outputs: its path below what all have in common, without the ending if that will do."""
    absolute = [path.absolute() for path in paths]
    common = os.path.commonpath([path.parent for path in absolute])
    relative = [path.relative_to(common) for path in absolute]
    stems = Counter(path.with_suffix("") for path in relative)
    names = [str(path.with_suffix("") if stems[path.with_suffix("")] == 1 else path) for path in relative]
    inputs = {path.resolve() for path in absolute}
    for name in names:
        for output in (output_dir / "classes" / f"{name}.png", output_dir / "overlays" / f"{name}.jpg"):
            if output.resolve() in inputs:
                what = "an output would replace a picture that is read"
                raise OutputError(what, str(output), "choose another --output_dir")
    return names
