"""Finding TFRecord files: by names, patterns and folders."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from tfod.errors import DataError
from tfod.shards import foreign_head, is_record_name, set_faults, set_name
from tfod.stores import is_file, matches, open_file

__all__ = ["class_table_path", "expand", "interleaved", "matching_files", "records_below", "with_folders"]

T = TypeVar("T")


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
        files = [*filter(is_file, matches(pattern))]
        if not files:
            cure = "check the path; it is relative to the folder where the command runs"
            raise DataError("no TFRecord file matches", pattern, cure)
        found.update(files)
    for file in found:
        try:
            with open_file(file) as opened:
                fault = foreign_head(opened.read(64), file)
        except OSError:
            continue  # told by who reads it
        if fault:
            raise fault
    return sorted(found)


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
        if is_record_name(name) and not name.startswith(".")
    ]
    if not found:
        raise DataError("the folder holds no TFRecord file", folder, "name the folder or the file of the records")
    return sorted(found)


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
