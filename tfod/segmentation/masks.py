"""What the values of masks mean, and masks as class ids.

Letters: `H W` pixels, `V` distinct values of a mask. How the meaning is found: `tfod/segmentation/recognise.py`.
"""

import os
from collections import Counter
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.classes import VOID, ClassTable
from tfod.segmentation.raw_masks import RawMask, Storage, pack, read_raw, unpack

__all__ = ["KINDS", "Kind", "MaskEncoding", "decode_mask", "decode_values", "histogram", "read_mask", "value_name"]

Kind = Literal["ids", "binary", "levels", "colours", "labels"]

KINDS: dict[Kind, str] = {
    "ids": "each pixel holds the number of its class; 255 is void",
    "binary": "two classes, told apart by a threshold",
    "levels": "each grey level is a class",
    "colours": "each colour is a class",
    "labels": "LabelMe's shapes, each with the name of its class",
}

# The value from which on a pixel is foreground, where a data set has shown no other: half of the scale.
_HALF: dict[Storage, int] = {"1-bit": 1, "8-bit": 128, "16-bit": 32768, "palette": 1, "colour": 128, "labelme": 1}
# How far a colour in a JPEG may lie from that of its class, in each channel.
_COLOUR_TOLERANCE = 48
_VOID_LABEL, _BACKGROUND_LABELS = "__ignore__", ("background", "_background_")


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
    if not raw.values.size:
        return np.zeros(raw.values.shape, np.uint8)
    run_values, lengths = _runs(raw.values)
    values, position = np.unique(run_values, return_inverse=True)
    ids, _ = decode_values(values, raw, encoding)
    return np.repeat(ids[position], lengths).reshape(raw.values.shape)


def histogram(raw: RawMask) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct values `[V]` of a mask and how many pixels int64 `[V]` hold each."""
    if not raw.values.size:
        return np.zeros(0, raw.values.dtype), np.zeros(0, np.int64)
    run_values, lengths = _runs(raw.values)
    values, position = np.unique(run_values, return_inverse=True)
    return values, np.bincount(position, weights=lengths).astype(np.int64)


def decode_values(values: NDArray[Any], raw: RawMask, encoding: MaskEncoding) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Class ids uint8 `[V]` of stored values `[V]` of a mask like `raw`, and bool `[V]`: has the value a meaning?

    >>> raw = RawMask(np.zeros((1, 1), np.uint8), "8-bit")
    >>> encoding = MaskEncoding("ids", ClassTable(("road", "car"), ((1, 1, 1), (2, 2, 2))), values=(0, 1))
    >>> decode_values(np.array([0, 1, 2, 255]), raw, encoding)
    (array([  0,   1, 255, 255], dtype=uint8), array([ True,  True, False,  True]))
    """
    if encoding.kind == "binary":
        dark, bright = encoding.values or (0, 1)
        least = dict(encoding.thresholds).get(raw.storage, _HALF[raw.storage])
        return np.where(_brightness(values, raw) >= least, bright, dark).astype(np.uint8), np.ones(len(values), bool)
    codes = _codes(values, raw, encoding.kind)
    if encoding.kind == "colours" and raw.lossy:
        codes = _nearest(codes, encoding.classes)
    meanings = _meanings(encoding)
    found = [meanings.get(code) for code in codes]
    ids = np.array([VOID if class_id is None else class_id for class_id in found], np.uint8)
    return ids, np.array([class_id is not None for class_id in found], bool)


def value_name(value: int, raw: RawMask) -> str:
    """A stored value as people say it: a number, a colour `#804000`, a label."""
    code = _codes(np.array([value]), raw, "colours" if raw.storage == "colour" else "labels")[0]
    return f"#{code:06x}" if raw.storage == "colour" else str(code)


def _runs(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Neighbours that are equal, as one value and their number: masks have few, which makes all that follows quick."""
    flat = values.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return flat[starts], np.diff(np.append(starts, flat.size))


def _brightness(values: NDArray[Any], raw: RawMask) -> NDArray[Any]:
    if raw.storage != "colour":
        return values
    return np.maximum.reduce([values >> 16 & 255, values >> 8 & 255, values & 255])


def _codes(values: NDArray[Any], raw: RawMask, kind: Kind) -> list[Any]:
    """The stored values as what the encoding speaks of: numbers, packed colours or labels."""
    numbers = [int(value) for value in values]
    if raw.storage == "labelme":
        return [raw.labels[number - 1] if number else _BACKGROUND_LABELS[0] for number in numbers]
    if kind == "colours" and raw.storage == "palette":
        return [raw.palette[number] if number < len(raw.palette) else number for number in numbers]
    if kind == "colours" and raw.storage != "colour":
        # A mask of a colour-coded data set that has greys alone.
        scale = {"1-bit": 255, "16-bit": 1 / 257}.get(raw.storage, 1)
        return [pack((grey,) * 3) for grey in (min(round(number * scale), 255) for number in numbers)]
    return numbers


def _nearest(codes: list[int], classes: ClassTable) -> list[int]:
    """Each colour's nearest in the table, where it is near enough."""
    colours = [*classes.colours, *classes.void_colours]
    packed, known = [pack(colour) for colour in colours], np.array(colours)
    asked = np.array([unpack(code) for code in codes])
    distances = np.abs(asked[:, None] - known[None]).max(axis=2)  # [V, C]
    best = distances.argmin(axis=1)
    near = distances.min(axis=1) <= _COLOUR_TOLERANCE
    return [packed[at] if ok else code for code, at, ok in zip(codes, best, near, strict=True)]


def _meanings(encoding: MaskEncoding) -> dict[Any, int]:
    """Code -> class id or VOID."""
    kind, classes = encoding.kind, encoding.classes
    void: Counter[Any] = Counter()
    if kind == "labels":
        meanings: dict[Any, int] = {name: number for number, name in enumerate(classes.names)}
        meanings.update({name: 0 for name in _BACKGROUND_LABELS if name not in classes.names})
        return {_VOID_LABEL: VOID, **meanings}
    if kind == "colours":
        void.update(pack(colour) for colour in classes.void_colours)
        stored = [pack(colour) for colour in classes.colours]
    else:
        void.update([VOID, *classes.void_numbers] if kind == "ids" else [])
        stored = list(encoding.values)
    return dict.fromkeys(void, VOID) | {code: number for number, code in enumerate(stored)}
