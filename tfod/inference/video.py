"""Videos read frame by frame with their times, and written."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# FFmpeg, and OpenCV below, would write to the terminal what the errors here say in words; it reads this once.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError, OutputError
from tfod.files import replacing
from tfod.inference.sources import VideoSource

__all__ = ["OpenVideo", "writing_video"]

_CODEC = "mp4v"  # MPEG-4 part 2: what OpenCV's wheels can write on every system
_USUAL_RATE = 25.0
_PLAUSIBLE_RATES = (0.05, 1000.0)  # some streams give the ticks of their clock
_TIMEOUT = 10_000  # milliseconds


class OpenVideo:
    """A video file, a camera or a stream whose frames are read; to be used in `with`.

    Attributes:
      source: What it was opened from.
      rate: Frames a second, as the container says, or 25 where it says nothing plausible.
      total: How many frames the container claims; None for a camera or a live stream.

    Raises:
      DataError: It cannot be opened.
    """

    def __init__(self, source: VideoSource) -> None:
        self.source = source
        self._capture = _opened(source)
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if _PLAUSIBLE_RATES[0] <= rate <= _PLAUSIBLE_RATES[1] else _USUAL_RATE
        claimed = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.total = claimed if claimed > 0 and not isinstance(source.place, int) else None
        self.is_live = self.total is None and not isinstance(source.place, Path)
        self._read = 0

    def __enter__(self) -> "OpenVideo":
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    def frames(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Each frame, uint8 `[H, W, 3]`, RGB, upright, with its time in seconds from the first.

        Times of files are those of the container, which need not be even; those of cameras and streams are when a frame
        arrived.
        """
        began = last = 0.0
        while True:
            is_there, frame = self._capture.read()
            if not is_there:
                return
            seconds = time.monotonic() if self.is_live else self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            began = began if self._read else seconds
            seconds -= began
            if self._read and seconds <= last:  # a container without times, or with damaged ones
                seconds = last + 1 / self.rate
            last = seconds
            self._read += 1
            yield seconds, np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)

    def problem(self) -> str:
        """What is missing now that no more frames come; empty for a file that was read to its end."""
        if self.is_live:
            return f"no more frames came after {self._read}: it was switched off, or the connection broke"
        # A container without a count claims what its duration makes, which may be a little off.
        if self.total is not None and self._read < 0.98 * self.total - 1:
            return f"{self._read} of {self.total} frames could be read: the rest is damaged or missing"
        return ""


def _opened(source: VideoSource) -> Any:
    place = source.place
    getattr(cv2.utils, "logging", cv2).setLogLevel(0)  # OpenCV 5 has it there, OpenCV 4 did not
    if isinstance(place, Path):
        capture = cv2.VideoCapture(str(place))
        what, cure = "the video is damaged or of a kind that cannot be read", "convert it to MP4, or extract its frames"
    elif isinstance(place, int):
        capture = cv2.VideoCapture(place)
        what, cure = "there is no such camera, or another program uses it", "choose another: 0, 1, ..."
    else:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT]
        capture = cv2.VideoCapture(place, cv2.CAP_FFMPEG, limits)
        what, cure = "the stream cannot be opened", "check its address, user and password with a player such as VLC"
    if not capture.isOpened():
        raise DataError(what, source.shown, cure)
    return capture


@contextmanager
def writing_video(
    output: Path, rate: float, *, fills: bool = False
) -> Iterator[Callable[[NDArray[np.uint8], float], None]]:
    """Yields what writes one frame after the other to an MP4, whole or not at all; its codec is MPEG-4 part 2.

    It takes an image, uint8 `[H, W, 3]`, RGB (all get the first one's size), and its time in seconds.

    Args:
      output: The file.
      rate: Frames a second.
      fills: A frame is repeated until the next one's time.

    Raises:
      OutputError: The place cannot be written, or the disk is full.
    """
    with replacing(output) as temporary:
        written = temporary.with_suffix(".mp4")  # the codec is chosen by the ending
        video = _Writer(written, rate, output, fills)
        try:
            yield video.write
            video.finish()
            os.replace(written, temporary)
        finally:
            video.release()
            written.unlink(missing_ok=True)


class _Writer:
    def __init__(self, path: Path, rate: float, output: Path, fills: bool) -> None:
        self._path = path
        self._rate = rate
        self._output = output
        self._fills = fills
        self._writer: Any = None
        self._size = (0, 0)
        self._frames = 0
        self._last: Any = None

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        if self._writer is None:
            self._open((image.shape[1], image.shape[0]))
        if (image.shape[1], image.shape[0]) != self._size:
            image = np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        frame = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        missing = int(seconds * self._rate) - self._frames if self._fills else 0
        for shown in [self._last] * missing + [frame]:
            self._writer.write(shown)
            self._frames += 1
        self._last = frame

    def finish(self) -> None:
        """Closes the file; OpenCV says nothing where a video does not fit on the disk."""
        self.release()
        video = cv2.VideoCapture(str(self._path))
        found = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        video.release()
        if found != self._frames:
            what = f"cannot write the video: {max(found, 0)} of {self._frames} frames are there"
            raise OutputError(what, str(self._output), "free some space, or choose an output on another disk")

    def release(self) -> None:
        if self._writer is not None:
            self._writer.release()

    def _open(self, size: tuple[int, int]) -> None:
        self._size = size
        self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*_CODEC), self._rate, size)
        if not self._writer.isOpened():
            what = f"OpenCV cannot write a video of {size[0]} x {size[1]} pixels here"
            raise OutputError(what, str(self._output), "write frames instead: --write frames")
