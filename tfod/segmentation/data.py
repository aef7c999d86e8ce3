"""The data of a run from what its user names: folders, lists of pairs or TFRecords; and found again by its settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.records.files import expand
from tfod.segmentation.classes import ClassTable, find_class_file, read_classes
from tfod.segmentation.masks import Kind, MaskEncoding
from tfod.segmentation.pairs import Pair, find_pairs
from tfod.segmentation.sources import FilePairs, PairSource, RecordPairs
from tfod.segmentation.survey import Survey, survey_masks, survey_summaries

__all__ = ["DataSet", "open_folders", "open_records", "reopen", "saved_encoding", "split"]


@dataclass(frozen=True)
class DataSet:
    """Pairs and what is known of them.

    Attributes:
      source: Pictures and masks.
      encoding: How the masks are read.
      class_pixels: int64 `[N, C]`.
      sizes: Height and width of each mask.
      saved: What `reopen` makes this data set of again, as JSON can say it.
      files: All files, for the record.
      told: For people: what was found, and by which rules.
    """

    source: PairSource
    encoding: MaskEncoding
    class_pixels: NDArray[np.int64]
    sizes: list[tuple[int, int]]
    saved: dict[str, Any]
    files: tuple[str, ...]
    told: str = field(default="", compare=False)

    def part(self, numbers: Sequence[int]) -> "DataSet":
        """The pairs of these numbers alone."""
        kept = sorted(numbers)
        saved = {**self.saved, "numbers": [self.saved.get("numbers", range(len(self.source)))[n] for n in kept]}
        return DataSet(
            _Part(self.source, self.sizes, kept), self.encoding, self.class_pixels[kept],
            [self.sizes[number] for number in kept], saved, self.files,
        )  # fmt: skip


class _Part:
    """Some pairs of a source."""

    def __init__(self, source: PairSource, sizes: Sequence[tuple[int, int]], numbers: Sequence[int]) -> None:
        self._source = source
        self._numbers = numbers
        self.names: Sequence[str] = [source.names[number] for number in numbers]
        self.pixels = sum(sizes[number][0] * sizes[number][1] for number in numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pair `number` of these."""
        return self._source.read(self._numbers[number])


def open_folders(
    images: str,
    masks: str,
    *,
    classes: str | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> DataSet:
    """The pairs of two folders.

    Args:
      classes: A file with the class table; without it one beside the masks is taken.
      kind: How the masks are stored; found from what they hold if not given.
      encoding: How they are read, where that is known: as those of the training.

    Raises DataError or ConfigError where nothing matches, a mask cannot be read, or the table does not fit.
    """
    pairing = find_pairs(images, masks)
    table = None if encoding else _class_table(classes, [masks, str(Path(masks).parent), images])
    survey = survey_masks([pair.mask for pair in pairing.pairs], table, kind, encoding)
    _require_readable(survey)
    sizes = _sizes(survey)
    files = tuple(path for pair in pairing.pairs for path in (pair.picture, pair.mask))
    saved = {"pairs": [list(pair) for pair in pairing.pairs], "encoding": _as_json(survey.encoding)}
    return DataSet(
        FilePairs(pairing.pairs, survey.encoding, sizes), survey.encoding, survey.class_pixels, sizes, saved, files,
        f"{pairing.text()}\n{survey.text()}",
    )  # fmt: skip


def open_records(
    patterns: Sequence[str],
    *,
    classes: str | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> DataSet:
    """The pairs of TFRecords, files or globs; see `open_folders`."""
    source = RecordPairs(patterns)
    table = None if encoding else _class_table(classes, [str(Path(path).parent) for path in expand(patterns)[:1]])
    survey = survey_summaries(source.summaries, table, kind, encoding)
    _require_readable(survey)
    files = tuple(expand(patterns))
    saved = {"records": list(files), "encoding": _as_json(survey.encoding)}
    told = f"{len(source)} records in {len(files)} files\n{survey.text()}"
    return DataSet(source.with_encoding(survey.encoding), survey.encoding, survey.class_pixels, _sizes(survey), saved,
                   files, told)  # fmt: skip


def reopen(saved: dict[str, Any]) -> DataSet:
    """The data set that a run saved; raises DataError where its files are gone."""
    encoding = saved_encoding(saved)
    if "records" in saved:
        whole = open_records(saved["records"], encoding=encoding)
        return whole.part(saved["numbers"]) if "numbers" in saved else whole
    pairs = [Pair(*pair) for pair in saved["pairs"]]
    pairs = [pairs[number] for number in saved["numbers"]] if "numbers" in saved else pairs
    survey = survey_masks([pair.mask for pair in pairs], encoding=encoding)
    _require_readable(survey)
    sizes = _sizes(survey)
    files = tuple(path for pair in pairs for path in (pair.picture, pair.mask))
    return DataSet(FilePairs(pairs, encoding, sizes), encoding, survey.class_pixels, sizes, saved, files)


def saved_encoding(saved: dict[str, Any]) -> MaskEncoding:
    """How the masks of a data set that a run saved are read."""
    return _from_json(saved["encoding"])


def split(data: DataSet, share: float, seed: int = 0) -> tuple[DataSet, DataSet]:
    """Training and validation: of pairs sorted by the classes in them every so-many-th is held out.

    So both have rare classes in like shares. The same data, share and seed give the same parts.
    """
    count = len(data.source)
    held_out = max(1, round(share * count))
    if count < 2:
        raise DataError("one pair cannot be divided", "the data", "give more pairs, or --val_images and --val_masks")
    totals = np.maximum(data.class_pixels.sum(axis=0), 1)
    shares = data.class_pixels / np.maximum(data.class_pixels.sum(axis=1, keepdims=True), 1)
    rare_first = np.argsort(totals, kind="stable")
    shuffled = np.random.default_rng(seed).permutation(count)
    # Sorted by the share of the rarest class, then of the next: neighbours are alike.
    keys = [np.round(shares[shuffled, number], 2) for number in reversed(rare_first)]
    order = shuffled[np.lexsort(keys)]
    places = ((np.arange(held_out) + 0.5) * count / held_out).astype(int)
    chosen = order[places].tolist()
    return data.part(sorted(set(range(count)) - set(chosen))), data.part(chosen)


def _class_table(path: str | None, folders: Sequence[str]) -> ClassTable | None:
    found = path or find_class_file(folders)
    return read_classes(found) if found else None


def _sizes(survey: Survey) -> list[tuple[int, int]]:
    return [(mask.height, mask.width) for mask in survey.masks]


def _require_readable(survey: Survey) -> None:
    error = next((mask.error for mask in survey.masks if mask.error is not None), None)
    if error is not None:
        raise error


def _as_json(encoding: MaskEncoding) -> dict[str, Any]:
    return {**encoding._asdict(), "classes": encoding.classes._asdict()}


def _from_json(content: dict[str, Any]) -> MaskEncoding:
    def tuples(value: Any) -> Any:
        return tuple(map(tuples, value)) if isinstance(value, list) else value

    table = ClassTable(**{name: tuples(value) for name, value in content["classes"].items()})
    return MaskEncoding(content["kind"], table, tuples(content["values"]), tuples(content["thresholds"]))
