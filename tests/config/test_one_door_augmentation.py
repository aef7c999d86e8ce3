"""A config without errors can be built: for every number of an augmentation step both agree.

Each field of each part is set to numbers at its edges and beyond. Either both refuse, with the same words at the same
place, or both accept; and what is accepted also runs.
"""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.augment.examples import example
from tests.config.doors import agree, changed, variants
from tfod import names
from tfod.augment.from_config import augmentation_from_config
from tfod.config.pipeline import PipelineConfig
from tfod.config.support import refuse_missing
from tfod.protos import preprocessor_pb2

# Steps that have to be told something, and the least that they have to be told.
NEEDED = {
    "normalize_image": {"original_maxval": 255.0},
    "random_resize_method": {"target_height": 5, "target_width": 9},
    "remap_labels": {"original_labels": [1], "new_label": 2},
    "resize_image": {"new_height": 5, "new_width": 9},
    "subtract_channel_mean": {"means": [1.0, 2.0, 3.0]},
}
STEPS = [field.name for field in preprocessor_pb2.PreprocessingStep.DESCRIPTOR.fields]
EXAMPLE = example()
EXAMPLE[names.MULTICLASS_SCORES] = tf.zeros([len(EXAMPLE[names.GROUNDTRUTH_CLASSES]), 3])


def _augmentation(config: PipelineConfig) -> Any:
    refuse_missing(config.train_config, "train_config")
    where = "train_config.data_augmentation_options"
    return augmentation_from_config(config.train_config.data_augmentation_options, where)


def _step(config: PipelineConfig, name: str) -> Any:
    del config.train_config.data_augmentation_options[:]
    step = getattr(config.train_config.data_augmentation_options.add(), name)
    step.SetInParent()
    # Images of one channel are for models that take one.
    config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale = name == "rgb_to_gray"
    config.train_input_reader.load_multiclass_scores = True  # one step is about them
    return step


def _runs(augment: Any, told: str) -> None:
    after = augment(EXAMPLE, (3, 4))
    image = after[names.IMAGE].numpy()
    assert np.isfinite(image).all(), told
    assert image.size > 0, told
    assert np.isfinite(after[names.GROUNDTRUTH_BOXES].numpy()).all(), told


@pytest.mark.parametrize("name", STEPS)
def test_a_step_with_defaults(base: PipelineConfig, name: str) -> None:
    augment = agree(changed(base, lambda config: _step(config, name)), "train_config.data", _augmentation, name)
    if augment is not None:
        _runs(augment, name)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_with_each_number(base: PipelineConfig, name: str) -> None:
    empty = getattr(preprocessor_pb2.PreprocessingStep(), name)
    for told, change in variants(empty):
        config = changed(base, lambda config: _step(config, name))
        step = getattr(config.train_config.data_augmentation_options[0], name)
        for field, value in NEEDED.get(name, {}).items():
            if isinstance(value, list):
                getattr(step, field).extend(value)
            else:
                setattr(step, field, value)
        change(step)
        augment = agree(config, "train_config.data", _augmentation, f"{name} {told}")
        if augment is not None and "9000" not in told:
            _runs(augment, f"{name} {told}")


OPERATIONS = ["ssd_random_crop", "ssd_random_crop_pad", "ssd_random_crop_fixed_aspect_ratio",
              "ssd_random_crop_pad_fixed_aspect_ratio"]  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_of_a_crop_with_each_number(base: PipelineConfig, name: str) -> None:
    usual = {"min_object_covered": 0.1, "min_aspect_ratio": 0.5, "max_aspect_ratio": 2.0, "min_area": 0.1,
             "max_area": 1.0, "overlap_thresh": 0.1}  # fmt: skip
    empty = getattr(preprocessor_pb2.PreprocessingStep(), name).operations.add()
    for told, change in variants(empty):
        config = changed(base, lambda config: _step(config, name))
        operation = getattr(config.train_config.data_augmentation_options[0], name).operations.add()
        for field, value in usual.items():
            if hasattr(operation, field):
                setattr(operation, field, value)
        change(operation)
        augment = agree(config, "train_config.data", _augmentation, f"{name} {told}")
        if augment is not None:
            _runs(augment, f"{name} {told}")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_after_grey(base: PipelineConfig, step: str) -> None:
    def both(config: PipelineConfig) -> None:
        inner = _step(config, "rgb_to_gray")
        inner.SetInParent()
        after = getattr(config.train_config.data_augmentation_options.add(), step)
        after.SetInParent()
        for field, value in NEEDED.get(step, {}).items():
            getattr(after, field).extend(value) if isinstance(value, list) else setattr(after, field, value)
        config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale = True

    augment = agree(changed(base, both), "train_config.data", _augmentation, step)
    if augment is not None:
        _runs(augment, step)
        assert augment(EXAMPLE, (0, 0))[names.IMAGE].shape[-1] == 1
