"""The data sets that `pipeline.config` describes, and the errors of their records."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from tfod.augment.albumentations_objects import ObjectAlbumentations
from tfod.augment.from_config import augmentation_from_config
from tfod.config.faults.fault import refuse
from tfod.config.faults.numbers import refuse_unusable
from tfod.config.faults.reading import keypoint_faults, path_faults, score_faults
from tfod.config.faults.training import batch_size_faults
from tfod.config.label_map import read_label_map
from tfod.config.mask_kinds import wanted_masks
from tfod.input.corrupt import naming_corrupt
from tfod.input.dataset import Preprocess, ResizeMasks, Shape, evaluation_batches, training_batches
from tfod.input.decode import RecordDecoder
from tfod.input.decode_shapes import ObjectShapes
from tfod.input.record_stream import RecordSource
from tfod.protos.eval_pb2 import EvalConfig
from tfod.protos.input_reader_pb2 import InputReader
from tfod.protos.train_pb2 import TrainConfig
from tfod.records.files import expand

__all__ = [
    "decoder_from_config",
    "evaluation_dataset",
    "naming_corrupt_records",
    "record_source_from_config",
    "training_dataset",
]

_TRAINING, _EVALUATION = "train_input_reader", "eval_input_reader[0]"
_ANY_CLASS = 2**31 - 1


def training_dataset(
    reader: InputReader,
    train_config: TrainConfig,
    *,
    preprocess: Preprocess,
    num_classes: int,
    resize_masks: ResizeMasks | None = None,
    augment: ObjectAlbumentations | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """The data set of `tfod.input.dataset.training_batches` that a pipeline.config asks for.

    Args:
        reader: `train_input_reader`.
        train_config: its batch size and augmentation steps are used.
        preprocess: the model's `preprocess.image`.
        num_classes: `C`.
        resize_masks: the model's `preprocess.masks`, for a reader that loads masks.
        augment: instead of the augmentation steps of `train_config`.
        options: of `training_batches`: seed, skip_corrupt, deterministic, first_batch, tally.

    Raises:
        ConfigError: the reader, the batch size or an augmentation step cannot be used.
        DataError: there is no record.
    """
    refuse_unusable(train_config, "train_config")
    batch_size = train_config.batch_size
    refuse(batch_size_faults(batch_size), "train_config")
    steps = train_config.data_augmentation_options
    names = [step.WhichOneof("preprocessing_step") for step in steps]
    refuse(score_faults(reader.load_multiclass_scores, train_config.use_multiclass_scores, names), "train_config")
    decode = decoder_from_config(reader, num_classes, for_evaluation=False)
    where = "train_config.data_augmentation_options"
    change = augment or augmentation_from_config(steps, where, num_keypoints=reader.num_keypoints)
    return training_batches(
        record_source_from_config(reader, _TRAINING),
        decode,
        change,
        _shape(reader, preprocess, num_classes, batch_size, resize_masks, train_config.use_multiclass_scores),
        **options,
    )


def evaluation_dataset(
    reader: InputReader,
    eval_config: EvalConfig,
    *,
    preprocess: Preprocess,
    num_classes: int,
    resize_masks: ResizeMasks | None = None,
    batch_size: int | None = None,
) -> tf.data.Dataset:
    """The data set of `tfod.input.dataset.evaluation_batches` that a pipeline.config asks for.

    The last batch may be smaller, so that no image is missing from the metrics. (The original drops it
    without a word; it is dropped here if the config itself says `drop_remainder: true`.)

    Args:
        reader: the first `eval_input_reader`.
        eval_config: its batch size and `retain_original_images` are used.
        preprocess: the model's `preprocess.image`.
        num_classes: `C`.
        resize_masks: as for `training_dataset`.
        batch_size: `B`, instead of `eval_config.batch_size`.

    Raises:
        ConfigError: the reader cannot be used, or the evaluation asks for what is missing.
        DataError: there is no record.
    """
    refuse_unusable(eval_config, "eval_config")
    decode = decoder_from_config(reader, num_classes, for_evaluation=True)
    return evaluation_batches(
        record_source_from_config(reader, _EVALUATION),
        decode,
        _shape(reader, preprocess, num_classes, batch_size or eval_config.batch_size, resize_masks),
        retain_original_images=eval_config.retain_original_images,
        drop_remainder=reader.HasField("drop_remainder") and reader.drop_remainder,
    )


def naming_corrupt_records(reader: InputReader, *, for_evaluation: bool = False) -> AbstractContextManager[None]:
    """`tfod.input.corrupt.naming_corrupt` for the records of a reader."""
    where = _EVALUATION if for_evaluation else _TRAINING
    return naming_corrupt(
        lambda: (
            record_source_from_config(reader, where).paths,
            decoder_from_config(reader, _ANY_CLASS, for_evaluation=for_evaluation),
        ),
        list(reader.tf_record_input_reader.input_path),
    )


def record_source_from_config(reader: InputReader, where: str) -> RecordSource:
    """The files that a reader names: one group, or one for each `input_path` if the reader weighs them.

    Raises:
        ConfigError: the reader asks for what is not supported, or its weights do not fit its paths.
        DataError: a path matches nothing, or a set of shards is incomplete.
    """
    refuse_unusable(reader, where)
    paths = list(reader.tf_record_input_reader.input_path)
    weights = tuple(reader.sample_from_datasets_weights)
    refuse(path_faults(len(paths), weights), where)
    refuse(keypoint_faults(reader.num_keypoints, len(reader.keypoint_type_weight)), where)
    return RecordSource(
        groups=tuple(tuple(expand(group)) for group in ([[path] for path in paths] if weights else [paths])),
        weights=weights,
        shuffle=reader.shuffle,
        filenames_shuffle_buffer_size=reader.filenames_shuffle_buffer_size,
        shuffle_buffer_size=reader.shuffle_buffer_size,
        num_readers=reader.num_readers,
        read_block_length=reader.read_block_length,
        sample_1_of_n=reader.sample_1_of_n_examples,
    )


def decoder_from_config(reader: InputReader, num_classes: int, *, for_evaluation: bool) -> RecordDecoder:
    """The decoder for the records of a reader; ConfigError if its label map cannot be read."""
    label_map = read_label_map(reader.label_map_path) if reader.label_map_path else None
    shapes = ObjectShapes(
        wanted_masks(reader),
        reader.num_keypoints,
        reader.load_multiclass_scores,
    )
    return RecordDecoder(label_map, num_classes, for_evaluation=for_evaluation, shapes=shapes)


def _shape(
    reader: InputReader,
    preprocess: Preprocess,
    num_classes: int,
    batch_size: int,
    resize_masks: ResizeMasks | None,
    scores_as_classes: bool = False,
) -> Shape:
    return Shape(
        preprocess,
        num_classes,
        batch_size,
        reader.max_number_of_boxes,
        reader.num_prefetch_batches,
        resize_masks,
        tuple(reader.keypoint_type_weight),
        scores_as_classes,
    )
