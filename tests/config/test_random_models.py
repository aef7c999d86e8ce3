"""Whole models with a few fields at random: what the check calls sound is built, and what it refuses is not."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor

from tests.config.doors import changed
from tests.models.configs import small_ssd
from tfod.config.architectures import ARCHITECTURES
from tfod.config.check import check_pipeline
from tfod.config.pipeline import PipelineConfig
from tfod.config.rules.walk import blocks
from tfod.config.words import is_repeated
from tfod.errors import ConfigError
from tfod.models.build import build_model

NUMBERS: dict[int, tuple[float, ...]] = {
    FieldDescriptor.CPPTYPE_FLOAT: (0.5, 0.0, 1.0, 0.01, 2.0, -1.0),
    FieldDescriptor.CPPTYPE_INT32: (1, 2, 0, 3, 7, -1, 5),
    FieldDescriptor.CPPTYPE_UINT32: (1, 2, 0, 3, 7),
    FieldDescriptor.CPPTYPE_BOOL: (True, False),
}
TYPES = [
    row.name for row in ARCHITECTURES.values() if row.family == "ssd" and row.buildable and "mobilenet" in row.network
]


def _random_models(count: int) -> Iterator[tuple[str, PipelineConfig, set[tuple[str, str]]]]:
    """What was changed, the config, and the errors that the check finds in it."""
    draw = random.Random(8)
    base = PipelineConfig()
    base.model.CopyFrom(small_ssd())
    for _ in range(count):
        told: list[str] = []
        config = changed(base, lambda one, told=told: _change(one.model.ssd, draw, told))  # type: ignore[misc]
        errors = [one for one in check_pipeline(config, for_training=False) if one.severity == "error"]
        yield ", ".join(told), config, {(one.what, one.where) for one in errors}


def _change(ssd: Any, draw: random.Random, told: list[str]) -> None:
    ssd.feature_extractor.type = draw.choice(TYPES)
    told.append(ssd.feature_extractor.type)
    for _ in range(draw.randint(1, 3)):
        block = draw.choice([block for _, block in blocks(ssd) if block.DESCRIPTOR.fields])
        field = draw.choice(list(block.DESCRIPTOR.fields))
        if field.cpp_type not in NUMBERS or field.name in ("num_classes", "num_layers"):
            continue
        value = draw.choice(NUMBERS[field.cpp_type])
        told.append(f"{block.DESCRIPTOR.name}.{field.name}={value}")
        if is_repeated(field):
            getattr(block, field.name).append(value)
        else:
            setattr(block, field.name, value)


def test_what_the_check_refuses_cannot_be_built() -> None:
    refused = 0
    for told, config, errors in _random_models(40):
        if not errors:
            continue
        with pytest.raises(ConfigError) as caught:
            build_model(config.model)
        # The check may know the field, where the part knows the block.
        found = caught.value
        assert any(what == found.what and where.startswith(found.where) for what, where in errors), (told, errors)
        refused += 1
    assert refused > 15


@pytest.mark.slow
def test_what_the_check_does_not_refuse_can_be_built() -> None:
    sound = [(told, config) for told, config, errors in _random_models(30) if not errors]
    assert len(sound) > 5
    for told, config in sound:
        try:
            build_model(config.model)
        except ConfigError as error:
            pytest.fail(f"{told}: {error}")
