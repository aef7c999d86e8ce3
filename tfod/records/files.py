"""Names of TFRecord files: shards, patterns, and whether a set is complete."""

import glob
import os
import re
from collections.abc import Sequence

from tfod.errors import DataError

__all__ = ["expand", "parse_size", "set_name", "shard_names"]

_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[KMGT]?)B?")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SHARD = re.compile(r"(?P<base>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>[^/]*)")


def shard_names(path: str, num_shards: int) -> list[str]:
    """The files of a set: `path` itself for one, `path-00000-of-00010` and so on for more."""
    return [path] if num_shards == 1 else _shards(path, num_shards)


def set_name(path: str) -> str:
    """The name that all files of a set share: `train.record` for `train.record-00003-of-00010`."""
    match = _SHARD.fullmatch(path)
    return match["base"] + match["end"] if match else path


def parse_size(text: str) -> int:
    """Bytes as people write them; ValueError for anything else, and below one byte.

    >>> parse_size("200MB"), parse_size("1.5 GB"), parse_size("4096")
    (200000000, 1500000000, 4096)
    """
    match = _SIZE.fullmatch(text.strip().upper())
    if match is None or (size := int(float(match["number"]) * _UNITS[match["unit"]])) < 1:
        raise ValueError(f"{text!r} is no size; write 200MB or 1GB")
    return size


def expand(input_paths: Sequence[str]) -> list[str]:
    """The files that `input_paths` (names or glob patterns, as in `input_path` of a config) stand for, sorted.

    Raises DataError where a pattern matches nothing, where a shard of a set is missing (its conversion was
    interrupted, or not all was copied), and where sets of one name but of different sizes are mixed.
    """
    found: set[str] = set()
    for pattern in input_paths:
        matches = [pattern] if os.path.isfile(pattern) else glob.glob(pattern)
        files = [match for match in matches if os.path.isfile(match)]
        if not files:
            cure = "check the path; it is relative to the folder where the command runs"
            raise DataError("no TFRecord file matches", pattern, cure)
        found.update(files)
    _check_shards(found)
    return sorted(found)


def _check_shards(paths: set[str]) -> None:
    counts: dict[tuple[str, str], int] = {}
    for match in filter(None, map(_SHARD.fullmatch, sorted(paths))):
        base, end, count = match["base"], match["end"], int(match["count"])
        other = 1 if base + end in paths else counts.setdefault((base, end), count)
        if other != count:
            cure = "delete the older set, or name one of them"
            raise DataError(f"sets of {other} and of {count} files are mixed", base + end, cure)
    for (base, end), count in counts.items():
        missing = [name for name in _shards(base, count, end) if not os.path.isfile(name)]
        if missing:
            raise DataError(
                f"the set is incomplete: {len(missing)} of its {count} shards are missing",
                missing[0],
                "convert the data again (the conversion was interrupted), or copy all of the files",
            )


def _shards(base: str, count: int, end: str = "") -> list[str]:
    return [f"{base}-{number:05d}-of-{count:05d}{end}" for number in range(count)]
