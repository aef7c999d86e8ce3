"""Mask files as they are stored: numbers or colours, before anybody says what they mean."""

import io
import os
import struct
import warnings
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfod.errors import DataError
from tfod.segmentation.labelme import labelme_mask

__all__ = ["MASK_SUFFIXES", "RawMask", "Storage", "mask_size", "pack", "read_raw", "unpack"]

MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jpg", ".jpeg", ".json")

Storage = Literal["1-bit", "8-bit", "16-bit", "palette", "colour", "labelme"]


class RawMask(NamedTuple):
    """What a mask file holds.

    `values` are `[H, W]`: 0 or 1 for 1-bit, uint8 for 8-bit, uint16 for 16-bit, an index for palette and labelme, and
    for colour uint32 with red << 16 | green << 8 | blue. `palette` has the packed colours of the indices, `labels`
    the names of LabelMe's (index 0 is what no polygon covers). `lossy` says that the file was compressed with loss
    (JPEG), so that values near the real ones occur.
    """

    values: NDArray[Any]
    storage: Storage
    palette: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    lossy: bool = False


def read_raw(source: str | os.PathLike[str] | bytes, name: str | None = None) -> RawMask:
    """Reads a mask file, or the bytes of one that `name` calls in messages.

    A grey picture stored in three equal channels is grey (of JPEGs' channels, nearly equal ones are); transparency does
    not count.

    Raises:
      DataError: it cannot be read, has several pages, or is of a kind that masks are never stored in.
    """
    where = name or ("a mask" if isinstance(source, bytes) else os.fspath(source))
    if not isinstance(source, bytes) and Path(source).suffix.lower() == ".json":
        values, labels = labelme_mask(source)
        return RawMask(values, "labelme", labels=labels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is not worth a word
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
                return _raw(picture, where)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        reason = (error.strerror or "it is not there").lower()
        raise DataError(f"cannot read the mask: {reason}", where, "check the path and its rights") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error) as error:
        cure = "open it in a viewer and save it as PNG, or remove the pair"
        raise DataError("the mask is damaged or of a kind that cannot be read", where, cure) from error
    except Image.DecompressionBombError as error:
        raise DataError(f"the mask is too large: {error}", where, "cut picture and mask into parts") from error


def mask_size(raw: RawMask) -> tuple[int, int]:
    """Height and width in pixels."""
    height, width = raw.values.shape
    return int(height), int(width)


def pack(colour: tuple[int, int, int]) -> int:
    """A colour as one number.

    >>> hex(pack((128, 64, 255))), unpack(0x8040FF)
    ('0x8040ff', (128, 64, 255))
    """
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def unpack(packed: int) -> tuple[int, int, int]:
    """The colour that `pack` made one number of."""
    return packed >> 16 & 255, packed >> 8 & 255, packed & 255


def _raw(picture: Image.Image, where: str) -> RawMask:
    if getattr(picture, "n_frames", 1) > 1:
        cure = "save each page as a file of its own, named like its picture"
        raise DataError(f"the mask has {getattr(picture, 'n_frames', 1)} pages", where, cure)
    lossy = picture.format == "JPEG"
    mode = picture.mode
    if mode == "1":
        return RawMask(np.asarray(picture).astype(np.uint8), "1-bit")
    if mode == "P":
        return _palette(picture)
    if mode in ("L", "LA"):
        # Pillow stretches greys of 2 and 4 bits to 0..255; the numbers that were stored are wanted.
        tile: Any = getattr(picture, "tile", None)
        stretched = {"L;2": 85, "L;4": 17}.get(str(tile[0][3]) if tile else "", 1)
        return RawMask(np.asarray(picture.getchannel(0)) // stretched, "8-bit", lossy=lossy)
    if mode.startswith("I") or mode == "F":
        return _wide(np.asarray(picture), where)
    return _colour(np.asarray(picture.convert("RGB")), lossy)


def _palette(picture: Image.Image) -> RawMask:
    colours = np.asarray(picture.getpalette("RGB") or [], np.uint32).reshape(-1, 3)
    palette = tuple(int(value) for value in colours @ np.array([1 << 16, 1 << 8, 1], np.uint32))
    values = np.asarray(picture)
    used = np.unique(values)
    grey = used[-1] < len(colours) and bool((colours[used] == colours[used][:, :1]).all())
    if grey and len({palette[index] for index in used}) == len(used):
        # A palette of greys is a grey picture that a program has stored so.
        lookup = np.zeros(256, np.uint8)
        lookup[: len(colours)] = colours[:, 0]
        return RawMask(lookup[values], "8-bit")
    return RawMask(values, "palette", palette)


def _wide(values: NDArray[Any], where: str) -> RawMask:
    """Grey of 16 or 32 bits, or of floating point."""
    whole = values.astype(np.int64)
    if not np.array_equal(whole, values) or whole.min() < 0 or whole.max() > 0xFFFF:
        low, high = values.min(), values.max()
        what = f"the mask holds values from {low:g} to {high:g}, not whole numbers from 0 to 65535"
        raise DataError(what, where, "save the mask with 8 or 16 bits a pixel")
    return RawMask(whole.astype(np.uint16), "16-bit")


def _colour(rgb: NDArray[np.uint8], lossy: bool) -> RawMask:
    spread = int((rgb.max(axis=2) - rgb.min(axis=2)).max()) if rgb.size else 0
    if spread <= (16 if lossy else 0):
        return RawMask(np.ascontiguousarray(rgb[..., 1]), "8-bit", lossy=lossy)
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    return RawMask(red << 16 | green << 8 | blue, "colour", lossy=lossy)
