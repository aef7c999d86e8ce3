"""What the values of masks mean, and masks as class ids.

Letters: `H W` pixels, `V` distinct values of a mask. How the meaning is found: `tfod/segmentation/recognise.py`.
"""

import os
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.classes import VOID, ClassTable
from tfod.segmentation.raw_masks import RawMask, Storage, distinct, pack, read_raw, unpack

__all__ = ["BACKGROUND_LABELS", "KINDS", "VOID_LABEL", "Kind", "MaskEncoding", "codes", "decode_mask", "decode_values",
           "read_mask"]  # fmt: skip

Kind = Literal["ids", "binary", "levels", "colours", "labels"]

KINDS: dict[Kind, str] = {
    "ids": "each pixel holds the number of its class; 255 is void",
    "binary": "two classes, told apart by a threshold",
    "levels": "each grey level is a class",
    "colours": "each colour is a class",
    "labels": "LabelMe's shapes, each with the name of its class",
}

VOID_LABEL, BACKGROUND_LABELS = "__ignore__", ("background", "_background_")

# The value from which on a pixel is foreground, where a data set has shown no other: half of the scale.
_HALF: dict[Storage, int] = {"1-bit": 1, "8-bit": 128, "16-bit": 32768, "palette": 1, "colour": 128, "labelme": 1}
# How far a colour in a JPEG may lie from that of its class, in each channel.
_COLOUR_TOLERANCE = 48


class MaskEncoding(NamedTuple):
    """How the masks of a data set are read.

    `values` are the stored numbers of the classes (ids), their greys (levels), or the classes of what is dark and of
    what is bright (binary). `thresholds` say, for binary and each storage, from which value on a pixel is bright.
    Colours and labels are those of `classes`.
    """

    kind: Kind
    classes: ClassTable
    values: tuple[int, ...] = ()
    thresholds: tuple[tuple[Storage, int], ...] = ()

    def describe(self) -> str:
        """One line for people."""
        text = f"{self.kind}: {KINDS[self.kind]}"
        if self.kind == "binary":
            text += "; " + ", ".join(f"{storage} masks: foreground from {least}" for storage, least in self.thresholds)
        elif self.kind == "levels" or (self.kind == "ids" and self.values[:1] != (0,)):
            text += "; the classes are stored as " + ", ".join(map(str, self.values))
        return text


def read_mask(path: str | os.PathLike[str], encoding: MaskEncoding) -> NDArray[np.uint8]:
    """Class ids uint8 `[H, W]` of a mask file, `VOID` where a pixel belongs to no class or its value has no meaning.

    `tfod.segmentation.survey` counts values without a meaning before. Raises DataError for a file that cannot be read.
    """
    return decode_mask(read_raw(path), encoding)


def decode_mask(raw: RawMask, encoding: MaskEncoding) -> NDArray[np.uint8]:
    """The same, of a mask that has been read."""
    values, position, lengths = distinct(raw.values)
    ids, _ = decode_values(values, raw, encoding)
    return np.repeat(ids[position], lengths).reshape(raw.values.shape)


def decode_values(
    values: NDArray[Any], raw: RawMask, encoding: MaskEncoding
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Class ids uint8 `[V]` of stored values `[V]` of a mask like `raw`, and bool `[V]`: has the value a meaning?

    >>> raw = RawMask(np.zeros((1, 1), np.uint8), "8-bit")
    >>> encoding = MaskEncoding("ids", ClassTable(("road", "car"), ((1, 1, 1), (2, 2, 2))), values=(0, 1))
    >>> decode_values(np.array([0, 1, 2, 255]), raw, encoding)
    (array([  0,   1, 255, 255], dtype=uint8), array([ True,  True, False,  True]))
    """
    if encoding.kind == "binary":
        dark, bright = encoding.values or (0, 1)
        least = dict(encoding.thresholds).get(raw.storage, _HALF[raw.storage])
        brightness = values if raw.storage != "colour" else np.maximum.reduce(unpack(values))
        return np.where(brightness >= least, bright, dark).astype(np.uint8), np.ones(len(values), bool)
    found = codes(values, raw, encoding.kind)
    if encoding.kind == "colours" and raw.lossy:
        found = _nearest(found, encoding.classes)
    meanings = _meanings(encoding)
    ids = np.array([meanings.get(code, -1) for code in found], int)
    return np.where(ids < 0, VOID, ids).astype(np.uint8), ids >= 0


def codes(values: NDArray[Any], raw: RawMask, kind: Kind) -> list[Any]:
    """Stored values `[V]` of a mask like `raw` as what masks of this kind speak of: numbers, packed colours, labels."""
    numbers: list[int] = values.tolist()
    if raw.storage == "labelme" or (raw.storage == "palette" and kind == "colours"):
        return [raw.entries[number] if number < len(raw.entries) else number for number in numbers]
    if raw.storage == "colour" or kind != "colours":
        return numbers
    # A mask of a colour-coded data set that has greys alone.
    greys = np.minimum(np.round(values * {"1-bit": 255, "16-bit": 1 / 257}.get(raw.storage, 1)), 255)
    return pack(np.stack([greys] * 3, axis=-1)).tolist()


def _nearest(asked: list[int], classes: ClassTable) -> list[int]:
    """Each colour's nearest in the table, where it is near enough."""
    known = np.array([*classes.colours, *classes.void_colours])
    distances = np.abs(np.stack(unpack(np.array(asked)), axis=1)[:, None] - known).max(axis=2)  # [V, C]
    near = distances.min(axis=1) <= _COLOUR_TOLERANCE
    nearest: list[int] = np.where(near, pack(known[distances.argmin(axis=1)]), asked).tolist()
    return nearest


def _meanings(encoding: MaskEncoding) -> dict[Any, int]:
    """Code -> class id or VOID; where one is both, it is the class."""
    kind, classes = encoding.kind, encoding.classes
    stored: Iterable[Any] = encoding.values
    other: dict[Any, int] = {}
    if kind == "labels":
        stored, other = classes.names, {**dict.fromkeys(BACKGROUND_LABELS, 0), VOID_LABEL: VOID}
    elif kind == "colours":
        stored = [int(pack(colour)) for colour in classes.colours]
        other = {int(pack(colour)): VOID for colour in classes.void_colours}
    elif kind == "ids":
        other = dict.fromkeys([VOID, *classes.void_numbers], VOID)
    return other | {code: number for number, code in enumerate(stored)}
