"""Images from files, folders and globs, decoded as viewers show them."""

import os
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tfod.errors import DataError
from tfod.files import LFS_CURE, beginning, is_lfs_pointer
from tfod.stores import matches

__all__ = ["find_images", "fitted", "read_image"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def find_images(inputs: Sequence[str]) -> list[Path]:
    """The image files that `inputs` name, each once, in the order given.

    Args:
      inputs: files, taken whatever their name ends in; folders, of which the images directly inside are
        taken, sorted by name; globs, where `**` stands for any folders.

    Raises:
      DataError: an input names nothing.
    """
    found: dict[Path, None] = {}
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            images = sorted(p for p in path.iterdir() if _looks_like_image(p))
        elif path.exists():
            images = [path]
        else:
            images = [Path(match) for match in matches(text, recursive=True) if os.path.isfile(match)]
        if not images:
            kinds = ", ".join(SUFFIXES)
            raise DataError("no image there", text, f"name an image, a glob, or a folder with {kinds} files in it")
        found.update(dict.fromkeys(images))
    return list(found)


def read_image(path: Path | str | BinaryIO, name: str | None = None) -> NDArray[np.uint8]:
    """Decodes an image, a file or one that is open and that `name` calls in messages, to uint8 `[H, W, 3]`,
    RGB, upright.

    Grey becomes three equal channels, 16 bits become 8, transparency is dropped, an animation gives its
    first frame. A camera's EXIF orientation is applied: boxes lie where people see the objects, whereas
    records keep pixels as they are stored. A JPEG gives the pixels that Pillow, OpenCV and most programs get;
    training's are up to 3 grey levels off, since TensorFlow, as the original uses it, trades that for speed.

    Raises:
      DataError: the file cannot be read or is no image.
    """
    where = name or str(path)
    try:
        with warnings.catch_warnings():
            # Damaged metadata and sizes that are merely large are not worth a word; a bomb is an error.
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                return _to_rgb(ImageOps.exif_transpose(opened))
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        reason = (error.strerror or "it is not there").lower()
        raise DataError(f"cannot read the image: {reason}", where, "name a file") from error
    # Decoders raise many kinds for damaged data; all mean the same to who named the file.
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error) as error:
        if is_lfs_pointer(beginning(path)):
            raise DataError("this is a pointer of Git LFS, not the image", where, LFS_CURE) from error
        what = "the image is damaged or of a kind that cannot be read"
        cure = "open it in a viewer and save it as JPEG or PNG"
        raise DataError(what, where, cure) from error
    except Image.DecompressionBombError as error:
        raise DataError(f"the image is too large: {error}", where, "make it smaller") from error


def fitted(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """An image, uint8 `[H, W, 3]`, resized to the size that a model takes, uint8 `[height, width, 3]`."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I;16"):
        # Pillow would cut at 255 instead of scaling.
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.stack([grey] * 3, axis=-1)
    return np.asarray(image.convert("RGB"))


def _looks_like_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
