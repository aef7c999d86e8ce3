"""Images as files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfod.files import write_bytes

__all__ = ["save_image"]


def save_image(image: NDArray[np.uint8], path: Path | str, **options: Any) -> None:
    """Writes an image, uint8 `[H, W]` or `[H, W, 3]`, RGB, whole or not at all.

    Args:
      path: Ends in .jpg or .jpeg for JPEG; anything else becomes PNG.
      options: Of Pillow, such as `quality`; a kind that has no such option ignores it.

    Raises:
      OutputError: The place cannot be written, or the disk is full.
    """
    is_jpeg = Path(path).suffix.lower() in (".jpg", ".jpeg")
    # Through memory: Pillow's own writing takes a part of a block, all that a disk has room for, for the whole.
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG" if is_jpeg else "PNG", **options)
    write_bytes(path, buffer.getvalue())
