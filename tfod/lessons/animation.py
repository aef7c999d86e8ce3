"""Animations written as GIF, MP4 or WebP, frame after frame as they are drawn."""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from tfod.errors import ConfigError, OutputError
from tfod.files import replacing
from tfod.lessons.canvas import BAD, FAINT, FIRST, GOOD, GREY, INK, MIDDLE, PAPER, SECOND
from tfod.progress import Progress
from tfod.visualize.save import save_image

__all__ = ["ANIMATIONS", "is_animation", "require_animation", "require_image", "write_animation", "write_image"]

Frame = NDArray[np.uint8]
Frames = Callable[[int], Frame]

_IMAGES = (".png", ".jpg", ".jpeg")
_OWN_COLOURS = (PAPER, INK, GREY, FAINT, FIRST, SECOND, MIDDLE, GOOD, BAD)
_COLOURS = 255  # of a GIF's palette; one more stands for pixels that stay as they are
_BITS = 5  # of each channel that the search for the nearest colour looks at
_SAMPLES = 6  # frames that the palette is made of


def write_animation(path: Path | str, count: int, draw: Frames, seconds: float, *, hold: float = 2.0) -> None:
    """Writes an animation, of the kind that the name ends in: .gif, .mp4 or .webp.

    Args:
      path: The file; it appears whole or not at all.
      count: How many frames there are, at least 1.
      draw: Gives frame i, uint8 `[H, W, 3]`, RGB, all of one size with even sides. A frame may be asked for twice.
      seconds: How long a frame is shown.
      hold: How much longer the last one is.

    Raises:
      ConfigError: the name ends in something else.
      OutputError: it cannot be written there.
    """
    require_animation(path)
    with replacing(path) as temporary, Progress(f"drawing {Path(path).name}", total=count, unit="frame") as progress:
        ANIMATIONS[Path(path).suffix.lower()](temporary, _Film(count, draw, seconds, hold, progress))


@dataclass(frozen=True)
class _Film:
    """What is written, see write_animation."""

    count: int
    draw: Frames
    seconds: float
    hold: float
    progress: Progress

    def frames(self) -> Iterator[Frame]:
        """All frames, drawn one after the other."""
        for number in range(self.count):
            yield self.draw(number)
            self.progress.advance()

    def milliseconds(self) -> list[int]:
        """How long each frame is shown."""
        return [
            round(1000 * (self.seconds + self.hold * (number == self.count))) for number in range(1, self.count + 1)
        ]


def is_animation(path: Path | str) -> bool:
    """Whether the name's ending says that an animation is meant."""
    return Path(path).suffix.lower() in ANIMATIONS


def require_animation(path: Path | str) -> None:
    """Raises ConfigError where the name ends in no kind of animation."""
    if not is_animation(path):
        cure = f"let the name end in {', '.join(ANIMATIONS)}"
        raise ConfigError("this is no kind of animation that can be written", str(path), cure)


def require_image(path: Path | str) -> None:
    """Raises ConfigError where the name ends in no kind of image that is written here."""
    if Path(path).suffix.lower() not in _IMAGES:
        cure = f"let the name end in {', '.join(_IMAGES)}"
        raise ConfigError("this is no kind of image that is written here", str(path), cure)


def write_image(path: Path | str, image: Frame) -> None:
    """Writes one image, uint8 `[H, W, 3]`, as PNG or JPEG, as the name's ending says."""
    require_image(path)
    save_image(image, path, quality=90, subsampling=0, optimize=True)


def _write_gif(path: Path, film: _Film) -> None:
    """Writes only what changes from frame to frame: a still photo costs its bytes once.

    Pillow writes GIFs too, but keeps all frames in memory and makes a palette for each.
    """
    samples = np.linspace(0, film.count - 1, _SAMPLES).astype(int)
    palette = _palette([film.draw(number) for number in np.unique(samples).tolist()])
    nearest = _nearest_colours(palette)
    before: Frame | None = None
    with path.open("wb") as file:
        for frame, milliseconds in zip(film.frames(), film.milliseconds(), strict=True):
            colours = nearest[_cell(frame)]
            if before is None:
                file.write(_gif_header(colours.shape, palette))
                changed, corner = colours, (0, 0)
            else:
                changed, corner = _change(before, colours)
            options = {"duration": milliseconds, "disposal": 1, "transparency": _COLOURS}
            file.writelines(GifImagePlugin.getdata(Image.fromarray(changed), corner, **options))
            before = colours
        file.write(b";")


