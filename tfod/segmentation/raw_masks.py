"""Mask files as they are stored: numbers or colours, before anybody says what they mean.

Letters: `H W` pixels, `V` distinct values of a mask.
"""

import hashlib
import io
import os
import struct
import warnings
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from tfod.errors import DataError
from tfod.files import LFS_CURE, beginning, is_lfs_pointer
from tfod.segmentation.labelme_mask import labelme_mask

__all__ = ["MASK_SUFFIXES", "MaskSummary", "RawMask", "Storage", "distinct", "pack", "read_raw", "summarise", "unpack"]

MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jpg", ".jpeg", ".json")

Packed = TypeVar("Packed", int, NDArray[Any])
Storage = Literal["1-bit", "8-bit", "16-bit", "palette", "colour", "labelme"]


class RawMask(NamedTuple):
    """What a mask file holds.

    `values` are `[H, W]`: 0 or 1 for 1-bit, uint8 for 8-bit, uint16 for 16-bit, an index into `entries` for palette
    (packed colours) and labelme (labels; index 0 is what no shape covers), packed colours for colour. `lossy` says that
    the file was compressed with loss (JPEG), so that values near the real ones occur.
    """

    values: NDArray[Any]
    storage: Storage
    entries: tuple[Any, ...] = ()
    lossy: bool = False


class MaskSummary(NamedTuple):
    """What one mask holds: its size, its distinct values `[V]` with their pixels int64 `[V]`, the mask without its
    pixels (`like`), and a hash of the pixels. `error` says why it cannot be read; then the rest is empty."""

    where: str
    height: int = 0
    width: int = 0
    values: NDArray[Any] = np.zeros(0, np.uint8)
    counts: NDArray[np.int64] = np.zeros(0, np.int64)
    like: RawMask = RawMask(np.zeros((0, 0), np.uint8), "8-bit")
    digest: bytes = b""
    error: DataError | None = None


def read_raw(source: str | os.PathLike[str] | bytes, name: str | None = None) -> RawMask:
    """Reads a mask file, or the bytes of one that `name` calls in messages.

    A grey image stored in three equal channels, or with a palette of greys, is grey (of JPEGs' channels, nearly equal
    ones are); transparency does not count.

    Raises:
      DataError: it cannot be read, has several pages, or is of a kind that masks are never stored in.
    """
    where = name or ("a mask" if isinstance(source, bytes) else os.fspath(source))
    if not isinstance(source, bytes) and os.fspath(source).lower().endswith(".json"):
        values, labels = labelme_mask(source)
        return RawMask(values, "labelme", ("background", *labels))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is not worth a word
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
                return _raw(image, where)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        reason = (error.strerror or "it is not there").lower()
        raise DataError(f"cannot read the mask: {reason}", where, "check the path and its rights") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error) as error:
        if is_lfs_pointer(beginning(source)):
            raise DataError("this is a pointer of Git LFS, not the mask", where, LFS_CURE) from error
        cure = "open it in a viewer and save it as PNG, or remove the pair"
        raise DataError("the mask is damaged or of a kind that cannot be read", where, cure) from error
    except Image.DecompressionBombError as error:
        raise DataError(f"the mask is too large: {error}", where, "cut picture and mask into parts") from error


def summarise(raw: RawMask, where: str) -> MaskSummary:
    """What a mask that has been read holds."""
    values, position, lengths = distinct(raw.values)
    counts = np.bincount(position, weights=lengths).astype(np.int64)
    digest = hashlib.blake2b(raw.values.tobytes(), digest_size=16).digest()
    height, width = raw.values.shape
    return MaskSummary(where, height, width, values, counts, raw._replace(values=raw.values[:0, :0]), digest)


def distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.int64]]:
    """The distinct values `[V]` of `values` `[H, W]`; and for each run of equal neighbours, row after row, which of
    them it is, and its length. Masks have few runs, which makes all that follows quick."""
    flat = values.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    found, position = np.unique(flat[starts], return_inverse=True)
    return found, position, np.diff(np.append(starts, flat.size))


def pack(rgb: ArrayLike) -> Any:
    """Colours `[..., 3]` as one number each, uint32 `[...]`.

    >>> hex(pack((128, 64, 255))), unpack(0x8040FF)
    ('0x8040ff', (128, 64, 255))
    """
    channels = np.asarray(rgb, np.uint32)
    return channels[..., 0] << 16 | channels[..., 1] << 8 | channels[..., 2]


def unpack(packed: Packed) -> tuple[Packed, Packed, Packed]:
    """Red, green and blue of what `pack` made one number of."""
    return packed >> 16 & 255, packed >> 8 & 255, packed & 255


def _raw(image: Image.Image, where: str) -> RawMask:
    if getattr(image, "n_frames", 1) > 1:
        cure = "save each page as a file of its own, named like its picture"
        raise DataError(f"the mask has {getattr(image, 'n_frames', 1)} pages", where, cure)
    if not all(image.size):
        raise ValueError("an image without pixels")
    lossy, mode = image.format == "JPEG", image.mode
    if mode == "1":
        return RawMask(np.asarray(image).astype(np.uint8), "1-bit")
    if mode == "P":
        return _indexed(np.asarray(image), np.asarray(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3))
    if mode in ("L", "LA"):
        # Pillow stretches greys of 2 and 4 bits to 0..255; the numbers that were stored are wanted.
        tile: Any = getattr(image, "tile", None)
        stretched = {"L;2": 85, "L;4": 17}.get(str(tile[0][3]) if tile else "", 1)
        return RawMask(np.asarray(image.getchannel(0)) // stretched, "8-bit", lossy=lossy)
    if mode.startswith("I") or mode == "F":
        return _wide(np.asarray(image), where)
    rgb = np.asarray(image.convert("RGB"))
    if (rgb.max(axis=2) - rgb.min(axis=2)).max() <= (16 if lossy else 0):
        return RawMask(np.ascontiguousarray(rgb[..., 1]), "8-bit", lossy=lossy)
    return RawMask(pack(rgb), "colour", lossy=lossy)


def _indexed(indices: NDArray[np.uint8], colours: NDArray[np.uint8]) -> RawMask:
    used = np.unique(indices)
    shown = colours[used[used < len(colours)]]
    if (shown == shown[:, :1]).all() and len(np.unique(shown[:, 0])) == len(used):
        return RawMask(np.resize(colours[:, 0], 256)[indices], "8-bit")
    return RawMask(indices, "palette", tuple(pack(colours).tolist()))


def _wide(values: NDArray[Any], where: str) -> RawMask:
    """Grey of 16 or 32 bits, or of floating point."""
    whole = values.astype(np.int64)
    if not np.array_equal(whole, values) or whole.min() < 0 or whole.max() > 0xFFFF:
        low, high = values.min(), values.max()
        what = f"the mask holds values from {low:g} to {high:g}, not whole numbers from 0 to 65535"
        raise DataError(what, where, "save the mask with 8 or 16 bits a pixel")
    return RawMask(whole.astype(np.uint16), "16-bit")
