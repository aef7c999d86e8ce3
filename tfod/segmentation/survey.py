"""One look at every mask of a data set: sizes, values, and from them the encoding and the pixels of each class."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.progress import Progress
from tfod.segmentation.classes import VOID, ClassTable
from tfod.segmentation.masks import Kind, MaskEncoding, codes, decode_values
from tfod.segmentation.raw_masks import MaskSummary, read_raw, summarise
from tfod.segmentation.recognise import recognise

__all__ = ["Survey", "map_in_threads", "survey_masks"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_THREADS = 4
_QUIET = 200  # as many masks take about a second: no progress is told


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
        """The survey for people: encoding, pixels and masks of each class, what has no meaning."""
        sizes = Counter((mask.width, mask.height) for mask in self.masks if mask.error is None)
        (width, height), most = sizes.most_common(1)[0] if sizes else ((0, 0), 0)
        same = "all" if len(sizes) == 1 else f"{most} of them"
        total = max(int(self.class_pixels.sum()) + int(self.void_pixels.sum()), 1)
        lines = [
            f"masks: {self.encoding.describe()}",
            f"{sizes.total()} masks, {same} {width} x {height}",
            f"  {'class':24}{'pixels':>10}{'masks':>8}",
        ]
        columns = [*zip(self.classes.names, self.class_pixels.T, strict=True), ("(void)", self.void_pixels)]
        for name, pixels in columns if self.void_pixels.any() else columns[:-1]:
            lines.append(f"  {name:24}{pixels.sum() / total:>10.2%}{(pixels > 0).sum():>8}")
        if self.unknown_values:
            frequent = ", ".join(f"{name} ({count} pixels)" for name, count in self.unknown_values.most_common(5))
            share = self.unknown_pixels.sum() / total
            lines.append(f"  values without a meaning, taken as void: {share:.2%} of the pixels; {frequent}")
        return "\n".join(lines)


def survey_masks(
    masks: Sequence[str | MaskSummary],
    classes: ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> Survey:
    """Looks at the mask files (those that have been looked at come as their summaries), finds their encoding if none is
    given, and counts the pixels of each class.

    `classes` is the user's table and `kind` the user's word on how the masks are stored. A mask that cannot be read is
    kept as its error.

    Raises:
      DataError: no mask can be read, or no encoding fits.
      ConfigError: the class table does not fit the masks.
    """
    summaries = list(map_in_threads(_summary, masks, "looking at the masks"))
    readable = [mask for mask in summaries if mask.error is None]
    if not readable:
        raise summaries[0].error or DataError("there is no mask", "the masks", "name a folder of masks")
    encoding = encoding or recognise(readable, classes, kind)
    pixels = np.zeros((len(summaries), VOID + 1), np.int64)
    unknown = np.zeros(len(summaries), np.int64)
    unknown_values: Counter[str] = Counter()
    for row, (_, _, _, values, counts, like, *_) in enumerate(summaries):
        ids, known = decode_values(values, like, encoding)
        np.add.at(pixels[row], ids, counts)
        unknown[row] = counts[~known].sum()
        colours = like.storage == "colour"
        for code, count in zip(codes(values[~known], like, "labels"), counts[~known].tolist(), strict=True):
            unknown_values[f"#{code:06x}" if colours else str(code)] += count
    classes_found = pixels[:, : len(encoding.classes.names)]
    return Survey(encoding, summaries, classes_found, pixels[:, VOID], unknown, unknown_values)


def map_in_threads(function: Callable[[Item], Result], items: Sequence[Item], description: str) -> Iterator[Result]:
    """`function` of each item, in order, in threads (decoders release Python's lock), with progress for many.

    What has been yielded is not kept.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        if len(items) <= _QUIET:
            yield from pool.map(function, items)
            return
        with Progress(description, total=len(items), unit="file") as progress:
            for result in pool.map(function, items):
                yield result
                progress.advance()


def _summary(mask: str | MaskSummary) -> MaskSummary:
    try:
        return mask if isinstance(mask, MaskSummary) else summarise(read_raw(mask), mask)
    except DataError as error:
        return MaskSummary(str(mask), error=error)
