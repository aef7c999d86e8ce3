"""Pictures from files, folders and globs, decoded to the very pixels that training sees."""

import glob
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from tfod.errors import DataError

__all__ = ["find_pictures", "read_picture"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")

_ORIENTATION_TAG = 0x0112
# EXIF orientation -> whether to mirror left and right first, then quarter turns counter-clockwise.
_TURNS = {2: (True, 0), 3: (False, 2), 4: (True, 2), 5: (True, 1), 6: (False, 3), 7: (True, 3), 8: (False, 1)}


def find_pictures(inputs: Sequence[str]) -> list[Path]:
    """The picture files that `inputs` name, each once, in the order given.

    Args:
      inputs: files, taken whatever their name ends in; folders, of which the pictures directly inside are
        taken, sorted by name; globs, where `**` stands for any folders.

    Raises:
      DataError: an input names nothing.
    """
    found: dict[Path, None] = {}
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            matches = sorted(p for p in path.iterdir() if _looks_like_picture(p))
        elif path.exists():
            matches = [path]
        else:
            matches = sorted(p for p in map(Path, glob.glob(text, recursive=True)) if p.is_file())
        if not matches:
            kinds = ", ".join(SUFFIXES)
            raise DataError(
                "no picture there", text, f"name a picture, a glob, or a folder with {kinds} files in it"
            )
        found.update(dict.fromkeys(matches))
    return list(found)


def read_picture(path: Path | str) -> NDArray[np.uint8]:
    """Decodes a picture to uint8 [H, W, 3], RGB, upright.

    TensorFlow decodes JPEG, PNG, BMP and GIF (its first frame), as in training; Pillow reads the rest. Grey
    becomes three equal channels, transparency is dropped. A camera's EXIF orientation is applied: the result is
    turned as viewers show it, so boxes found on it are those that people see. (Records keep pixels as stored.)

    Raises:
      DataError: the file cannot be read or is no picture.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot read the picture: {reason.lower()}", str(path), "name a file") from error
    try:
        image = _decode_with_tensorflow(data)
    except tf.errors.InvalidArgumentError:
        image = _decode_with_pillow(data, path)
    mirror, quarters = _TURNS.get(_orientation(data), (False, 0))
    image = image[:, ::-1] if mirror else image
    return np.ascontiguousarray(np.rot90(image, quarters))


def _looks_like_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _decode_with_tensorflow(data: bytes) -> NDArray[np.uint8]:
    # The host's memory is where the caller wants the pixels, whatever devices there are.
    with tf.device("/cpu:0"):
        decoded: Any = tf.io.decode_image(data, channels=3, expand_animations=False)
    return decoded.numpy()


def _decode_with_pillow(data: bytes, path: Path | str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        what = "the picture is damaged or of a kind that cannot be read" if data else "the picture is empty"
        raise DataError(what, str(path), "open it in a viewer and save it as JPEG or PNG") from error


def _orientation(data: bytes) -> int:
    """The EXIF orientation, 1 (upright) where there is none that can be read."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError):
        return 1
