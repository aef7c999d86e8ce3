"""From the files that an input reader names to a stream of serialized records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfod.config.support import refuse_missing
from tfod.errors import ConfigError, DataError
from tfod.protos import input_reader_pb2
from tfod.records.files import expand
from tfod.records.frames import read_frames

__all__ = ["input_files", "read_records"]

_READ_AHEAD_BYTES = 1 << 23


def input_files(reader: input_reader_pb2.InputReader) -> list[list[str]]:
    """The TFRecord files of a reader: one list, or one for each `input_path` if the reader weighs them.

    Raises:
        ConfigError: the reader asks for what is not supported, or its weights do not fit its paths.
        DataError: a path matches nothing, or a set of shards is incomplete.
    """
    refuse_missing(reader, "input_reader")
    paths = list(reader.tf_record_input_reader.input_path)
    if not paths:
        cure = "set tf_record_input_reader { input_path: 'annotations/train.record' }"
        raise ConfigError("no input_path is given", "input_reader", cure)
    weights = reader.sample_from_datasets_weights
    if not weights:
        return [expand(paths)]
    if len(weights) != len(paths):
        what = f"{len(weights)} sample_from_datasets_weights for {len(paths)} input_paths"
        raise ConfigError(what, "input_reader", "give one weight for each input_path")
    return [expand([path]) for path in paths]


def read_records(
    reader: input_reader_pb2.InputReader,
    *,
    repeat: bool,
    seed: int,
    deterministic: bool,
    skipped: Sequence[tuple[str, int]] = (),
) -> tf.data.Dataset:
    """The records of a reader as scalar string tensors, in its order, once or for ever.

    Args:
        reader: says which files, how many of them at a time, and what is shuffled.
        repeat: whether the records start over when all have been read.
        seed: decides the shuffles.
        deterministic: whether records of files that are read at the same time keep their order.
        skipped: file and number (from 0) of records to leave out. With the first one that cannot be read
            the rest of its file is left out too, because nothing says where the next begins.

    Raises:
        ConfigError, DataError: as `input_files`, and DataError where there is no record.
    """
    groups = input_files(reader)
    if not any(_has_record(path, skipped) for group in groups for path in group):
        raise _no_records(groups)
    datasets = [_read_group(reader, group, repeat, seed, deterministic, skipped) for group in groups]
    if len(datasets) == 1:
        return datasets[0]
    return tf.data.Dataset.sample_from_datasets(datasets, list(reader.sample_from_datasets_weights), seed)


def _no_records(groups: Sequence[Sequence[str]]) -> DataError:
    first, count = groups[0][0], sum(len(group) for group in groups)
    where = first if count == 1 else f"{first} and {count - 1} more files"
    return DataError("there is no record to read", where, "convert the data again; check its summary")


def _read_group(
    reader: input_reader_pb2.InputReader,
    paths: list[str],
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

    files = tf.data.Dataset.from_tensor_slices(paths)
    if reader.shuffle and len(paths) > 1:
        files = files.shuffle(max(reader.filenames_shuffle_buffer_size, 1), seed)
    records = files.interleave(
        read,
        cycle_length=max(min(reader.num_readers, len(paths)), 1),
        block_length=max(reader.read_block_length, 1),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=deterministic or not reader.shuffle,
    )
    if reader.sample_1_of_n_examples > 1:
        records = records.shard(reader.sample_1_of_n_examples, 0)
    if reader.shuffle:
        # Before `repeat`, so that an epoch shows every picture once; the buffer holds encoded pictures.
        records = records.shuffle(max(reader.shuffle_buffer_size, 1), seed)
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
