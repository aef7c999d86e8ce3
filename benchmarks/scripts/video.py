"""Detects on a 720p video as `visualize_detections.py` does: reading, detecting and writing alone, and all together.

usage: video.py MODEL BATCH.npz FRAMES THREADS

The model computes in so many THREADS, 0 for its own choice. The video is made of the images of the batch, which move.
Prints {"read", "detect", "write", "all": seconds a frame}.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import tfod
from tfod.inference.sources import VideoSource
from tfod.inference.video import OpenVideo, writing_video
from tfod.visualize.detected import Choice, draw_detections, visualize

_HEIGHT, _WIDTH, _RATE = 720, 1280, 25.0
_WARM_UP = 5


def main(model: str, batch: str, frames: str, threads: str) -> None:
    count = int(frames)
    detector = tfod.Detector(model, threads=int(threads) or None)
    with np.load(batch) as arrays, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = VideoSource.of_file(_made(folder / "made.mp4", list(arrays["pictures"]), count))
        images = []
        seconds = {"read": _timed(lambda: images.extend(image for _, image in _read(source)), count)}
        for image in images[:_WARM_UP]:
            detector.detect(image)
        found: list[Any] = []
        seconds["detect"] = _timed(
            lambda: found.extend(detector.detect(image).best(100, 0.5) for image in images), count
        )
        seconds["write"] = _timed(lambda: _write(folder / "alone.mp4", images, found), count)
        choice = Choice(("drawn",))
        seconds["all"] = _timed(lambda: visualize(detector.detect, [], [source], folder / "all", choice), count)
    print(json.dumps(seconds))


def _made(path: Path, pictures: list[Any], count: int) -> Path:
    resized = [cv2.resize(picture, (_WIDTH, _HEIGHT)) for picture in pictures]
    with writing_video(path, _RATE) as write:
        for number in range(count):
            write(np.roll(resized[number // 25 % len(resized)], 4 * number, axis=1), number / _RATE)
    return path


def _read(source: VideoSource) -> Any:
    with OpenVideo(source) as video:
        yield from video.frames()


def _write(path: Path, images: list[Any], found: list[Any]) -> None:
    with writing_video(path, _RATE) as write:
        for number, (image, one) in enumerate(zip(images, found, strict=True)):
            write(draw_detections(image, one), number / _RATE)


def _timed(work: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) / count


if __name__ == "__main__":
    main(*sys.argv[1:])
