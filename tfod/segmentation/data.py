"""The data of a run from what its user names: folders, lists of pairs or TFRecords; and found again by its settings."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.explore.stratify import deal_out
from tfod.records.files import class_table_path, expand, with_folders
from tfod.segmentation.classes import ClassTable, find_class_file, read_classes
from tfod.segmentation.masks import Kind, MaskEncoding
from tfod.segmentation.pairs import Pair, find_pairs, read_pair_list
from tfod.segmentation.sources import FilePairs, PairSource, RecordPairs
from tfod.segmentation.survey import Survey, survey_masks

__all__ = [
    "DataSet", "class_table", "open_folders", "open_list", "open_records", "reopen", "saved_encoding", "split",
    "split_parts",
]  # fmt: skip


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

    @property
    def pairs(self) -> list[Pair]:
        """The files of each pair, for data that lies in files."""
        pairs = [Pair(*pair) for pair in self.saved["pairs"]]
        return [pairs[number] for number in self.saved["numbers"]] if "numbers" in self.saved else pairs

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

    def encoded(self, number: int) -> tuple[str | bytes, NDArray[np.uint8]]:
        """The same with the picture encoded."""
        return self._source.encoded(self._numbers[number])


def open_folders(
    images: str,
    masks: str,
    *,
    classes: str | ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> DataSet:
    """The pairs of two folders.

    Args:
      classes: The class table, or its file; without it one beside the masks is taken.
      kind: How the masks are stored; found from what they hold if not given.
      encoding: How they are read, where that is known: as those of the training.

    Raises DataError or ConfigError where nothing matches, a mask cannot be read, or the table does not fit.
    """
    pairing = find_pairs(images, masks)
    table = None if encoding else class_table(classes, [masks, str(Path(masks).parent), images])
    return _of_pairs(pairing.pairs, table, kind, encoding, pairing.text())


def open_list(
    path: str,
    *,
    classes: str | ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> DataSet:
    """The pairs of a list, two paths a line (`tfod.segmentation.pairs.read_pair_list`); see `open_folders`."""
    pairs = read_pair_list(path)
    table = None if encoding else class_table(classes, [str(Path(path).parent), str(Path(pairs[0].mask).parent)])
    return _of_pairs(pairs, table, kind, encoding, f"{len(pairs)} pairs of {path}")


def open_records(
    patterns: Sequence[str],
    *,
    classes: str | ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> DataSet:
    """The pairs of TFRecords, files, globs or folders of them; see `open_folders`."""
    files = tuple(expand(with_folders(patterns)))
    source = RecordPairs(files)
    first = files[0]
    own = class_table_path(first)
    classes = classes or (own if Path(own).is_file() else None)
    table = None if encoding else class_table(classes, [str(Path(first).parent)])
    survey = survey_masks(source.summaries, table, kind, encoding)
    _require_readable(survey)
    saved = {"records": list(files), "encoding": _as_json(survey.encoding)}
    told = f"{len(source)} records in {len(files)} files\n{survey.text()}"
    return DataSet(source.with_encoding(survey.encoding), survey.encoding, survey.class_pixels, _sizes(survey), saved,
                   files, told)  # fmt: skip


def reopen(saved: dict[str, Any]) -> DataSet:
    """The data set that a run saved; raises DataError where its files are gone, or what it saved is damaged."""
    encoding = saved_encoding(saved)
    with _told_of_damage():
        records, numbers = saved.get("records"), saved.get("numbers")
        pairs = [] if records else [Pair(*pair) for pair in saved["pairs"]]
        pairs = [pairs[number] for number in numbers] if pairs and numbers is not None else pairs
    if records:
        whole = open_records(records, encoding=encoding)
        with _told_of_damage():
            return whole if numbers is None else whole.part(numbers)
    return dataclasses.replace(_of_pairs(pairs, None, None, encoding, ""), saved=saved)


def saved_encoding(saved: dict[str, Any]) -> MaskEncoding:
    """How the masks of a data set that a run saved are read."""
    with _told_of_damage():
        return _from_json(saved["encoding"])


@contextmanager
def _told_of_damage() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        what = "what the run says of the data that it was evaluated on is damaged"
        cure = "name the data: --images and --masks, --pairs or --records"
        raise DataError(what, "the run's unet.json", cure) from error


def split(data: DataSet, share: float, seed: int = 0) -> tuple[DataSet, DataSet]:
    """Training and validation, each with its share of the pixels of every class; see `split_parts`."""
    training, validation = split_parts(data, (1 - share, share), seed)
    return training, validation


def split_parts(data: DataSet, shares: Sequence[float], seed: int = 0) -> list[DataSet]:
    """Parts of a data set, each with its share of the pairs and of the pixels of every class.

    The same data, shares and seed give the same parts. Raises DataError where a part would be empty.
    """
    counts = np.column_stack([data.class_pixels, np.ones(len(data.source))]).astype(float)
    if len(counts) < len(shares):
        what = f"{len(counts)} pairs cannot be divided into {len(shares)} parts"
        raise DataError(what, "the data", "give more pairs, or name the parts (--val_images, --val_masks)")
    parts = deal_out(counts, shares, seed)
    members = [np.flatnonzero(parts == number).tolist() for number in range(len(shares))]
    if not all(members):
        raise DataError("a part would be empty", "the data", "give it a larger share, or more pairs")
    return [data.part(numbers) for numbers in members]


def class_table(given: str | ClassTable | None, folders: Sequence[str]) -> ClassTable | None:
    """The class table that is given, or that in the file given, or else the one that lies in a folder under a usual
    name; None where there is none."""
    if isinstance(given, ClassTable):
        return given
    found = given or find_class_file(folders)
    return read_classes(found) if found else None


def _of_pairs(
    pairs: Sequence[Pair], table: ClassTable | None, kind: Kind | None, encoding: MaskEncoding | None, told: str
) -> DataSet:
    survey = survey_masks([pair.mask for pair in pairs], table, kind, encoding)
    _require_readable(survey)
    sizes = _sizes(survey)
    files = tuple(path for pair in pairs for path in (pair.picture, pair.mask))
    saved = {"pairs": [list(pair) for pair in pairs], "encoding": _as_json(survey.encoding)}
    return DataSet(
        FilePairs(pairs, survey.encoding, sizes), survey.encoding, survey.class_pixels, sizes, saved, files,
        f"{told}\n{survey.text()}",
    )  # fmt: skip


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
