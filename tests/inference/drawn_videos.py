"""Videos drawn for tests: each frame shows its own number."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["frames_of", "number_in", "numbered", "read_frames", "write_video"]

_BITS = 12


def numbered(number: int, height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    """A grey image, uint8 `[H, W, 3]`, whose upper half shows a number as bright and dark stripes."""
    image = np.full((height, width, 3), 100, np.uint8)
    for bit, stripe in enumerate(np.array_split(np.arange(width), _BITS)):
        image[: height // 2, stripe] = 235 if number >> bit & 1 else 20
    return image


def number_in(image: NDArray[np.uint8]) -> int:
    """The number that is shown."""
    stripes = np.array_split(image[: image.shape[0] // 2], _BITS, axis=1)
    return sum((np.median(stripe) > 128) << bit for bit, stripe in enumerate(stripes))


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], rate: float = 25.0) -> Path:
    """Frames, uint8 `[H, W, 3]`, RGB, at least one, as a video."""
    remaining = iter(frames)
    first = next(remaining)
    height, width = first.shape[:2]
    codec = "mp4v" if path.suffix == ".mp4" else "MJPG"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (width, height))
    assert video.isOpened()
    for frame in chain([first], remaining):
        video.write(frame[..., ::-1])
    video.release()
    return path


def read_frames(path: Path) -> tuple[float, list[NDArray[np.uint8]]]:
    """The rate of a video and its frames, uint8 `[H, W, 3]`, RGB."""
    return cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS), list(frames_of(path))


def frames_of(path: Path) -> Iterator[NDArray[np.uint8]]:
    """The frames one by one: thirty seconds of 720p are two gigabytes."""
    video = cv2.VideoCapture(str(path))
    while True:
        is_there, frame = video.read()
        if not is_there:
            return
        yield frame[..., ::-1]
