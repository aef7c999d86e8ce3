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
from tfod.shards import ENDINGS, FOOTER, HEADER, foreign_head, header_fault, set_faults, set_name, set_pattern
from tfod.stores import MOST_MATCHES, file_size, is_remote, matches, open_file

__all__ = ["check_files", "count_records"]

_HEAD = 4096
_AGAIN = "write the records again"
_EMPTY = ("is empty", _AGAIN)

Problem = tuple[str, str]  # what is wrong with a file, and what to do


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
            problems = {file: _problem(Path(file), f"{place}[{number}]") for file in files}
            good += [file for file, problem in problems.items() if problem is None]
            findings += _problems_of_pattern(pattern, problems, f"{place}[{number}]")
            found.update(dict.fromkeys(files, f"{place}[{number}]"))
    findings += _unread(found, good)
    # Where shards are named one by one, those that are missing are told once.
    named = set(map(set_name, lacking.values())).difference(lacking.values())
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
        while len(header := stream.read(HEADER.size)) == HEADER.size:
            position += HEADER.size + HEADER.unpack(header)[0] + FOOTER.size
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
    sets = set(map(set_pattern, patterns.values()))
    what = f"{len(patterns)} of {count} input_paths match no file; the first: {shown(pattern)}"
    if len(sets) == 1 and set_name(pattern) != pattern:
        cure = f"copy all files of {shown(set_name(pattern))}, or {_AGAIN}"
        if meant := meant_path(sets.pop()):
            cure = f"did you mean {meant}? {assignment(where.rpartition('[')[0], f'[{meant}]')}"
        yield error("missing-shards", what, where, cure)
    else:
        yield error("no-records", what, where, _elsewhere(pattern, where))


def _problems_of_pattern(pattern: str, problems: Mapping[str, Problem | None], where: str) -> Iterator[Diagnostic]:
    # A writer may make more shards than it has pictures: empty ones are wrong only where all are.
    if all(problem == _EMPTY for problem in problems.values()):
        yield error("empty-records", f"{shown(pattern)} holds no record", where, _AGAIN)
    alike: dict[str, list[str]] = defaultdict(list)
    for file, problem in problems.items():
        if problem not in (None, _EMPTY):
            alike[problem[0]].append(file)
    for what, files in alike.items():
        others = f" (and so {len(files) - 1} more)" if len(files) > 1 else ""
        _, cure = problems[files[0]] or _EMPTY
        yield error("broken-records", f"{shown(files[0])} {what}{others}", where, cure)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _problem(path: Path, where: str) -> Problem | None:
    """What is wrong with a file of records, judged by its size and its first record's header."""
    if path.is_dir():
        return "is a folder", _inside(str(path), where)
    if not path.exists():
        return "is a link that leads nowhere", "remove the link, or restore what it leads to"
    if not path.is_file():
        return "is a pipe or a device, not a file", "name the files of records"
    try:
        size, head = path.stat().st_size, _head(path)
    except OSError as error:
        return f"cannot be read: {(error.strerror or str(error)).lower()}", "check the file and its rights"
    if size == 0:
        return _EMPTY
    if fault := foreign_head(head, str(path)):
        return f"cannot be read: {fault.what}", fault.cure
    fault_of_header = header_fault(head[: HEADER.size], size)
    if fault_of_header and (wrong := wrong_kind(head, str(path), "records")):
        return wrong[0].replace("this is", "is"), wrong[1]
    return (f"cannot be read: {fault_of_header}", _AGAIN) if fault_of_header else None


def _inside(folder: str, where: str) -> str:
    """What to do about a folder that is named where files of records are meant."""
    if not (inside := files_of_kind(folder, "records")):
        return "name the files of records in it"
    meant = inside[0] if len(inside) == 1 else set_pattern(inside[0])
    return f"did you mean {meant}? {assignment(where, meant)}"


def _shard_sets(files: dict[str, str], told: Collection[str]) -> Iterator[Diagnostic]:
    """Sets of `-00000-of-00010` must be whole, as training demands.

    `files`: file -> where it is named; `told`: names of sets of which it is told already.
    """
    places = {set_name(file): where for file, where in reversed(files.items())}
    for fault in set_faults(files):
        name = set_name(fault.where)
        if name not in told:
            yield error("missing-shards", f"{fault.what}: {shown(fault.where)}", places[name], fault.cure)


def _nearest_records(pattern: str, folder: str) -> str | None:
    """The file of records in a folder that is called nearly as `pattern`, whatever its number and its ending."""
    files = files_of_kind(folder, "records", ENDINGS)
    stems = {_stem(file): file for file in reversed(files)}
    return stems.get(nearest(_stem(pattern), stems, cutoff=0.75) or "") or nearest_file(pattern, files)


def _stem(path: str) -> str:
    """The name of a file of records without its shard and its ending."""
    name = set_name(os.path.basename(path)).lower()
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)


def _unread(files: Mapping[str, str], good: Collection[str]) -> Iterator[Diagnostic]:
    """Sets of shards of which only some are read, while the others lie beside them.

    `files`: file -> its place; `good`: those of which nothing is wrong.
    """
    hold = set(map(set_pattern, good))
    read: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if set_pattern(file) != file:
            read[set_pattern(file)].append(file)
    for pattern, some in read.items():
        whole = _matches(pattern) if pattern in hold else []
        if len(some) < len(whole) and not any(set_faults(whole)):
            where, name = files[some[0]], shown(set_name(some[0]))
            what = f"{len(some)} of the {len(whole)} shards of {name} {'is' if len(some) == 1 else 'are'} read"
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
        meant = set_pattern(hint)
        return f"did you mean {meant}? {assignment(where, meant)}"
    return f"nothing in {shown(folder or '.')} has such a name"
