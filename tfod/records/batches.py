"""A conversion cut into shards and batches, and one batch converted: what every way of running it shares.

Shard s of N holds the items s, s + N, s + 2N and so on. So what is in a shard does not depend on the others: each can
be made alone, by any process or machine, in any order, and the bytes are the same.
"""

import hashlib
import marshal
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.config.label_map import LabelMap
from tfod.errors import DataError
from tfod.records.convert import ConversionRules, to_examples
from tfod.records.frames import frame
from tfod.records.name_set import NAME_SIZE, name_digest
from tfod.records.summary import Summary

__all__ = ["Batch", "Converted", "Plan", "Source", "Work", "convert_batch", "digest_batch"]

_BATCH_BYTES = 2_000_000  # large enough to be worth handing over, small enough to wait in memory
_MOST_ITEMS = 128
_SAMPLED, _SAMPLED_FOR_SIZE = 32, 512
_FEATURES_BYTES = 1_000  # about, of an example beside its picture

Images = Iterable[AnnotatedImage | DataError]


class Source(NamedTuple):
    """The pictures of a conversion: `read` turns any of the items into an annotated picture, or its error, each.

    Items are small, paths for instance: they are handed from process to process, what `read` gives is not.
    """

    items: Sequence[Any]
    read: Callable[[Iterable[Any]], Images] = iter


class Batch(NamedTuple):
    """Items that are converted together. `number` counts all batches of a run, `first` tells a shard's first one."""

    number: int
    shard: int
    first: bool
    items: Sequence[Any]


class Converted(NamedTuple):
    """A batch's records, in pieces of bytes, and `checks`, of each record what stands before and after its payload.

    `names` are digests of the pictures' file names, NAME_SIZE bytes an item, zeros for what was left out; `digests`
    those of `digest_batch`, or empty.
    """

    pieces: list[bytes]
    checks: bytes
    summary: Summary
    names: bytes
    digests: bytes


@dataclass(frozen=True)
class Work:
    """What converting any batch needs. `resumable`: digests are taken, by which a later run sees what has changed."""

    read: Callable[[Iterable[Any]], Images]
    label_map: LabelMap
    rules: ConversionRules
    resumable: bool = False


@dataclass(frozen=True)
class Plan:
    """Into how many shards a conversion is cut, and into batches of how many items."""

    num_shards: int
    batch_size: int

    @classmethod
    def of(cls, source: Source, num_shards: int, shard_size: int | None) -> "Plan":
        """`num_shards` shards; or as many as give each about `shard_size` bytes, judged by a sample of the pictures."""
        size = _mean_size(source, _SAMPLED_FOR_SIZE if shard_size else _SAMPLED)
        if shard_size:
            num_shards = max(1, min(round(size * len(source.items) / shard_size), len(source.items)))
        return cls(num_shards, max(1, min(int(_BATCH_BYTES / size), _MOST_ITEMS)))

    def batches(self, source: Source, shards: Iterable[int]) -> Iterator[Batch]:
        """The batches of some shards, one shard after the other; a shard without items has one, empty."""
        number = 0
        for shard in shards:
            positions = range(shard, len(source.items), self.num_shards)
            for start in range(0, max(len(positions), 1), self.batch_size):
                items = [source.items[position] for position in positions[start : start + self.batch_size]]
                yield Batch(number, shard, start == 0, items)
                number += 1


def convert_batch(items: Sequence[Any], work: Work) -> Converted:
    """Converts a batch. Raises DataError as `work.rules` say."""
    images = list(work.read(items))
    digests = b"".join(map(_digest, images)) if work.resumable else b""
    pieces: list[bytes] = []
    summary, names, checks = Summary(), bytearray(), bytearray()
    # All of them before the first checksum, which goes through the picture once more: see `to_examples`.
    examples = list(to_examples(images, work.label_map, work.rules, summary))
    for image, example in zip(images, examples, strict=True):
        if example is None or isinstance(image, DataError):
            names += bytes(NAME_SIZE)
            continue
        record = frame(example)
        pieces += record
        checks += record[0] + record[-1]
        names += name_digest(image.filename.encode())
    return Converted(pieces, bytes(checks), summary, bytes(names), digests)


def digest_batch(items: Sequence[Any], work: Work) -> bytes:
    """Digests, 8 bytes an item, that differ where its annotation, or its picture's size or time, does."""
    return b"".join(map(_digest, work.read(items)))


def _digest(image: AnnotatedImage | DataError) -> bytes:
    if isinstance(image, DataError):
        said: tuple[Any, ...] = image.args
    else:
        said = (*image[:3], *image[4:], tuple(map(tuple, image.objects)), _version(image.picture))
    try:
        data = marshal.dumps(said, 2)  # version 2: bytes that depend on the values alone
    except ValueError:  # masks
        data = repr(said).encode()
    return hashlib.blake2b(data, digest_size=8).digest()


def _version(picture: str | None) -> tuple[int, int] | None:
    try:
        status = os.stat(picture) if picture else None
    except OSError:
        return None
    return status and (status.st_size, status.st_mtime_ns)


def _mean_size(source: Source, count: int) -> float:
    """Of a picture's record, in bytes, about."""
    step = max(1, len(source.items) // count)
    sizes = [_size(image) for image in source.read(source.items[::step])]
    return sum(sizes) / max(len(sizes), 1) + _FEATURES_BYTES


def _size(image: AnnotatedImage | DataError) -> int:
    if isinstance(image, DataError):
        return 0
    if image.encoded is not None:
        return len(image.encoded)
    version = _version(image.picture)
    return version[0] if version else 0
