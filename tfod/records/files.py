"""Names of TFRecord files: shards, patterns, and whether a set is complete."""

import os
import re
import shlex
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from tfod.errors import DataError, OutputError
from tfod.files import LFS_CURE, files_matching, is_lfs_pointer
from tfod.records.frames import CHECKS_BEFORE, masked_crc
from tfod.stores import is_file, normal, open_file

__all__ = [
    "RECORD_NAME",
    "class_table_path",
    "expand",
    "interleaved",
    "matching_files",
    "records_below",
    "set_faults",
    "set_name",
    "shard_names",
    "with_folders",
]

T = TypeVar("T")

RECORD_NAME = re.compile(
    r".*\.(?:(?:tf)?records?|tfrec)(-\d{5}-of-\d{5})?|.*-\d{5}-of-\d{5}(\.(?:tf)?records?|\.tfrec)?"
)
_GUNZIP = "unpack them: gzip -dc {path} > {plain}"
_INFLATE = (
    "unpack them: python -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'"
)
_COMPRESSED = (
    (b"\x1f\x8b", "GZIP", _GUNZIP),
    *((bytes((0x78, level)), "ZLIB", _INFLATE + " < {path} > {plain}") for level in (0x01, 0x5E, 0x9C, 0xDA)),
)
_SHARD = re.compile(r"(?P<base>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>[^/]*)")


def shard_names(path: str, num_shards: int) -> list[str]:
    """The files of a set: `path` itself for one, `path-00000-of-00010` and so on for more; OutputError below one."""
    if num_shards < 1:
        raise OutputError(f"cannot write {num_shards} shards", path, "ask for 1 shard or more")
    return [path] if num_shards == 1 else _shards(path, num_shards)


def set_name(path: str) -> str:
    """The name that all files of a set share: `train.record` for `train.record-00003-of-00010`."""
    match = _SHARD.fullmatch(path)
    return match["base"] + match["end"] if match else path


def class_table_path(path: str) -> str:
    """Where the class table of records with masks lies; `path` is the set's name or one of its files.

    >>> class_table_path("a/train.record-00003-of-00010")
    'a/train.classes.txt'
    """
    return os.path.splitext(set_name(path))[0] + ".classes.txt"


def expand(input_paths: Sequence[str]) -> list[str]:
    """The files that `input_paths` (names or glob patterns, as in `input_path` of a config) stand for, sorted.

    Raises DataError where a pattern matches nothing, where a shard of a set is missing (its conversion was
    interrupted, or not all was copied), and where sets of one name but of different sizes are mixed.
    """
    found = matching_files(input_paths)
    for fault in set_faults(found):
        raise fault
    return found


def matching_files(input_paths: Sequence[str]) -> list[str]:
    """The same, of sets that may be incomplete or mixed.

    Raises DataError where a pattern matches nothing, and for files that are compressed or pointers of Git LFS.
    """
    found: set[str] = set()
    for pattern in input_paths:
        files = [normal(pattern)] if is_file(pattern) else files_matching(pattern)
        if not files:
            cure = "check the path; it is relative to the folder where the command runs"
            raise DataError("no TFRecord file matches", pattern, cure)
        found.update(files)
    for file in found:
        _check_head(file)
    return sorted(found)


def _check_head(path: str) -> None:
    """Raises DataError for a file that begins like one of another kind, and not like records."""
    try:
        with open_file(path) as file:
            head = file.read(64)
    except OSError:
        return  # told by who reads it
    if head[CHECKS_BEFORE - 4 : CHECKS_BEFORE] == struct.pack("<I", masked_crc(head[: CHECKS_BEFORE - 4])):
        return  # a record of a length that happens to look so
    if is_lfs_pointer(head):
        raise DataError("this is a pointer of Git LFS, not the records", path, LFS_CURE)
    for magic, kind, cure in _COMPRESSED:
        if head.startswith(magic):
            folder, name = os.path.split(path)
            first, dot, rest = name.partition(".")
            plain = name.removesuffix(".gz") if name.endswith(".gz") else f"{first}_plain{dot}{rest}"
            cure = cure.format(path=shlex.quote(path), plain=shlex.quote(os.path.join(folder, plain)))
            raise DataError(f"the records are compressed with {kind}", path, cure)


def with_folders(paths: Iterable[str]) -> list[str]:
    """`paths`, each folder among them replaced by the files of records below it, sorted.

    Raises DataError for a folder without any.
    """
    return [file for path in paths for file in (records_below(path) if os.path.isdir(path) else [path])]


def records_below(folder: str) -> list[str]:
    """The files below a folder that are called as records are, sorted; DataError where there is none."""
    found = [
        os.path.join(at, name)
        for at, _, names in os.walk(folder)
        for name in names
        if RECORD_NAME.fullmatch(name) and not name.startswith(".")
    ]
    if not found:
        raise DataError("the folder holds no TFRecord file", folder, "name the folder or the file of the records")
    return sorted(found)


def set_faults(paths: Iterable[str]) -> Iterator[DataError]:
    """What is wrong with the sets that these files belong to: mixed ones, then incomplete ones."""
    found = set(paths)
    counts: dict[tuple[str, str], int] = {}
    for match in filter(None, map(_SHARD.fullmatch, sorted(found))):
        base, end, count = match["base"], match["end"], int(match["count"])
        other = 1 if base + end in found else counts.setdefault((base, end), count)
        if other != count:
            cure = "delete the older set, or name one of them"
            yield DataError(f"sets of {other} and of {count} files are mixed", base + end, cure)
    for (base, end), count in counts.items():
        missing = [name for name in _shards(base, count, end) if not is_file(name)]
        if missing:
            yield DataError(
                f"the set is incomplete: {len(missing)} of its {count} shards are missing",
                missing[0],
                "convert the data again (the conversion was interrupted), or copy all of the files",
            )


def interleaved(paths: Sequence[str], read: Callable[[str], Iterator[T]]) -> Iterator[T]:
    """What `read` gives of each file, never None: of a set's shards in turn, as they were written, set after set."""
    sets: dict[str, list[str]] = {}
    for path in paths:
        sets.setdefault(set_name(path), []).append(path)
    for shards in sets.values():
        unread = list(map(read, shards))
        while unread:
            for items in tuple(unread):
                if (item := next(items, None)) is None:
                    unread.remove(items)
                else:
                    yield item


def _shards(base: str, count: int, end: str = "") -> list[str]:
    return [f"{base}-{number:05d}-of-{count:05d}{end}" for number in range(count)]
