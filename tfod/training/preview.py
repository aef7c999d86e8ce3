"""What training makes of one image: draws of its augmentation, and what the network sees of each."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfod import names
from tfod.augment.albumentations_objects import read_object_albumentations
from tfod.augment.example import Example
from tfod.augment.from_config import augmentation_from_config, flip_permutation
from tfod.config.gray import with_gray
from tfod.config.keypoints import keypoint_edges
from tfod.config.label_map import read_label_map
from tfod.config.pipeline import PipelineConfig
from tfod.explore.find_example import find_example
from tfod.input.from_config import decoder_from_config, naming_corrupt_records, record_source_from_config
from tfod.models.build import build_model
from tfod.models.preprocess import Preprocess
from tfod.records.frames import read_frames
from tfod.visualize.augmented import AugmentationDraw, Labelled, Legend

__all__ = ["Preview", "preview_augmentation"]


class Preview(NamedTuple):
    """Draws of an image, the one without augmentation first.

    Attributes:
      name: The image's, as its record has it.
      draws: The image as recorded, then a draw for each seed.
      legend: What the objects are called.
    """

    name: str
    draws: list[AugmentationDraw]
    legend: Legend


def preview_augmentation(
    config: PipelineConfig,
    seeds: Sequence[int],
    *,
    record: int = 0,
    name: str | None = None,
    albumentations: str = "",
) -> Preview:
    """One image of the training set after the steps of a config, or those of a pipeline of Albumentations.

    Args:
      config: Its `train_input_reader`, its steps and its model count; no checkpoint is read.
      seeds: One a draw, in [0, 2**31); the same one gives the same image.
      record: Which image, counted from 0 through all files.
      name: Its file name instead, with or without its extension.
      albumentations: A file with a pipeline of Albumentations that augments instead of the config's steps.

    Raises:
      ConfigError: a part of the config cannot be used.
      DataError: there is no such record, or it cannot be decoded.
    """
    config = with_gray(config)
    reader = config.train_input_reader
    where = "train_config.data_augmentation_options"
    options = config.train_config.data_augmentation_options
    pipeline = read_object_albumentations(albumentations, flip_permutation(options)) if albumentations else None
    augment = pipeline or augmentation_from_config(options, where, num_keypoints=reader.num_keypoints)
    found = find_example(record_source_from_config(reader, "train_input_reader").paths, record, name)
    serialized = next(islice(read_frames(found.file), found.record, None))
    model = build_model(config.model)
    with naming_corrupt_records(reader), pipeline.failures_told() if pipeline else nullcontext():
        example = decoder_from_config(reader, model.num_classes, for_evaluation=False)(serialized, found.record)
        draws = [_draw(None, example, model.preprocess)]
        draws += [_draw(seed, _augmented(augment, example, seed), model.preprocess) for seed in seeds]
    class_names = read_label_map(reader.label_map_path).names if reader.label_map_path else {}
    return Preview(found.name, draws, Legend(class_names, keypoint_edges(config.eval_config)))


def _augmented(augment: Callable[[Example, Any], Example], example: Example, seed: int) -> Example:
    """The first image of a run with this seed would be augmented so."""
    return augment(dict(example), tf.constant([seed, 0], tf.int64))


def _draw(seed: int | None, example: Example, preprocess: Preprocess) -> AugmentationDraw:
    inputs, true_shape = preprocess.image(example[names.IMAGE])
    height, width = (int(side) for side in true_shape[:2])
    labelled = Labelled(
        _shown(example[names.IMAGE]),
        example[names.GROUNDTRUTH_BOXES].numpy(),
        example[names.GROUNDTRUTH_CLASSES].numpy(),
        *(
            example[key].numpy() if key in example else None
            for key in (
                names.GROUNDTRUTH_INSTANCE_MASKS,
                names.GROUNDTRUTH_KEYPOINTS,
                names.GROUNDTRUTH_KEYPOINT_VISIBILITIES,
            )
        ),
    )
    return AugmentationDraw(seed, labelled, _shown(preprocess.denormalize(inputs)), (height, width))


def _shown(image: Any) -> Any:
    """uint8 `[H, W, 3]`, of an image of any number of channels and values about 0 to 255."""
    values = np.clip(np.rint(np.asarray(image, np.float32)), 0, 255).astype(np.uint8)
    return np.broadcast_to(values, (*values.shape[:2], 3))
