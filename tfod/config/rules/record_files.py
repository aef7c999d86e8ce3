"""Files of records: are they there, whole, and is anything in them? Only their first bytes are read."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from tfod.config.diagnostics import Diagnostic, error, errors, warning
from tfod.config.faults.reading import path_faults
from tfod.config.kinds import wrong_kind
from tfod.config.path_hints import assignment, files_of_kind, foreign_path, meant_path, nearest_file, shown
from tfod.config.rules.placeholders import has_placeholder
from tfod.config.words import nearest
from tfod.errors import DataError
from tfod.protos.input_reader_pb2 import InputReader
from tfod.stores import MOST_MATCHES, file_size, is_remote, matches, open_file

__all__ = ["check_files", "count_records"]

_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})(.*)")
_HEADER = 12  # a record's length (8 bytes, little-endian) and the checksum of the length
_FOOTER = 4  # the checksum of its contents
_GZIP = b"\x1f\x8b"
_HEAD = 4096
_EMPTY = "is empty"
_FOLDER = "is a folder"
_DANGLING = "is a link that leads nowhere"
_ENDINGS = (".record", ".records", ".tfrecord", ".tfrecords", ".tfrec")


def check_files(reader: InputReader, where: str) -> tuple[list[str], list[Diagnostic]]:
    """The files of `reader` (at `where` in the config) that look like records, and what is wrong with the rest."""
    if reader.WhichOneof("input_reader") == "external_input_reader":
        cure = "write tf_record_input_reader { input_path: ... }"
        place = f"{where}.external_input_reader"
        return [], [error("no-input", "an external reader cannot be used", place, cure)]
    place = f"{where}.tf_record_input_reader.input_path"
    patterns = reader.tf_record_input_reader.input_path
    good: list[str] = []
    findings = list(errors("no-input", path_faults(len(patterns), reader.sample_from_datasets_weights), where))
    lacking: dict[str, str] = {}  # place -> pattern
    found: dict[str, str] = {}  # file -> place
    for number, pattern in enumerate(patterns):
        if has_placeholder(pattern) or is_remote(pattern):
            continue
        try:
            files = _matches(pattern)
        except DataError:
            what = f"{shown(pattern)} matches more than {MOST_MATCHES} files"
            findings.append(error("broken-records", what, f"{place}[{number}]", "name the files more closely"))
            continue
        if not files:
            lacking[f"{place}[{number}]"] = pattern
        else:
            problems = {file: _problem(Path(file)) for file in files}
            good += [file for file, problem in problems.items() if problem is None]
            findings += _problems_of_pattern(pattern, problems, f"{place}[{number}]")
            found.update(dict.fromkeys(files, f"{place}[{number}]"))
    findings += _unread(found, good)
    # Where shards are named one by one, those that are missing are told once.
    named = {(match[1], match[4]) for match in map(_SHARD.fullmatch, lacking.values()) if match}
    return good, [*findings, *_lacking(lacking, len(patterns)), *_shard_sets(found, named)]


def _matches(pattern: str) -> list[str]:
    """What the pattern matches, sorted; nothing where it can be no pattern. DataError where that is half a disk."""
    try:
        return matches(pattern)
    except (OSError, ValueError, RecursionError):
        return []


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


def _lacking(patterns: Mapping[str, str], count: int) -> Iterator[Diagnostic]:
    """One finding for all patterns, by their places, that match nothing; `count` is how many there are in all."""
    if not patterns:
        return
    where, pattern = next(iter(patterns.items()))
    foreign = foreign_path(pattern)
    what = f"no file matches {shown(pattern)}" + (f": {foreign[0]}" if foreign else "")
    if len(patterns) == 1:
        yield error("no-records", what, where, _elsewhere(pattern, where))
        return
    sets = {(match[1], match[3]) for match in map(_SHARD.fullmatch, patterns.values()) if match}
    what = f"{len(patterns)} of {count} input_paths match no file; the first: {shown(pattern)}"
    if len(sets) == 1:
        base, total = sets.pop()
        cure = f"copy all {int(total)} files of {shown(base)}, or write the records again"
        if meant := meant_path(f"{base}-?????-of-{total}*"):
            cure = f"did you mean {meant}? {assignment(where.rpartition('[')[0], f'[{meant}]')}"
        yield error("missing-shards", what, where, cure)
    else:
        yield error("no-records", what, where, _elsewhere(pattern, where))


def _problems_of_pattern(pattern: str, problems: Mapping[str, str | None], where: str) -> Iterator[Diagnostic]:
    # A writer may make more shards than it has pictures: empty ones are wrong only where all are.
    if all(problem == _EMPTY for problem in problems.values()):
        yield error("empty-records", f"{shown(pattern)} holds no record", where, "write the records again")
    alike: dict[str, list[str]] = defaultdict(list)
    for file, problem in problems.items():
        if problem not in (None, _EMPTY):
            alike[problem].append(file)
    for problem, files in alike.items():
        others = f" (so {'are' if problem.startswith('is') else 'do'} {len(files) - 1} more)" if len(files) > 1 else ""
        yield error("broken-records", f"{shown(files[0])} {problem}{others}", where, _cure(files[0], problem, where))


def _cure(file: str, problem: str, where: str) -> str:
    """What to do about a file of which something is wrong."""
    if problem == _FOLDER:
        if inside := files_of_kind(file, "records"):
            meant = inside[0] if len(inside) == 1 else _as_pattern(inside)
            return f"did you mean {meant}? {assignment(where, meant)}"
        return "name the files of records in it"
    if problem == _DANGLING:
        return "remove the link, or restore what it leads to"
    wrong = wrong_kind(_head(Path(file)), file, "records") if Path(file).is_file() else None
    return wrong[1] if wrong else "write the records again"


def _as_pattern(files: Sequence[str]) -> str:
    """The pattern of the first file's set of shards; of files that are no shards, the first."""
    match = _SHARD.fullmatch(files[0])
    return f"{match[1]}-?????-of-{match[3]}{match[4]}" if match else files[0]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _problem(path: Path) -> str | None:
    """What is wrong with a file of records, judged by its size and its first record's header."""
    if path.is_dir():
        return _FOLDER
    if not path.exists():
        return _DANGLING
    if not path.is_file():
        return "is a pipe or a device, not a file"
    try:
        size, head = path.stat().st_size, _head(path)
    except OSError as error:
        return f"cannot be read: {(error.strerror or str(error)).lower()}"
    if size == 0:
        return _EMPTY
    if head.startswith(_GZIP):
        return "is compressed (gzip), which the readers of this API do not undo"
    length = int.from_bytes(head[:8], "little")
    if len(head) < _HEADER or length > 1 << 40:
        wrong = wrong_kind(head, str(path), "records")
        return wrong[0].replace("this is", "is") if wrong else "is no TFRecord file"
    return "ends inside its first record" if _HEADER + length + _FOOTER > size else None