def _gif_header(shape: tuple[int, ...], palette: Frame) -> bytes:
    """Size, palette of 256 colours, and that it goes round and round."""
    size = struct.pack("<HHBBB", shape[1], shape[0], 0xF7, 0, 0)
    colours = np.concatenate([palette, np.zeros((1, 3), np.uint8)]).tobytes()
    return b"GIF89a" + size + colours + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def _change(before: Frame, after: Frame) -> tuple[Frame, tuple[int, int]]:
    """The smallest part that holds all that changes, with transparent pixels where nothing does; and its corner."""
    different = before != after
    rows, columns = np.flatnonzero(different.any(axis=1)), np.flatnonzero(different.any(axis=0))
    if not len(rows):
        return np.full((1, 1), _COLOURS, np.uint8), (0, 0)
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.where(different[part], after[part], np.uint8(_COLOURS)), (int(columns[0]), int(rows[0]))


def _palette(samples: list[Frame]) -> Frame:
    """The lessons' own colours and those that suit the frames best, uint8 `[255, 3]`."""
    sheet = Image.fromarray(np.concatenate([sample[::6, ::6] for sample in samples]))
    most = _COLOURS - len(_OWN_COLOURS)
    quantized = sheet.quantize(most, Image.Quantize.MEDIANCUT, kmeans=1)
    found = np.asarray(quantized.getpalette(), np.uint8).reshape(-1, 3)[:most]
    colours = np.concatenate([np.asarray(_OWN_COLOURS, np.uint8), found])
    return np.concatenate([colours, np.zeros((_COLOURS - len(colours), 3), np.uint8)])


def _nearest_colours(palette: Frame) -> Frame:
    """The palette's nearest colour for each cell of colours, uint8 `[2^15]`."""
    levels = (np.arange(2**_BITS) + 0.5) * 2 ** (8 - _BITS)
    cells = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    weights = np.sqrt([0.3, 0.59, 0.11])  # how bright the eye sees each channel
    cells, colours = cells * weights, palette * weights
    distances = (cells**2).sum(axis=1)[:, None] - 2 * cells @ colours.T + (colours**2).sum(axis=1)
    nearest = distances.argmin(axis=1).astype(np.uint8)
    # The drawing's own colours stay exactly what they are: white paper, not nearly white paper.
    own = np.asarray(_OWN_COLOURS, np.uint8)
    nearest[_cell(own)] = np.arange(len(own))
    return nearest


def _cell(colours: Frame) -> NDArray[np.uint16]:
    """The number of each colour's cell: uint8 `[..., 3]` to `[...]`."""
    red, green, blue = ((colours[..., channel] >> (8 - _BITS)).astype(np.uint16) for channel in range(3))
    return np.asarray(red << (2 * _BITS) | green << _BITS | blue, np.uint16)


def _write_mp4(path: Path, film: _Film) -> None:
    written = path.with_suffix(".mp4")  # the codec is chosen by the ending
    writer = None
    try:
        for frame in film.frames():
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = cv2.VideoWriter(str(written), cv2.VideoWriter.fourcc(*"mp4v"), 1 / film.seconds, size)
                if not writer.isOpened():
                    raise OutputError("OpenCV cannot write MP4 here", str(path), "let the output end in .gif or .webp")
            last = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
            writer.write(last)
        if writer is not None:
            for _ in range(round(film.hold / film.seconds)):
                writer.write(last)
            writer.release()
        os.replace(written, path)
    finally:
        written.unlink(missing_ok=True)


def _write_webp(path: Path, film: _Film) -> None:
    first, *others = (Image.fromarray(frame) for frame in film.frames())
    options = {"duration": film.milliseconds(), "loop": 0, "quality": 80, "method": 2}
    first.save(path, "WEBP", save_all=True, append_images=others, **options)


ANIMATIONS: dict[str, Callable[[Path, _Film], None]] = {
    ".gif": _write_gif,
    ".mp4": _write_mp4,
    ".webp": _write_webp,
}
"""How an animation is written, by the ending of its name."""
