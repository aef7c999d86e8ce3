"""Whether a config's check and a part that is built of it say the same."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from tfod.config.check import check_pipeline
from tfod.config.pipeline import PipelineConfig
from tfod.config.words import is_repeated
from tfod.errors import ConfigError

NAN, INF = math.nan, math.inf
EDGES: dict[int, tuple[float, ...]] = {
    FieldDescriptor.CPPTYPE_FLOAT: (0.5, 0.0, -1.0, 1e-6, 1.5, 1e30, NAN, -INF),
    FieldDescriptor.CPPTYPE_INT32: (7, 0, -1, 9000, 2**31 - 1, -(2**31)),
    FieldDescriptor.CPPTYPE_UINT32: (7, 0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_BOOL: (False, True),
}


def alternatives(message: Any) -> list[str]:
    return [field.name for field in message.DESCRIPTOR.fields]


def variants(message: Any, repeat: tuple[int, ...] = (1, 2, 3)) -> Iterator[tuple[str, Any]]:
    """A name and a function of a message for each field and each number at the edges."""
    for field in message.DESCRIPTOR.fields:
        if field.enum_type is not None:
            numbers: Any = [value.number for value in field.enum_type.values]
        else:
            numbers = EDGES.get(field.cpp_type, ())
        for number in numbers:
            if is_repeated(field):
                for count in repeat if number == numbers[0] else repeat[-2:]:
                    yield f"{field.name}={[number] * count}", partial(_set_list, field.name, [number] * count)
            else:
                yield f"{field.name}={number}", partial(_set, field.name, number)


def _set(field: str, value: Any, message: Any) -> None:
    setattr(message, field, value)


def _set_list(field: str, values: list[Any], message: Any) -> None:
    """Sets the whole list, or the first number of one that has to be longer."""
    there = list(getattr(message, field))
    message.ClearField(field)
    getattr(message, field).extend(values + there[len(values) :])


def at(message: Any, path: str) -> Any:
    for name in path.split("."):
        message = getattr(message, name)
    return message


def agree(config: PipelineConfig, where: str, build: Callable[[PipelineConfig], Any], told: str) -> Any:
    """What is built of the config; None where the check finds an error below `where` and `build` says the same."""
    findings = [one for one in check_pipeline(config, for_training=True) if one.severity == "error"]
    mine = {(one.what, one.where) for one in findings if one.where.startswith(where)}
    try:
        built = build(config)
    except ConfigError as error:
        assert (error.what, error.where) in mine, f"{told}: the part alone refuses it"
        return None
    assert not mine, f"{told}: the check alone refuses it"
    return built


def changed(base: PipelineConfig, change: Callable[[PipelineConfig], Any]) -> PipelineConfig:
    config = PipelineConfig()
    config.CopyFrom(base)
    change(config)
    return config