def _shard_sets(files: Mapping[str, str], told: Collection[tuple[str, str]]) -> Iterator[Diagnostic]:
    """Sets of `-00000-of-00010` must be whole, as `tfod.records.files.expand` will demand.

    `files`: file -> where it is named; `told`: sets, by their names' beginnings and ends, of which it is told already.
    """
    totals: dict[tuple[str, str], set[int]] = defaultdict(set)
    places: dict[tuple[str, str], str] = {}
    for match in filter(None, map(_SHARD.fullmatch, files)):
        totals[match[1], match[4]].add(int(match[3]))
        places.setdefault((match[1], match[4]), files[match[0]])
    for (base, end), counts in sorted(totals.items()):
        where = places[base, end]
        if (base, end) in told:
            continue
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


def _nearest_records(pattern: str, folder: str) -> str | None:
    """The file of records in a folder that is called nearly as `pattern`, whatever its number and its ending."""
    files = files_of_kind(folder, "records", _ENDINGS)
    stems = {_stem(file): file for file in reversed(files)}
    return stems.get(nearest(_stem(pattern), stems, cutoff=0.75) or "") or nearest_file(pattern, files)


def _stem(path: str) -> str:
    """The name of a file of records without its shard and its ending."""
    name = os.path.basename(path).lower()
    match = _SHARD.fullmatch(name)
    name = match[1] + match[4] if match else name
    return next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)


def _unread(files: Mapping[str, str], good: Collection[str]) -> Iterator[Diagnostic]:
    """Sets of shards of which only some are read, while the others lie beside them.

    `files`: file -> its place; `good`: those of which nothing is wrong.
    """
    hold = {(match[1], match[3], match[4]) for match in map(_SHARD.fullmatch, good) if match}
    read: dict[tuple[str, str, str], int] = defaultdict(int)
    places: dict[tuple[str, str, str], str] = {}
    for match in filter(None, map(_SHARD.fullmatch, files)):
        key = match[1], match[3], match[4]
        read[key] += 1
        places.setdefault(key, files[match[0]])
    for (base, total, end), count in read.items():
        pattern = f"{base}-?????-of-{total}{end}"
        if (base, total, end) in hold and count < int(total) == len(_matches(pattern)):
            where = places[base, total, end]
            what = f"{count} of the {int(total)} shards of {shown(base)} {'is' if count == 1 else 'are'} read"
            yield warning("some-shards", what, where, f"{assignment(where, pattern)} reads all")


def _elsewhere(pattern: str, where: str) -> str:
    if match := re.fullmatch(r"(.*)@(\d{1,5})", pattern):
        return f"write {assignment(where, f'{match[1]}-?????-of-{int(match[2]):05d}')}"
    if meant := meant_path(pattern):
        return f"did you mean {meant}? {assignment(where, meant)}"
    if foreign := foreign_path(pattern):
        return foreign[1]
    folder = os.path.dirname(pattern)
    if not os.path.isdir(folder or "."):
        return f"there is no folder {shown(folder)}; relative paths are taken from {Path.cwd()}"
    if hint := _nearest_records(pattern, folder):
        meant = _as_pattern([hint])
        return f"did you mean {meant}? {assignment(where, meant)}"
    return f"nothing in {shown(folder or '.')} has such a name"
