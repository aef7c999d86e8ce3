"""Predictions for files: class-id PNGs, overlays and polygons of images, overlays of videos."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.files import write_text
from tfod.inference.media import Frame, Tally, over_images, over_video, require_other_files
from tfod.inference.pixel_predictor import PixelPredictor
from tfod.inference.results import stem_of
from tfod.inference.sources import VideoSource, relative_names
from tfod.inference.video import OpenVideo, writing_video
from tfod.inference.writers import Writers
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.draw import overlaid
from tfod.segmentation.polygons import Polygon, coco_json, polygons_of, write_labelme
from tfod.visualize.save import save_image

__all__ = ["KINDS", "PredictionResult", "predict"]

KINDS = ("classes", "overlays", "coco", "labelme")
COCO_FILE = "coco.json"

Classes = NDArray[np.uint8]
_Write = Callable[[Frame, Classes], object]


@dataclass
class PredictionResult(Tally):
    """What came of a run; `pixels` counts those of each class by name."""

    pixels: Counter[str] = field(default_factory=Counter)

    def count(self, classes: Classes, table: ClassTable) -> None:
        """Adds an image's classes, uint8 `[H, W]`."""
        counts = np.bincount(classes.ravel(), minlength=len(table.names))
        self.pixels.update(dict(zip(table.names, map(int, counts), strict=True)))


def predict(
    predictor: PixelPredictor,
    images: Sequence[Path],
    videos: Sequence[VideoSource],
    output_dir: Path,
    table: ClassTable,
    kinds: Sequence[str],
) -> PredictionResult:
    """Writes what `kinds` names: `classes/NAME.png` (class ids), `overlays/NAME.jpg`, `coco.json`, `labelme/NAME.json`.

    Of a video there is `overlays/NAME.mp4`: each frame tinted by its classes, at the video's own rate and size. Class 0
    gets no polygons: it is the background, or the class that is everywhere else. What cannot be read is named, counted
    and passed over.

    Raises:
      DataError: Nothing could be read.
      OutputError: An output would replace a file that is read.
    """
    run = _Run.over(predictor, images, videos, output_dir, table)
    result = run.result
    with Writers[Classes](lambda stack: run.image_writers(stack, kinds)) as write:
        over_images(images, run.work, write, result, doing="predicting")
    for source in videos:
        if not result.is_interrupted:
            run.over_video(source, is_alone=not images and len(videos) == 1)
    if not (result.images or result.frames or result.is_interrupted):
        raise result.unreadable[0]
    return result


class _Run(NamedTuple):
    predictor: PixelPredictor
    folder: Path
    table: ClassTable
    result: PredictionResult
    stem: Callable[[Path], Path]

    @classmethod
    def over(
        cls,
        predictor: PixelPredictor,
        images: Sequence[Path],
        videos: Sequence[VideoSource],
        folder: Path,
        table: ClassTable,
    ) -> "_Run":
        names, video_names = relative_names(images), [Path(source.name) for source in videos]
        run = cls(predictor, folder, table, PredictionResult(), stem_of([*names, *video_names]))
        outputs = [*map(run.classes_file, names), *map(run.overlay, names), *map(run.video_overlay, video_names)]
        require_other_files(outputs, [*images, *(one.place for one in videos if isinstance(one.place, Path))])
        return run

    def classes_file(self, name: Path) -> Path:
        return self.folder / "classes" / f"{self.stem(name)}.png"

    def overlay(self, name: Path) -> Path:
        return self.folder / "overlays" / f"{self.stem(name)}.jpg"

    def video_overlay(self, name: Path) -> Path:
        return self.folder / "overlays" / f"{self.stem(name)}.mp4"

    def work(self, frame: Frame) -> Classes:
        classes = self.predictor.classes(frame.image)
        self.result.count(classes, self.table)
        return classes

    def over_video(self, source: VideoSource, *, is_alone: bool) -> None:
        def writers(stack: ExitStack) -> list[_Write]:
            output = self.video_overlay(Path(source.name))
            write = stack.enter_context(writing_video(output, video.rate, fills=video.is_live))
            return [lambda frame, found: write(overlaid(frame.image, found, self.table), frame.seconds or 0.0)]

        try:
            with OpenVideo(source) as video, Writers[Classes](writers) as write_all:
                over_video(video, self.work, write_all, self.result, doing="predicting")
        except DataError as error:
            if is_alone:
                raise
            print(self.result.pass_over(error), file=sys.stderr)

    def image_writers(self, stack: ExitStack, kinds: Sequence[str]) -> list[_Write]:
        writers: list[_Write] = []
        if "classes" in kinds:
            writers.append(lambda frame, classes: save_image(classes, self.classes_file(frame.name)))
        if "overlays" in kinds:
            writers.append(self._write_overlay)
        if {"coco", "labelme"} & set(kinds):
            add = stack.enter_context(self._writing_coco()) if "coco" in kinds else None

            def write_polygons(frame: Frame, classes: Classes) -> None:
                polygons = polygons_of(classes)
                if "labelme" in kinds:
                    self._write_labelme(frame, polygons)
                if add is not None:
                    height, width = frame.image.shape[:2]
                    add((frame.file, height, width, polygons))

            writers.append(write_polygons)
        return writers

    def _write_overlay(self, frame: Frame, classes: Classes) -> None:
        save_image(overlaid(frame.image, classes, self.table), self.overlay(frame.name), quality=92)

    def _write_labelme(self, frame: Frame, polygons: list[Polygon]) -> None:
        output = self.folder / "labelme" / f"{self.stem(frame.name)}.json"
        place = Path(os.path.relpath(Path(frame.file).absolute(), output.absolute().parent))
        height, width = frame.image.shape[:2]
        write_labelme(output, place, (height, width), polygons, self.table)

    @contextmanager
    def _writing_coco(self) -> Iterator[Callable[[tuple[str, int, int, list[Polygon]]], None]]:
        images: list[tuple[str, int, int, list[Polygon]]] = []
        yield images.append
        write_text(self.folder / COCO_FILE, json.dumps(coco_json(images, self.table)) + "\n")
