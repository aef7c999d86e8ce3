"""Files of records: are they there, whole, and is anything in them? Only their first bytes are read."""

import glob
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfod.config.diagnostics import Diagnostic, error, errors
from tfod.config.faults.reading import path_faults
from tfod.config.rules.placeholders import has_placeholder
from tfod.config.text import nearest
from tfod.protos.input_reader_pb2 import InputReader
from tfod.stores import file_size, is_remote, open_file

__all__ = ["check_files", "count_records"]

_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})(.*)")
_HEADER = 12  # a record's length (8 bytes, little-endian) and the checksum of the length
_FOOTER = 4  # the checksum of its contents
_GZIP = b"\x1f\x8b"
_EMPTY = "is empty"


def check_files(reader: InputReader, where: str) -> tuple[list[str], list[Diagnostic]]:
    """The files of `reader` (at `where` in the config) that look like records, and what is wrong with the rest."""
    if reader.WhichOneof("input_reader") == "external_input_reader":
        cure = "write tf_record_input_reader { input_path: ... }"
        place = f"{where}.external_input_reader"
        return [], [error("no-input", "an external reader cannot be used", place, cure)]
    place = f"{where}.tf_record_input_reader.input_path"
    patterns = reader.tf_record_input_reader.input_path
    good: list[str] = []
    faults = path_faults(len(patterns), len(reader.sample_from_datasets_weights))
    findings = list(errors("no-input", faults, where))
    for number, pattern in enumerate(patterns):
        if not has_placeholder(pattern) and not is_remote(pattern):
            problems = {file: _problem(Path(file)) for file in sorted(glob.glob(pattern))}
            good += [file for file, problem in problems.items() if problem is None]
            findings += _problems_of_pattern(pattern, problems, f"{place}[{number}]")
    return good, findings


def count_records(files: Sequence[str]) -> int:
    """The number of whole records in the files, found by hopping from header to header."""
    return sum(map(_count, files))


def _count(file: str) -> int:
    size, position, count = file_size(file), 0, 0
    with open_file(file) as stream:
        while len(header := stream.read(_HEADER)) == _HEADER:
            position += _HEADER + int.from_bytes(header[:8], "little") + _FOOTER
            if position > size:
                break
            stream.seek(position)
            count += 1
    return count


def _problems_of_pattern(pattern: str, problems: dict[str, str | None], where: str) -> Iterator[Diagnostic]:
    if not problems:
        yield error("no-records", f"no file matches {pattern}", where, _elsewhere(pattern))
        return
    yield from _shard_sets(list(problems), where)
    # A writer may make more shards than it has pictures: empty ones are wrong only where all are.
    if all(problem == _EMPTY for problem in problems.values()):
        yield error("empty-records", f"{pattern} holds no record", where, "write the records again")
    for file, problem in problems.items():
        if problem not in (None, _EMPTY):
            yield error("broken-records", f"{file} {problem}", where, "write the records again")


def _problem(path: Path) -> str | None:
    """What is wrong with a file of records, judged by its size and its first record's header."""
    if path.is_dir():
        return "is a folder"
    size = path.stat().st_size
    if size == 0:
        return _EMPTY
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if header.startswith(_GZIP):
        return "is compressed (gzip), which the readers of this API do not undo"
    length = int.from_bytes(header[:8], "little")
    if len(header) < _HEADER or length > 1 << 40:
        return "is no TFRecord file"
    return "ends inside its first record" if _HEADER + length + _FOOTER > size else None


def _shard_sets(files: Sequence[str], where: str) -> Iterator[Diagnostic]:
    """Sets of `-00000-of-00010` must be whole, as `tfod.records.files.expand` will demand."""
    totals: dict[tuple[str, str], set[int]] = defaultdict(set)
    for match in filter(None, map(_SHARD.fullmatch, files)):
        totals[match[1], match[4]].add(int(match[3]))
    for (base, end), counts in sorted(totals.items()):
        if len(counts) > 1:
            what = f"sets of {' and '.join(map(str, sorted(counts)))} files are mixed: {base}"
            yield error("missing-shards", what, where, "delete the older set, or name one of them")
            continue
        total = counts.pop()
        names = [f"{base}-{number:05d}-of-{total:05d}{end}" for number in range(total)]
        missing = [name for name in names if not Path(name).is_file()]
        if missing:
            what = f"{len(missing)} of {total} shards are missing: {missing[0]}"
            yield error("missing-shards", what, where, "write the records again, or copy all of the files")


def _elsewhere(pattern: str) -> str:
    if match := re.fullmatch(r"(.*)@(\d+)", pattern):
        return f"write {match[1]}-?????-of-{int(match[2]):05d}"
    folder = Path(pattern).parent
    if not folder.is_dir():
        return f"there is no folder {folder}; relative paths are taken from {Path.cwd()}"
    hint = nearest(Path(pattern).name, [entry.name for entry in folder.iterdir()])
    return f"did you mean {folder / hint}?" if hint else f"nothing in {folder} has such a name"
