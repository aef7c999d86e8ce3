"""Pictures with their masks by number, from files or from TFRecords, read each time or kept in memory."""

import io
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfod import names
from tfod.annotations.pictures import read_header
from tfod.errors import DataError
from tfod.files import read_bytes
from tfod.inference.images import read_image
from tfod.records.example import Value, decode_example
from tfod.records.files import expand
from tfod.records.frames import sound_frames
from tfod.segmentation.masks import MaskEncoding, decode_mask, read_mask
from tfod.segmentation.pairs import Pair
from tfod.segmentation.raw_masks import MaskSummary, read_raw, summarise
from tfod.segmentation.survey import map_in_threads
from tfod.shards import HEADER

__all__ = [
    "EncodedPicture", "FilePairs", "PairSource", "RecordPairs", "available_memory", "encode_png", "encoded_picture",
    "in_memory",
]  # fmt: skip

_CURE_FOR_SIZES = "tools/check_masks.py lists all such pairs; correct or remove them"
# Beside the pixels there are the model, its activations and the batches under way.
_SHARE_OF_MEMORY = 0.4


class PairSource(Protocol):
    """Pictures and masks by number: `read(i)` gives picture uint8 `[H, W, 3]` (RGB) and mask uint8 `[H, W]` (class ids,
    void 255); `names[i]` is unique; `pixels` are those of all masks together."""

    names: Sequence[str]
    pixels: int

    def __len__(self) -> int: ...

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pair `number`; raises DataError where it cannot be used."""
        ...

    def encoded(self, number: int) -> tuple[str | bytes, NDArray[np.uint8]]:
        """The same with the picture as a file's path, or bytes, that TensorFlow decodes to the same pixels."""
        ...


class FilePairs:
    """Pairs in files; `sizes` are heights and widths of the masks (from a survey)."""

    def __init__(self, pairs: Sequence[Pair], encoding: MaskEncoding, sizes: Sequence[tuple[int, int]]) -> None:
        self._pairs = list(pairs)
        self._encoding = encoding
        self.names: Sequence[str] = [pair.name for pair in pairs]
        self.pixels = sum(height * width for height, width in sizes)

    def __len__(self) -> int:
        return len(self._pairs)

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pair `number`; raises DataError where a file cannot be read or the sizes are unlike."""
        pair = self._pairs[number]
        picture, mask = read_image(pair.picture), read_mask(pair.mask, self._encoding)
        _require_one_size((picture.shape[0], picture.shape[1]), mask, f"{pair.picture} and {pair.mask}")
        return picture, mask

    def encoded(self, number: int) -> tuple[str | bytes, NDArray[np.uint8]]:
        """The same with the picture's path, or as a PNG where TensorFlow would not see in its file what people see."""
        pair = self._pairs[number]
        picture, mask = encoded_picture(pair.picture), read_mask(pair.mask, self._encoding)
        _require_one_size(picture.size, mask, f"{pair.picture} and {pair.mask}")
        return pair.picture if picture.copied else picture.data, mask


