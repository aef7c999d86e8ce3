"""Pictures that are there twice: the same bytes, or nearly the same look.

The look is what a difference hash keeps of it (N. Krawetz, "Kind of Like That", 2013): the picture in 17 x 17 grey
fields, and for each of 16 x 16 whether the field to the right, and the one below, is brighter. Two pictures of
unrelated content differ in about half of these 512 bits. Measured on three public sets of 200 to 365 photos: copies
that were scaled, cut a little or compressed again differ in at most 45 bits, other pictures in at least 139.
"""

import hashlib
import io
import os
import struct
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tfod.doctor.findings import Finding
from tfod.files import read_bytes

__all__ = [
    "FINGERPRINT_BITS",
    "Look",
    "Seen",
    "digest",
    "fingerprint",
    "look_at",
    "look_at_pictures",
    "same_bytes",
    "same_look",
]

Bits = NDArray[np.bool_]

_JPEG = b"\xff\xd8"
_CELLS = 16
FINGERPRINT_BITS = 2 * _CELLS * _CELLS
_MOST_BITS_APART = 80
_ROWS_AT_ONCE = 1024


class Look(NamedTuple):
    """What decoding a picture gave: its fingerprint, or why it could not be decoded; and what may be wrong with it."""

    fingerprint: Bits | None
    damage: str | None = None
    doubt: str | None = None


class Seen(NamedTuple):
    """A picture of the data set: its split, its annotation, its path or name, the size of its file.

    Of a picture that no file of its own holds (it is in a TFRecord), `digest` and `look` are known already.
    """

    split: str
    source: str
    picture: str
    size: int
    digest: bytes | None = None
    look: Look | None = None


def look_at_pictures(pictures: Sequence[Seen], *, decode: bool, alike: bool) -> Iterator[Look]:
    """Decodes pictures on all cores, in their order.

    `decode` decodes every pixel, which finds damage; without it a JPEG is decoded at an eighth of its size where that
    will do. `alike` makes fingerprints.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow has to say of odd EXIF blocks and of large pictures
        look = partial(look_at, decode=decode, alike=alike)
        yield from pool.map(lambda seen: seen.look or look(seen.picture), pictures)


def fingerprint(picture: Image.Image) -> Bits:
    """The difference hash of a picture, `[FINGERPRINT_BITS]`; see the module's head."""
    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    small = picture.resize((_CELLS + 1, _CELLS + 1), Image.Resampling.BOX)
    fields = np.asarray(small.convert("L"), np.int16)
    right = fields[:-1, 1:] > fields[:-1, :-1]
    below = fields[1:, :-1] > fields[:-1, :-1]
    return np.concatenate([right.ravel(), below.ravel()])


def same_bytes(pictures: Sequence[Seen]) -> Iterator[tuple[Finding, int]]:
    """Pictures whose file is the same as an earlier one's, and their places in `pictures`."""
    by_size: dict[int, list[int]] = defaultdict(list)
    for place, seen in enumerate(pictures):
        by_size[seen.size].append(place)
    by_content: dict[bytes, list[int]] = defaultdict(list)
    known: dict[str, bytes] = {}  # a file may be named many times
    for places in by_size.values():
        for place in places if len(places) > 1 else ():
            seen = pictures[place]
            if not seen.digest and seen.picture not in known:
                known[seen.picture] = digest(read_bytes(seen.picture))
            by_content[seen.digest or known[seen.picture]].append(place)
    for places in by_content.values():
        yield from _told(pictures, places, ("picture-duplicated", "split-leak"), "the same picture as")


def same_look(pictures: Sequence[Seen], fingerprints: Sequence[Bits | None]) -> Iterator[tuple[Finding, int]]:
    """Pictures that look nearly like an earlier one (of another split, if there is one), and their places.

    `fingerprints` belong to `pictures`; a picture without one is left out.
    """
    places = [place for place, bits in enumerate(fingerprints) if bits is not None]
    if len(places) < 2:
        return
    signs = np.array([fingerprints[place] for place in places], np.float32) * 2 - 1
    splits = np.array([pictures[place].split for place in places])
    for start in range(0, len(places), _ROWS_AT_ONCE):
        rows = signs[start : start + _ROWS_AT_ONCE]
        apart = (FINGERPRINT_BITS - rows @ signs[: start + len(rows)].T) / 2
        for row, distances in enumerate(apart, start=start):
            alike = np.flatnonzero(distances[:row] <= _MOST_BITS_APART)
            if len(alike):
                elsewhere = alike[splits[alike] != splits[row]]
                earlier = int((elsewhere if len(elsewhere) else alike)[0])
                rules = ("picture-alike", "split-leak-alike")
                yield from _told(pictures, [places[earlier], places[row]], rules, "nearly the same look as")


def _told(
    pictures: Sequence[Seen], places: Iterable[int], rules: tuple[str, str], words: str
) -> Iterator[tuple[Finding, int]]:
    """A finding for each picture but the first; of the second rule where an earlier one is in another split."""
    earlier: dict[str, Seen] = {}  # the first of each split
    for place in places:
        seen = pictures[place]
        if earlier:
            other = next((one for split, one in earlier.items() if split != seen.split), None)
            what = f"{words} {os.path.normpath((other or earlier[seen.split]).picture)}"
            yield Finding(rules[other is not None], what, seen.source, seen.picture), place
        earlier.setdefault(seen.split, seen)


def digest(data: bytes) -> bytes:
    """What tells one file from another."""
    return hashlib.blake2b(data, digest_size=16).digest()


def look_at(file: str | bytes, *, decode: bool, alike: bool) -> Look:
    """Decodes one picture, given by its path or as its file's content; see `look_at_pictures`."""
    try:
        if decode:
            data = read_bytes(file) if isinstance(file, str) else file
            if data[:2] == _JPEG:
                return _strictly(data, alike)
            file = data
        with Image.open(file if isinstance(file, str) else io.BytesIO(file)) as picture:
            if not decode:
                picture.draft("L", (4 * _CELLS, 4 * _CELLS))
            picture.load()
            return Look(fingerprint(picture) if alike else None)
    # What Pillow's readers raise at damaged files.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        return Look(None, str(error) or type(error).__name__)


def _strictly(data: bytes, alike: bool) -> Look:
    """Decodes a JPEG and heeds the decoder's warnings: others fill what is missing with grey, and say nothing."""
    doubt = None
    try:
        pixels = simplejpeg.decode_jpeg(data, strict=True)
    except ValueError as warning:
        pixels = simplejpeg.decode_jpeg(data, strict=False)  # raises ValueError where nothing can be decoded
        if "remature end" in str(warning):
            return Look(None, str(warning))
        doubt = str(warning)
    return Look(fingerprint(Image.fromarray(pixels)) if alike else None, doubt=doubt)
