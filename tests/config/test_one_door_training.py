"""A config without errors can be built: for every number of optimizers and schedules both agree.

Each field of each part is set to numbers at its edges and beyond. Either both refuse, with the same words at the same
place, or both accept; and what is accepted also runs.
"""

import math
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.config.doors import agree, alternatives, changed, variants
from tests.training import tiny
from tfod.config.check import check_pipeline
from tfod.config.faults.numbers import number_faults
from tfod.config.pipeline import PipelineConfig
from tfod.config.words import is_repeated
from tfod.input.from_config import training_dataset
from tfod.protos import optimizer_pb2
from tfod.training.optimizer_from_config import optimizer_from_config


def _optimizer(config: PipelineConfig) -> Any:
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, schedule = optimizer_from_config(config.train_config.optimizer, step, tf.Module())
    rates = [float(schedule(tf.constant(number, tf.int64))) for number in (0, 1, 399)]
    assert all(map(math.isfinite, rates))
    return optimizer


@pytest.mark.parametrize("kind", ["rms_prop_optimizer", "momentum_optimizer", "adam_optimizer"])
def test_an_optimizer_with_each_number(base: PipelineConfig, kind: str) -> None:
    for told, change in [("defaults", lambda one: None), *variants(getattr(optimizer_pb2.Optimizer(), kind))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            optimizer = getattr(config.train_config.optimizer, kind)
            optimizer.learning_rate.constant_learning_rate.learning_rate = 0.001
            change(optimizer)

        agree(changed(base, choose), "train_config.optimizer", _optimizer, f"{kind} {told}")


@pytest.mark.parametrize("field", ["batch_size", "num_steps"])
def test_no_image_a_step_and_no_step(base: PipelineConfig, field: str, tmp_path: Path) -> None:
    config = changed(base, lambda config: setattr(config.train_config, field, 0))

    def build(config: PipelineConfig) -> Any:
        if field == "num_steps":
            return tiny.train(config, tmp_path)
        reader = config.train_input_reader
        return training_dataset(reader, config.train_config, preprocess=lambda image: image, num_classes=3)

    assert agree(config, f"train_config.{field}", build, field) is None


def test_averages_with_each_number(base: PipelineConfig) -> None:
    for told, change in variants(optimizer_pb2.Optimizer()):
        config = changed(base, lambda config, change=change: change(config.train_config.optimizer))
        agree(config, "train_config.optimizer", _optimizer, told)


SCHEDULES = alternatives(optimizer_pb2.LearningRate)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_with_each_number(base: PipelineConfig, kind: str) -> None:
    for told, change in [("defaults", lambda one: None), *variants(getattr(optimizer_pb2.LearningRate(), kind))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            schedule = getattr(config.train_config.optimizer.momentum_optimizer.learning_rate, kind)
            schedule.SetInParent()
            if kind == "manual_step_learning_rate":
                schedule.schedule.add(step=5)
            change(schedule)

        agree(changed(base, choose), "train_config.optimizer", _optimizer, f"{kind} {told}")


def test_the_numbers_of_a_manual_schedule(base: PipelineConfig) -> None:
    entry = optimizer_pb2.ManualStepLearningRate.LearningRateSchedule()
    for told, change in variants(entry):

        def choose(config: PipelineConfig, change: Any = change) -> None:
            rate = config.train_config.optimizer.momentum_optimizer.learning_rate.manual_step_learning_rate
            change(rate.schedule.add(step=5))

        agree(changed(base, choose), "train_config.optimizer", _optimizer, told)


def test_every_range_is_of_a_field_that_exists() -> None:
    from tfod.config.faults.ranges import RANGES
    from tfod.config.schema_comments import schema_comments

    fields = set(schema_comments())
    for name in RANGES:
        assert name in fields or any(field.endswith(f".{name}") for field in fields), name


def test_defaults_are_within_their_ranges(base: PipelineConfig) -> None:
    """A config that writes all defaults down is as good as one that leaves them out."""
    config = PipelineConfig()
    config.CopyFrom(base)
    _write_defaults(config)
    assert [fault.field for fault in number_faults(config)] == []


def _write_defaults(message: Any) -> None:
    for field in message.DESCRIPTOR.fields:
        if is_repeated(field) or field.message_type is not None:
            continue
        if field.has_default_value and not message.HasField(field.name):
            setattr(message, field.name, field.default_value)
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for inner in value if is_repeated(field) else [value]:
                _write_defaults(inner)


def test_the_base_is_sound(base: PipelineConfig) -> None:
    assert check_pipeline(base, for_training=True) == []
