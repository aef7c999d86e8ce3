"""A model over images and videos: what reads, counts and tells is here once, whatever the model gives."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError, OutputError
from tfod.inference.images import read_image
from tfod.inference.pipeline import pipelined
from tfod.inference.sources import relative_names
from tfod.inference.video import OpenVideo
from tfod.progress import Progress

__all__ = ["Frame", "Tally", "over_images", "over_video", "require_other_files"]

_Result = TypeVar("_Result")


class Frame(NamedTuple):
    """An image of a file, or a frame of a video.

    Attributes:
      image: uint8 `[H, W, 3]`, RGB.
      name: What outputs are called after, a relative path; that of the third frame of `drive.mp4` is
        `drive.mp4/000003.jpg`.
      file: What was read.
      number: Counts a video's frames from 1; None for an image.
      seconds: The time of a video's frame, from the first one; None for an image.
    """

    image: NDArray[np.uint8]
    name: Path
    file: str
    number: int | None = None
    seconds: float | None = None


@dataclass
class Tally:
    """What came of a run.

    Attributes:
      images, frames: How many were worked on.
      seconds: What the model took for each.
      unreadable: Images and videos that were passed over.
      problems: What is to be told of videos.
      is_interrupted: Whether Ctrl-C ended it before its end.
    """

    images: int = 0
    frames: int = 0
    seconds: list[float] = field(default_factory=list)
    unreadable: list[DataError] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def done(self) -> str:
        """What was worked on, in words: `3 images and 250 frames`."""
        parts = ((self.images, "image"), (self.frames, "frame"))
        return " and ".join(f"{count} {what}{'s'[: count != 1]}" for count, what in parts if count) or "nothing"

    def pass_over(self, error: DataError) -> str:
        """Counts what cannot be read; gives the line that says so."""
        self.unreadable.append(error)
        return f"passed over: {error.where}: {error.what}"


def over_images(
    paths: Sequence[Path],
    work: Callable[[Frame], _Result],
    write: Callable[[Frame, _Result], object],
    tally: Tally,
    *,
    doing: str,
) -> None:
    """Reads each image, calls `write(frame, work(frame))` and shows how far it is; the three overlap.

    Images that cannot be read are named, counted in `tally` and passed over.
    """

    def read() -> Iterator[Frame | DataError]:
        for path, name in zip(paths, relative_names(paths), strict=True):
            try:
                yield Frame(read_image(path), name, str(path))
            except DataError as error:
                yield error

    if not paths:
        return
    with Progress(doing, total=len(paths), unit="image") as progress:
        flow = pipelined(read(), _counting(work, tally, progress), _writing(write))
        tally.is_interrupted |= flow.is_interrupted


def over_video(
    video: OpenVideo,
    work: Callable[[Frame], _Result],
    write: Callable[[Frame, _Result], object],
    tally: Tally,
    *,
    doing: str,
) -> None:
    """The same with each frame of a video, in their order.

    A camera or a stream gives its newest frame whenever `work` is done, and ends with it or at Ctrl-C.

    Raises DataError where not one frame can be read.
    """
    source, before = video.source, tally.frames

    def read() -> Iterator[Frame]:
        for number, (seconds, image) in enumerate(video.frames(), start=1):
            yield Frame(image, Path(source.name, f"{number:06d}.jpg"), source.shown, number, seconds)

    with Progress(doing, total=video.total, unit="frame") as progress:
        if video.is_live:
            progress.message(f"{source.shown}: reading until it ends, or you press Ctrl-C")
        flow = pipelined(read(), _counting(work, tally, progress), _writing(write), keeps_newest=video.is_live)
        problem = "" if flow.is_interrupted else video.problem()
        if tally.frames == before and not flow.is_interrupted:
            raise DataError("no frame can be read", source.shown, "convert it to MP4, or extract its frames")
        tally.is_interrupted |= flow.is_interrupted and not video.is_live
        late = f"{flow.passed_over} frames came while others were worked on, and were passed over"
        for told in ([late] if flow.passed_over else []) + ([problem] if problem else []):
            tally.problems.append(f"{source.shown}: {told}")
            progress.message(tally.problems[-1])


def require_other_files(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raises OutputError where an output would replace a file that is read."""
    read = {path.resolve() for path in inputs}
    for output in outputs:
        if output.resolve() in read:
            what = "an output would replace a file that is read"
            raise OutputError(what, str(output), "choose another --output_dir")


def _counting(
    work: Callable[[Frame], _Result], tally: Tally, progress: Progress
) -> Callable[[Frame | DataError], tuple[Frame, _Result] | None]:
    def count(item: Frame | DataError) -> tuple[Frame, _Result] | None:
        if isinstance(item, DataError):
            progress.message(tally.pass_over(item))
            progress.advance()
            return None
        began = time.perf_counter()
        result = work(item)
        tally.seconds.append(time.perf_counter() - began)
        if item.number is None:
            tally.images += 1
        else:
            tally.frames += 1
        progress.advance()
        return item, result

    return count


def _writing(
    write: Callable[[Frame, _Result], object],
) -> Callable[[tuple[Frame, _Result] | None], None]:
    def write_item(item: tuple[Frame, _Result] | None) -> None:
        if item is not None:
            write(*item)

    return write_item
