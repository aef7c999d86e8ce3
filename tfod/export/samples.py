"""Images to compare exports on, with what is on them where that is known, and to calibrate int8 by.

Letters: `B` images, `N` boxes.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.errors import DataError
from tfod.inference.class_names import names_in_label_map
from tfod.inference.images import SUFFIXES, find_images, read_image
from tfod.input.from_config import evaluation_dataset, naming_corrupt_records
from tfod.records.files import expand

__all__ = ["Sample", "calibration_images", "samples_to_compare_on"]

_FOR_CALIBRATION = 100


@dataclass(frozen=True)
class Sample:
    """An image, uint8 `[H, W, 3]`; where truth is known, also a batch of it alone as `tfod.evaluation` takes it."""

    image: NDArray[np.uint8]
    truth: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None


def samples_to_compare_on(config: Any, images: Sequence[str] | None, count: int) -> list[Sample]:
    """At most `count` of `images`, files, folders or globs; None for those of the first `eval_input_reader`.

    Raises:
      DataError, ConfigError: There are none, or the records cannot be read.
    """
    if images:
        return [Sample(read_image(path)) for path in find_images(images)[:count]]
    if not config.eval_input_reader:
        raise DataError("the config names no validation images", "eval_input_reader", "name some with --images")
    return _of_records(config, config.eval_input_reader[0], count)


def calibration_images(config: Any, sources: Sequence[str] | None) -> list[NDArray[np.uint8]]:
    """Some images, uint8 `[H, W, 3]`, of images or TFRecords; None for the training's records.

    Raises:
      DataError, ConfigError: There are none, or the records cannot be read.
    """
    if sources and all(Path(source).is_dir() or source.lower().endswith(SUFFIXES) for source in sources):
        return [read_image(path) for path in _spread(find_images(sources), _FOR_CALIBRATION)]
    reader = copy.deepcopy(config.train_input_reader)
    if sources:
        reader.tf_record_input_reader.input_path[:] = sources
    return [sample.image for sample in _of_records(config, reader, _FOR_CALIBRATION)]


def _of_records(config: Any, reader: Any, count: int) -> list[Sample]:
    paths = list(reader.tf_record_input_reader.input_path)
    if not paths:
        raise DataError("the config names no records", "input_path", "name images: --images, or --calibration for int8")
    expand(paths)
    settings = copy.deepcopy(config.eval_config)
    settings.batch_size, settings.retain_original_images = 1, False
    classes = max(names_in_label_map(config), default=1)
    with naming_corrupt_records(reader, for_evaluation=True):
        dataset = evaluation_dataset(
            reader, settings, preprocess=lambda image: (image, tf.shape(image)), num_classes=classes
        )
        # Pixels were whole numbers before they became float32.
        return [
            Sample(features[names.IMAGE][0].numpy().astype(np.uint8), (features, labels))
            for features, labels in dataset.take(count)
        ]


def _spread(paths: Sequence[Path], count: int) -> Sequence[Path]:
    """So many of them, from the first to the last."""
    return paths[:: max(1, len(paths) // count)][:count]
