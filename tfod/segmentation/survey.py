"""One look at every mask of a data set: sizes, values, and from them the encoding and the pixels of each class."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.progress import Progress
from tfod.segmentation.classes import VOID, ClassTable
from tfod.segmentation.masks import Kind, MaskEncoding, decode_values, histogram, value_name
from tfod.segmentation.raw_masks import RawMask, Storage, mask_size, read_raw
from tfod.segmentation.recognise import Contents, recognise

__all__ = ["MaskSummary", "Survey", "map_in_threads", "summarise", "survey_masks", "survey_summaries"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_THREADS = 4
_QUIET = 200  # as many masks take about a second: no progress is told


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


@dataclass(frozen=True)
class Survey:
    """What all masks hold. `class_pixels` is int64 `[masks, C]`, `void_pixels` and `unknown_pixels` int64 `[masks]`.

    What is unknown, because its value has no meaning, is void too; `unknown_values` (name -> pixels) says what it was.
    """

    encoding: MaskEncoding
    masks: Sequence[MaskSummary]
    class_pixels: NDArray[np.int64]
    void_pixels: NDArray[np.int64]
    unknown_pixels: NDArray[np.int64]
    unknown_values: Counter[str]

    @property
    def classes(self) -> ClassTable:
        """The classes of the masks."""
        return self.encoding.classes

    def text(self) -> str:
        """The survey for people: encoding, pixels and pictures of each class, what has no meaning."""
        readable = [mask for mask in self.masks if mask.error is None]
        sizes = Counter((mask.width, mask.height) for mask in readable)
        (width, height), most = sizes.most_common(1)[0] if sizes else ((0, 0), 0)
        same = "all" if len(sizes) == 1 else f"{most} of them"
        total = max(int(self.class_pixels.sum()) + int(self.void_pixels.sum()), 1)
        lines = [
            f"masks: {self.encoding.describe()}",
            f"{len(readable)} masks, {same} {width} x {height}",
            f"  {'class':24}{'pixels':>10}{'masks':>8}",
        ]
        present = (self.class_pixels > 0).sum(axis=0)
        for name, pixels, masks in zip(self.classes.names, self.class_pixels.sum(axis=0), present, strict=True):
            lines.append(f"  {name:24}{pixels / total:>10.2%}{masks:>8}")
        if self.void_pixels.any():
            lines.append(f"  {'(void)':24}{self.void_pixels.sum() / total:>10.2%}{(self.void_pixels > 0).sum():>8}")
        if self.unknown_values:
            frequent = ", ".join(f"{name} ({count} pixels)" for name, count in self.unknown_values.most_common(5))
            share = self.unknown_pixels.sum() / total
            lines.append(f"  values without a meaning, taken as void: {share:.2%} of the pixels; {frequent}")
        return "\n".join(lines)


def survey_masks(
    paths: Sequence[str],
    classes: ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> Survey:
    """Looks at the mask files `paths`, finds their encoding if none is given, and counts the pixels of each class.

    `classes` is the user's table and `kind` the user's word on how the masks are stored. A mask that cannot be read is
    kept as its error.

    Raises:
      DataError: no mask can be read, or no encoding fits.
      ConfigError: the class table does not fit the masks.
    """
    summaries = list(map_in_threads(_summary, paths, "looking at the masks"))
    return survey_summaries(summaries, classes, kind, encoding)


def survey_summaries(
    summaries: Sequence[MaskSummary],
    classes: ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> Survey:
    """The same, of masks that have been looked at."""
    readable = [mask for mask in summaries if mask.error is None]
    if not readable:
        raise summaries[0].error or DataError("there is no mask", "the masks", "name a folder of masks")
    encoding = encoding or recognise(_contents(readable), classes, kind)
    count = len(encoding.classes.names)
    pixels = np.zeros((len(summaries), VOID + 1), np.int64)
    unknown = np.zeros(len(summaries), np.int64)
    unknown_values: Counter[str] = Counter()
    for row, mask in enumerate(summaries):
        ids, known = decode_values(mask.values, mask.like, encoding)
        np.add.at(pixels[row], ids, mask.counts)
        unknown[row] = mask.counts[~known].sum()
        for value, number in zip(mask.values[~known], mask.counts[~known], strict=True):
            unknown_values[value_name(int(value), mask.like)] += int(number)
    return Survey(encoding, summaries, pixels[:, :count], pixels[:, VOID], unknown, unknown_values)


def summarise(raw: RawMask, where: str) -> MaskSummary:
    """What a mask that has been read holds."""
    values, counts = histogram(raw)
    digest = hashlib.blake2b(raw.values.tobytes(), digest_size=16).digest()
    return MaskSummary(where, *mask_size(raw), values, counts, raw._replace(values=raw.values[:0, :0]), digest)


def map_in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], description: str, quiet: int = _QUIET
) -> Iterator[Result]:
    """`function` of each item, in order, in threads (decoders release Python's lock), with progress for many.

    What has been yielded is not kept.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        if len(items) <= quiet:
            yield from pool.map(function, items)
            return
        with Progress(description, total=len(items), unit="file") as progress:
            for result in pool.map(function, items):
                yield result
                progress.advance()


def _summary(path: str) -> MaskSummary:
    try:
        return summarise(read_raw(path), path)
    except DataError as error:
        return MaskSummary(path, error=error)


def _contents(masks: Sequence[MaskSummary]) -> dict[Storage, Contents]:
    contents: dict[Storage, Contents] = {}
    for mask in masks:
        like = mask.like
        found = contents.setdefault(like.storage, Contents())
        found.files += 1
        found.lossy |= like.lossy
        for value, count in zip(mask.values.tolist(), mask.counts.tolist(), strict=True):
            key = value if like.storage != "labelme" else (like.labels[value - 1] if value else "background")
            found.counts[key] += count
            if like.storage == "palette":
                colour = like.palette[value] if value < len(like.palette) else value
                found.same_palette &= found.palette.setdefault(value, colour) == colour
    return contents