class RecordPairs:
    """Pairs in TFRecords with `image/encoded` and `image/segmentation/class/encoded`.

    Places of the records are found once; each is then read by itself. Raises DataError where a pattern matches
    nothing, a record is damaged or lacks a feature.
    """

    def __init__(self, patterns: Sequence[str], encoding: MaskEncoding | None = None) -> None:
        self._encoding = encoding
        self._places: list[tuple[str, int, int]] = []
        self.names: Sequence[str] = []
        self.summaries: list[MaskSummary] = []
        found = []
        for path in expand(patterns):
            for frame in sound_frames(path):
                where = f"{path}, record {frame.number}"
                self._places.append((path, frame.offset + HEADER.size, len(frame.payload)))
                features = decode_example(frame.payload, where)
                found.append(_filename(features) or f"{Path(path).name}-{frame.number:06d}")
                mask = _bytes(features, names.CLASS_MASK_ENCODED, where)
                self.summaries.append(summarise(read_raw(mask, where), where))
        self.names = found
        self.pixels = sum(summary.height * summary.width for summary in self.summaries)

    def with_encoding(self, encoding: MaskEncoding) -> "RecordPairs":
        """These records, with masks read so."""
        self._encoding = encoding
        return self

    def __len__(self) -> int:
        return len(self._places)

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pair of record `number`; raises DataError where its picture or its mask cannot be used."""
        features, mask, where = self._features(number)
        picture = read_image(io.BytesIO(_bytes(features, names.IMAGE_ENCODED, where)), where)
        _require_one_size((picture.shape[0], picture.shape[1]), mask, where)
        return picture, mask

    def encoded(self, number: int) -> tuple[str | bytes, NDArray[np.uint8]]:
        """The same with the picture as it is in the record, or as a PNG where TensorFlow cannot decode that."""
        features, mask, where = self._features(number)
        picture = encoded_picture(_bytes(features, names.IMAGE_ENCODED, where), where)
        _require_one_size(picture.size, mask, where)
        return picture.data, mask

    def _features(self, number: int) -> tuple[dict[str, Value], NDArray[np.uint8], str]:
        path, offset, length = self._places[number]
        where = f"{path}, {self.names[number]}"
        with open(path, "rb") as file:
            file.seek(offset)
            features = decode_example(file.read(length), where)
        if self._encoding is None:
            raise ValueError("records are read with an encoding: with_encoding")
        raw = read_raw(_bytes(features, names.CLASS_MASK_ENCODED, where), where)
        return features, decode_mask(raw, self._encoding), where


class _Kept:
    """A source whose pairs have all been read."""

    def __init__(self, source: PairSource) -> None:
        self.names = source.names
        self.pixels = source.pixels
        self.encoded = source.encoded
        self._pairs = list(map_in_threads(source.read, range(len(source)), "reading pictures and masks"))

    def __len__(self) -> int:
        return len(self._pairs)

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pair `number`."""
        picture, mask = self._pairs[number]
        return picture, mask


def in_memory(source: PairSource, limit_bytes: int | None = None) -> PairSource:
    """The source with all pairs decoded once and kept, if they fit into `limit_bytes` (default: two fifths of the
    memory that is free now); else the source as it is, which decodes a pair each time it is asked for."""
    limit = available_memory() * _SHARE_OF_MEMORY if limit_bytes is None else limit_bytes
    return _Kept(source) if source.pixels * 4 <= limit else source


def available_memory() -> int:
    """Bytes that this process may still take: of the machine, and of the container that it runs in."""
    free = [os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")] if hasattr(os, "sysconf") else [4 << 30]
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free = [int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("MemAvailable:")] or free
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii")
        free += [max(int(limit) - int(used), 0)] if limit.isdigit() else []
    except OSError:
        return min(free)  # no Linux, or no such container: what sysconf says is all that is known
    return min(free)


class EncodedPicture(NamedTuple):
    """A picture that TensorFlow decodes: its bytes, their format, height and width, and whether they are the file's
    own."""

    data: bytes
    format: str
    size: tuple[int, int]
    copied: bool


def encoded_picture(source: str | bytes, name: str | None = None) -> EncodedPicture:
    """The bytes of a picture, a file or bytes that `name` calls, as they are if TensorFlow decodes them to what viewers
    show; else, as for TIFF or where EXIF turns the picture, as PNG. Raises DataError for what is no picture."""
    where = name or str(source)
    with suppress(DataError, OSError):  # what cannot be copied is decoded, which also says what is wrong with it
        data = source if isinstance(source, bytes) else read_bytes(source)
        header = read_header(data, where)
        if header.orientation == 1 and (header.format, header.channels) != ("jpeg", 4):
            return EncodedPicture(data, header.format, (header.height, header.width), True)
    picture = read_image(io.BytesIO(source) if isinstance(source, bytes) else source, where)
    return EncodedPicture(encode_png(picture), "png", (picture.shape[0], picture.shape[1]), False)


def encode_png(values: NDArray[np.uint8]) -> bytes:
    """A PNG file of a picture `[H, W, 3]` or a mask `[H, W]`."""
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def _require_one_size(size: tuple[int, int], mask: NDArray[np.uint8], where: str) -> None:
    if size != mask.shape:
        what = f"the picture has {size[1]} x {size[0]} pixels, its mask {mask.shape[1]} x {mask.shape[0]}"
        raise DataError(what, where, _CURE_FOR_SIZES)


def _bytes(features: dict[str, Value], name: str, where: str) -> bytes:
    values = features.get(name) or [b""]
    if not isinstance(values[0], bytes) or not values[0]:
        raise DataError(f"the record has no {name}", where, "convert the data again with tools/masks_to_tfrecord.py")
    return values[0]


def _filename(features: dict[str, Value]) -> str:
    values = features.get(names.IMAGE_FILENAME) or [b""]
    return values[0].decode(errors="replace") if isinstance(values[0], bytes) else ""
