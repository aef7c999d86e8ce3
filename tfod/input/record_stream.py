"""From files of records to a stream of serialized records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod.errors import DataError
from tfod.records.frames import read_frames

__all__ = ["RecordSource", "read_records"]

_READ_AHEAD_BYTES = 1 << 23


@dataclass(frozen=True)
class RecordSource:
    """Files of records, and how they are read.

    Attributes:
        groups: paths of TFRecord files, in groups that are mixed by `weights`.
        weights: how often a record of each group comes, relative to the others; () for a single group.
        shuffle: whether files and records come in an order new for each epoch.
        filenames_shuffle_buffer_size: among how many files the next one is drawn.
        shuffle_buffer_size: among how many records the next one is drawn.
        num_readers: how many files are read at a time.
        read_block_length: how many records come from one of them before the next one's turn.
        sample_1_of_n: every n-th record counts.
    """

    groups: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...] = ()
    shuffle: bool = True
    filenames_shuffle_buffer_size: int = 100
    shuffle_buffer_size: int = 2048
    num_readers: int = 64
    read_block_length: int = 32
    sample_1_of_n: int = 1

    @property
    def paths(self) -> list[str]:
        """All files."""
        return [path for group in self.groups for path in group]


def read_records(
    source: RecordSource,
    *,
    repeat: bool,
    seed: int,
    deterministic: bool,
    skipped: Sequence[tuple[str, int]] = (),
) -> tf.data.Dataset:
    """The records of a source as scalar string tensors, in its order, once or for ever.

    Args:
        source: which files, how many of them at a time, and what is shuffled.
        repeat: whether the records start over when all have been read.
        seed: decides the shuffles.
        deterministic: whether records of files that are read at the same time keep their order.
        skipped: file and number (from 0) of records to leave out. With the first one that cannot be read
            the rest of its file is left out too, because nothing says where the next begins.

    Raises:
        DataError: there is no record.
    """
    if not any(_has_record(path, skipped) for path in source.paths):
        raise _no_records(source.paths)
    datasets = [_read_group(source, group, repeat, seed, deterministic, skipped) for group in source.groups]
    if len(datasets) == 1:
        return datasets[0]
    return tf.data.Dataset.sample_from_datasets(datasets, list(source.weights), seed)


def _no_records(paths: Sequence[str]) -> DataError:
    where = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more files"
    return DataError("there is no record to read", where, "convert the data again; check its summary")


def _read_group(
    source: RecordSource,
    paths: Sequence[str],
    repeat: bool,
    seed: int,
    deterministic: bool,
    skipped: Sequence[tuple[str, int]],
) -> tf.data.Dataset:
    unusable = tf.constant([f"{path}#{number}" for path, number in skipped], tf.string)

    def read(path: Any) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset(path, buffer_size=_READ_AHEAD_BYTES)
        if not skipped:
            return records
        numbered = records.ignore_errors().enumerate()
        usable = numbered.filter(lambda number, _: tf.reduce_all(_key(path, number) != unusable))
        return usable.map(lambda _, record: record)

    files = tf.data.Dataset.from_tensor_slices(list(paths))
    if source.shuffle and len(paths) > 1:
        files = files.shuffle(max(source.filenames_shuffle_buffer_size, 1), seed)
    records = files.interleave(
        read,
        cycle_length=max(min(source.num_readers, len(paths)), 1),
        block_length=max(source.read_block_length, 1),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=deterministic or not source.shuffle,
    )
    if source.sample_1_of_n > 1:
        records = records.shard(source.sample_1_of_n, 0)
    if source.shuffle:
        # Before `repeat`, so that an epoch shows every image once; the buffer holds encoded images.
        records = records.shuffle(max(source.shuffle_buffer_size, 1), seed)
    return records.repeat() if repeat else records


def _key(path: Any, number: Any) -> Any:
    return tf.strings.join([path, "#", tf.strings.as_string(number)])


def _has_record(path: str, skipped: Sequence[tuple[str, int]]) -> bool:
    unusable = {number for skipped_path, number in skipped if skipped_path == path}
    try:
        return any(number not in unusable for number, _ in enumerate(read_frames(path)))
    except DataError:
        if unusable:
            return False
        raise
