"""TFRecord files as all rooms see them: what the shards of a set are called, when a set is whole, how a file begins."""

import os
import re
import shlex
import struct
from collections.abc import Iterable, Iterator

from google_crc32c import value as crc32c

from tfod.errors import DataError, OutputError
from tfod.files import LFS_CURE, is_lfs_pointer
from tfod.stores import is_file

__all__ = [
    "CUT_OFF",
    "ENDINGS",
    "FOOTER",
    "HEADER",
    "MOST_BYTES",
    "foreign_head",
    "header_fault",
    "is_record_name",
    "masked_crc",
    "set_faults",
    "set_name",
    "set_pattern",
    "shard_names",
]

ENDINGS = (".record", ".records", ".tfrecord", ".tfrecords", ".tfrec")
"""How names of records end, or those of their sets."""

HEADER = struct.Struct("<QI")
"""What stands before a record's payload: its length, and the checksum of that."""

FOOTER = struct.Struct("<I")
"""What stands after it: its checksum."""

MOST_BYTES = (1 << 31) - 1
"""Of a tf.Example, as of any message of protobuf."""

CUT_OFF = "the TFRecord file ends inside a record"
"""What is wrong with a file whose writer was killed."""

_SHARD = re.compile(r"(?P<base>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>[^/]*)", re.DOTALL)
_MASK_DELTA = 0xA282EAD8
_INFLATE = (
    "unpack them: python -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'"
    " < {path} > {plain}"
)
_COMPRESSED = (
    (b"\x1f\x8b", "GZIP", "unpack them: gzip -dc {path} > {plain}"),
    (b"BZh", "bzip2", "unpack them: bzip2 -dc {path} > {plain}"),
    (b"\xfd7zXZ\0", "xz", "unpack them: xz -dc {path} > {plain}"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "unpack them: zstd -dc {path} > {plain}"),
    (b"PK\x03\x04", "ZIP", "unpack them: unzip -p {path} > {plain}"),
    *((bytes((0x78, level)), "ZLIB", _INFLATE) for level in (0x01, 0x5E, 0x9C, 0xDA)),
)
_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zip")


def shard_names(path: str, num_shards: int) -> list[str]:
    """The files of a set: `path` itself for one, `path-00000-of-00010` and so on for more; OutputError below one."""
    if num_shards < 1:
        raise OutputError(f"cannot write {num_shards} shards", path, "ask for 1 shard or more")
    return [path] if num_shards == 1 else _shards(path, num_shards)


def set_name(path: str) -> str:
    """The name that all files of a set share.

    >>> set_name("a/train.record-00003-of-00010"), set_name("a/train.record")
    ('a/train.record', 'a/train.record')
    """
    match = _SHARD.fullmatch(path)
    return match["base"] + match["end"] if match else path


def set_pattern(path: str) -> str:
    """The pattern that stands for all files of a shard's set; of a file that is no shard, its path.

    >>> set_pattern("a/train.record-00003-of-00010")
    'a/train.record-?????-of-00010'
    """
    match = _SHARD.fullmatch(path)
    return f"{match['base']}-?????-of-{match['count']}{match['end']}" if match else path


def is_record_name(name: str) -> bool:
    """Whether a file is called as records are; the shards of a set may lack the ending, those of a checkpoint are none.

    >>> [is_record_name(name) for name in ("a.tfrecord", "a-00000-of-00002", "ckpt-1.data-00000-of-00001", "a.png")]
    [True, True, False, False]
    """
    match = _SHARD.fullmatch(name)
    if match is None or match["end"]:
        return set_name(name).endswith(ENDINGS)
    return not match["base"].endswith(".data")


def set_faults(paths: Iterable[str]) -> Iterator[DataError]:
    """What is wrong with the sets that these files belong to: mixed ones, then incomplete ones.

    A set is the files of one name but for the number, `-00000-of-00010` to `-00009-of-00010` (some tools count from 1),
    or the one file of that name. The place of a fault is the set's name, or the first shard that is missing.
    """
    found = set(paths)
    sizes: dict[tuple[str, str], set[int]] = {}
    for match in filter(None, map(_SHARD.fullmatch, sorted(found))):
        base, end, count = match["base"], match["end"], int(match["count"])
        sizes.setdefault((base, end), {1} if base + end in found else set()).add(count)
    for (base, end), counts in sizes.items():
        if len(counts) > 1:
            several = " and ".join(map(str, sorted(counts)))
            yield DataError(f"sets of {several} files are mixed", base + end, "delete the older, or name one of them")
    for (base, end), counts in sizes.items():
        count = max(counts)
        names = _shards(base, count, end)
        if is_file(last := f"{base}-{count:05d}-of-{count:05d}{end}"):
            names = [*names[1:], last]
        missing = [name for name in names if not is_file(name)] if len(counts) == 1 else []
        if missing:
            what = f"the set is incomplete: {len(missing)} of its {count} shards are missing"
            cure = "write the records again (the conversion was interrupted), or copy all of the files"
            yield DataError(what, missing[0], cure)


def masked_crc(data: bytes) -> int:
    """The checksum that TFRecords store of `data`, a uint32."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def header_fault(header: bytes, available: int) -> str:
    """What is wrong with the head of a record, `available` bytes before the file's end; empty where nothing is."""
    if len(header) < HEADER.size:
        return CUT_OFF
    length, checksum = HEADER.unpack_from(header)
    if checksum != masked_crc(header[:8]):
        return "a record's length does not match its checksum: damaged, or no TFRecord file"
    if HEADER.size + length + FOOTER.size > available:
        return CUT_OFF
    if length > MOST_BYTES:
        return f"a record of {length / 1e9:.1f} GB is no tf.Example, which has 2.1 GB at most"
    return ""


def foreign_head(head: bytes, path: str) -> DataError | None:
    """What a file is instead of records where it begins with `head`: compressed, a pointer of Git LFS, a web page."""
    if len(head) >= HEADER.size and HEADER.unpack_from(head)[1] == masked_crc(head[:8]):
        return None  # a record of a length that happens to look so
    if is_lfs_pointer(head):
        return DataError("this is a pointer of Git LFS, not the records", path, LFS_CURE)
    if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        cure = "fetch the file itself: the page is what a browser shows of it, or asks before a download"
        return DataError("this is a web page, not the records", path, cure)
    for magic, kind, cure in _COMPRESSED:
        if head.startswith(magic):
            folder, name = os.path.split(path)
            first, dot, rest = name.partition(".")
            whole, suffix = os.path.splitext(name)
            plain = whole if suffix in _SUFFIXES else f"{first}_plain{dot}{rest}"
            cure = cure.format(path=shlex.quote(path), plain=shlex.quote(os.path.join(folder, plain)))
            return DataError(f"the records are compressed with {kind}", path, cure)
    return None


def _shards(base: str, count: int, end: str = "") -> list[str]:
    return [f"{base}-{number:05d}-of-{count:05d}{end}" for number in range(count)]
