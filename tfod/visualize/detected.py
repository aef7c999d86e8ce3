"""A detector run over images and videos: drawn, as files of results, as crops."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.inference.detections import Detections, class_name
from tfod.inference.media import Frame, Tally, over_images, over_video, require_other_files
from tfod.inference.results import Write, stem_of, voc_writer, writing_coco, writing_json, writing_table
from tfod.inference.sources import VideoSource, relative_names
from tfod.inference.tracking import Tracker
from tfod.inference.video import OpenVideo, writing_video
from tfod.inference.writers import Writers
from tfod.visualize.draw import enlarge_small
from tfod.visualize.save import save_image

__all__ = ["FILES", "Choice", "DrawingResult", "draw_detections", "visualize"]

FILES = {
    "drawn": "",
    "json": "detections.json",
    "coco": "coco.json",
    "voc": "voc",
    "csv": "detections.csv",
    "frames": "frames",
    "crops": "crops",
}
"""What can be written, and its file or folder below the output."""

_KEPT_SUFFIXES = (".jpg", ".jpeg", ".png")
_NO_FOLDER = re.compile(r"[^\w .-]")
# Halved colour resolution, JPEG's default, would smear the letters.
_JPEG = {"quality": 92, "subsampling": 0}


@dataclass(frozen=True)
class Choice:
    """What is kept of what is found, and what is written of it.

    Attributes:
      kinds: Some of FILES.
      min_score: What scores less is left out.
      max_boxes: At most so many of an image, the best ones.
      class_names: Class id to name.
      tracks: Whether objects are followed through videos.
      drawn_side: In pixels; lines and letters are no larger than on an image of this side, None for the image's own.
    """

    kinds: Sequence[str] = ("drawn", "json")
    min_score: float = 0.5
    max_boxes: int = 100
    class_names: Mapping[int, str] = field(default_factory=dict)
    tracks: bool = False
    drawn_side: int | None = None


@dataclass
class DrawingResult(Tally):
    """What came of a run.

    Attributes:
      objects: How often each class was found, by name.
      tracks: How many objects of each class were followed through videos, by name.
    """

    objects: Counter[str] = field(default_factory=Counter)
    tracks: Counter[str] = field(default_factory=Counter)


def draw_detections(image: NDArray[np.uint8], found: Detections, side: int | None = None) -> NDArray[np.uint8]:
    """The image, uint8 `[H, W, 3]`, with its detections; a thumbnail comes back enlarged.

    Lines and letters are no larger than on an image of `side` x `side` pixels.
    """
    image = enlarge_small(image)
    return replace(found, height=image.shape[0], width=image.shape[1]).draw(image, side=side)


def visualize(
    detect: Callable[[NDArray[np.uint8]], Detections],
    images: Sequence[Path],
    videos: Sequence[VideoSource],
    output_dir: Path,
    choice: Choice,
) -> DrawingResult:
    """Detects on images and videos; writes what `choice` names below `output_dir`.

    Drawn images and videos keep their names, and their folders below the one that all have in common. What cannot be
    read is named, counted and passed over.

    Args:
      detect: From an image, uint8 `[H, W, 3]`, RGB, to what is on it.
      images: Files.
      videos: Are gone through after the images.
      output_dir: Where everything goes.
      choice: What is kept and written.

    Raises:
      DataError: Nothing could be read.
      OutputError: `output_dir` cannot be written, or an output would replace a file that is read.
    """
    if "drawn" in choice.kinds:
        drawn = [*map(_drawn_image, relative_names(images)), *(_drawn_video(source.name) for source in videos)]
        read = [*images, *(source.place for source in videos if isinstance(source.place, Path))]
        require_other_files([output_dir / name for name in drawn], read)
    result = DrawingResult()
    run = _Run(detect, output_dir, choice, result)
    stem = stem_of(relative_names(images))
    with Writers[Detections](lambda stack: _for_all(stack, output_dir, choice, result, stem)) as write:
        over_images(images, run.work(), write, result, doing="detecting")
        for source in videos:
            if not result.is_interrupted:
                run.over_video(source, write, is_alone=not images and len(videos) == 1)
        if not (result.images or result.frames or result.is_interrupted):
            raise result.unreadable[0]
    return result


class _Run(NamedTuple):
    detect: Callable[[NDArray[np.uint8]], Detections]
    folder: Path
    choice: Choice
    result: DrawingResult

    def over_video(self, source: VideoSource, write: Write, *, is_alone: bool) -> None:
        """Detects on a video, which has drawings of its own; beside others, one that cannot be read is passed over."""
        try:
            with (
                OpenVideo(source) as video,
                Writers[Detections](lambda stack: [self._frame_drawer(stack, video), write]) as write_all,
            ):
                tracker = Tracker(video.rate, self.choice.min_score) if self.choice.tracks else None
                over_video(video, self.work(tracker), write_all, self.result, doing="detecting")
        except DataError as error:
            if is_alone:
                raise
            print(self.result.pass_over(error), file=sys.stderr)
            return
        for class_id, count in tracker.counts().items() if tracker else ():
            self.result.tracks[class_name(class_id, self.choice.class_names)] += count

    def work(self, tracker: Tracker | None = None) -> Callable[[Frame], Detections]:
        """What is done with each frame."""

        def detect(frame: Frame) -> Detections:
            found = self.detect(frame.image)
            found = tracker.update(found) if tracker else found
            found = replace(
                found.best(self.choice.max_boxes, self.choice.min_score), class_names=self.choice.class_names
            )
            self.result.objects.update(found.names)
            return found

        return detect

    def _frame_drawer(self, stack: ExitStack, video: OpenVideo) -> Write:
        """Draws each frame once, for the video and as an image."""
        kinds, in_video = self.choice.kinds, None
        if "drawn" in kinds:
            output = self.folder / _drawn_video(video.source.name)
            in_video = stack.enter_context(writing_video(output, video.rate, fills=video.is_live))

        def write(frame: Frame, found: Detections) -> None:
            if in_video is None and "frames" not in kinds:
                return
            drawn = draw_detections(frame.image, found, self.choice.drawn_side)
            if in_video is not None:
                in_video(drawn, frame.seconds or 0.0)
            if "frames" in kinds:
                save_image(drawn, self.folder / FILES["frames"] / frame.name, **_JPEG)

        return write


def _for_all(
    stack: ExitStack, folder: Path, choice: Choice, result: DrawingResult, stem: Callable[[Path], Path]
) -> list[Write]:
    """The writers of everything but drawn frames, which each video has its own."""
    kinds = choice.kinds

    def drawn_name(frame: Frame) -> str | None:
        if "drawn" in kinds:
            name = _drawn_image(frame.name) if frame.number is None else _drawn_video(frame.name.parent)
            return name.as_posix()
        return f"{FILES['frames']}/{frame.name.as_posix()}" if "frames" in kinds and frame.number is not None else None

    writers: list[Write] = []
    if "drawn" in kinds:
        writers.append(_image_drawer(folder, choice.drawn_side))
    if "json" in kinds:
        opened = writing_json(folder / FILES["json"], result, min_score=choice.min_score, drawn_name=drawn_name)
        writers.append(stack.enter_context(opened))
    if "coco" in kinds:
        writers.append(stack.enter_context(writing_coco(folder / FILES["coco"], choice.class_names)))
    if "csv" in kinds:
        writers.append(stack.enter_context(writing_table(folder / FILES["csv"])))
    if "voc" in kinds:
        writers.append(voc_writer(folder / FILES["voc"], stem))
    if "crops" in kinds:
        writers.append(_cropper(folder / FILES["crops"], stem))
    return writers


def _image_drawer(folder: Path, side: int | None) -> Write:
    def write(frame: Frame, found: Detections) -> None:
        if frame.number is None:
            save_image(draw_detections(frame.image, found, side), folder / _drawn_image(frame.name), **_JPEG)

    return write


def _cropper(folder: Path, stem: Callable[[Path], Path]) -> Write:
    """Saves what is under each box: `CLASS/NAME_1.jpg`, `CLASS/NAME_2.jpg` and so on, the surest first."""

    def write(frame: Frame, found: Detections) -> None:
        counts: Counter[str] = Counter()
        name = stem(frame.name)
        for name_of_class, crop in zip(found.names, found.crops(frame.image), strict=True):
            # A name of a class may be no name of a folder.
            own = _NO_FOLDER.sub("_", name_of_class).strip(" .") or "_"
            counts[own] += 1
            save_image(crop, folder / own / name.parent / f"{name.name}_{counts[own]}.jpg", quality=95)

    return write


def _drawn_image(name: Path) -> Path:
    """The same name for JPEG and PNG; what is drawn on the other kinds is written as PNG."""
    return name if name.suffix.lower() in _KEPT_SUFFIXES else name.with_name(name.name + ".png")


def _drawn_video(name: Path | str) -> Path:
    path = Path(name)
    return path if path.suffix.lower() == ".mp4" else path.with_name(path.name + ".mp4")
