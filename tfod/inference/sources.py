"""What a model is run on: image files, video files, cameras and streams, as people name them."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from tfod.errors import DataError
from tfod.files import LFS_CURE, beginning, is_lfs_pointer
from tfod.inference.images import SUFFIXES, find_images
from tfod.stores import is_file, is_remote, matches

__all__ = ["VIDEO_SUFFIXES", "VideoSource", "find_sources", "relative_names"]

VIDEO_SUFFIXES = (
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".3gp", ".ogv",
)  # fmt: skip

_CAMERA = re.compile(r"\d{1,3}")
_STREAM = re.compile(r"(?:rtsps?|rtmps?|https?|udp|tcp|srt)://", re.IGNORECASE)
_NO_NAME = re.compile(r"[^\w.-]+")
_SECRET = re.compile(r"(?<=//)[^/@]*@")


@dataclass(frozen=True)
class VideoSource:
    """A video file, a camera or a stream.

    Attributes:
      place: The file's path, the camera's number or the stream's address, as OpenCV takes it.
      name: What outputs are called after: a relative path without `..`.
      shown: What messages and files call it: an address without its user and password.
    """

    place: Path | int | str
    name: str
    shown: str

    @classmethod
    def of_file(cls, path: Path, name: str = "") -> "VideoSource":
        """A file; DataError where there is none."""
        if not path.is_file():
            raise DataError("there is no such video", str(path), "name a video file")
        if is_lfs_pointer(beginning(path)):
            raise DataError("this is a pointer of Git LFS, not the video", str(path), LFS_CURE)
        return cls(path, name or path.name, str(path))

    @classmethod
    def of_camera(cls, number: int) -> "VideoSource":
        """A camera of this machine, counted from 0."""
        return cls(number, f"camera{number}", f"camera {number}")

    @classmethod
    def of_stream(cls, address: str) -> "VideoSource":
        """What FFmpeg reads from the network.

        >>> stream = VideoSource.of_stream("rtsp://me:secret@door.example/live/1")
        >>> stream.name, stream.shown
        ('door.example_live_1', 'rtsp://door.example/live/1')
        """
        parts = urlsplit(address)
        name = _NO_NAME.sub("_", f"{parts.hostname or ''}{parts.path}").strip("_.")
        return cls(address, name or "stream", _SECRET.sub("", address))


def find_sources(inputs: Sequence[str]) -> tuple[list[Path], list[VideoSource]]:
    """The images and the videos that `inputs` name, each once, in the order given.

    Args:
      inputs: Files; folders, of which the images and videos directly inside are taken; globs; numbers of cameras, from
        0; addresses of streams (`rtsp://...`). A file is a video if its name ends as one.

    Raises:
      DataError: An input names nothing, or a video in a store.
    """
    images: list[str] = []
    files: dict[Path, None] = {}
    others: dict[VideoSource, None] = {}
    for text in inputs:
        if _CAMERA.fullmatch(text) and not Path(text).exists():
            others[VideoSource.of_camera(int(text))] = None
        elif _STREAM.match(text) and not urlsplit(text).path.lower().endswith(SUFFIXES):
            others[VideoSource.of_stream(text)] = None
        else:
            found_images, videos = _files(text)
            images += found_images
            files.update(dict.fromkeys(videos))
    names = relative_names([*files])
    sources = [VideoSource.of_file(path, str(name)) for path, name in zip(files, names, strict=True)]
    return find_images(images) if images else [], _with_own_names([*sources, *others])


def relative_names(paths: Sequence[Path]) -> list[Path]:
    """Each path below the folder that all have in common.

    >>> [path.as_posix() for path in relative_names([Path("/a/b/1.jpg"), Path("/a/b/c/1.jpg")])]
    ['1.jpg', 'c/1.jpg']
    """
    absolute = [path.absolute() for path in paths]
    common = os.path.commonpath([path.parent for path in absolute]) if absolute else ""
    return [path.relative_to(common) for path in absolute]


def _with_own_names(sources: Sequence[VideoSource]) -> list[VideoSource]:
    """Streams of one address differ in what stands behind its question mark, which is no part of a name."""
    seen: Counter[str] = Counter()
    named = []
    for source in sources:
        seen[source.name] += 1
        count = seen[source.name]
        named.append(source if count == 1 else replace(source, name=f"{source.name}_{count}"))
    return named


def _files(text: str) -> tuple[list[str], list[Path]]:
    """The images, as `find_images` takes them, and the videos that one input names."""
    path = Path(text)
    if path.is_dir():
        inside = [entry for entry in path.iterdir() if entry.is_file()]
        videos = sorted(entry for entry in inside if _is_video(entry.name))
        has_images = any(entry.suffix.lower() in SUFFIXES for entry in inside)
        return [text] if has_images or not videos else [], videos
    if is_remote(text) or path.exists():
        found = [text]
    else:
        found = [match for match in matches(text, recursive=True) if is_file(match)] or [text]
    videos = [Path(name) for name in found if _is_video(name)]
    if videos and is_remote(text):
        raise DataError("a video in a store cannot be read", text, "copy it to this machine: gsutil cp, or the like")
    return [name for name in found if not _is_video(name)], videos


def _is_video(name: str) -> bool:
    return name.lower().endswith(VIDEO_SUFFIXES) and not Path(name).name.startswith(".")
