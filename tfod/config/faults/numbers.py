"""Numbers that a field cannot have: not finite ones anywhere, and those beyond the ranges of `RANGES`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from tfod.config.faults.fault import Fault, refuse
from tfod.config.faults.ranges import RANGES, Range
from tfod.config.support import message_name, refuse_missing
from tfod.config.words import is_number, is_repeated

__all__ = ["number_faults", "refuse_unusable", "with_possible_numbers"]

_ANY = Range()


@dataclass(frozen=True)
class _Wrong:
    """A number in a message, the number `position` of a list if that is not None."""

    message: Any
    field: FieldDescriptor
    position: int | None
    value: float
    path: str
    range: Range

    @property
    def instead(self) -> float:
        """A number that the field can have: its default, or the limit that was passed."""
        allowed = self.range
        if allowed.instead is not None:
            return allowed.instead
        if not is_repeated(self.field) and self.field.has_default_value and allowed.holds(self.field.default_value):
            return float(self.field.default_value)
        if math.isfinite(self.value) and self.value > allowed.most:
            return allowed.most
        return allowed.least if math.isfinite(allowed.least) and not allowed.above else min(allowed.most, 1.0)


def number_faults(message: Any) -> Iterator[Fault]:
    """For every number that is set in `message` and in the blocks inside it. Block: that of the message."""
    for wrong in _wrong_numbers(message, ""):
        whole = wrong.field.cpp_type != FieldDescriptor.CPPTYPE_FLOAT
        value = str(wrong.value) if whole else f"{wrong.value:g}"
        instead = f"{int(wrong.instead)}" if whole else f"{wrong.instead:g}"
        # An override cannot name what stands in a map.
        cure = f"choose {wrong.range}" if "{" in wrong.path else f"choose {wrong.range}: --set {{field}}={instead}"
        yield Fault(f"{wrong.field.name} is {value}", wrong.path, cure)


def refuse_unusable(message: Any, where: str) -> None:
    """Raises ConfigError where `message`, at the path `where` of a config, asks for a feature that is missing or has a
    number that its field cannot have."""
    refuse_missing(message, where)
    refuse(number_faults(message), where)


def with_possible_numbers(message: Any) -> Any:
    """A copy of `message` with other numbers in the place of those that are faults: what else is wrong can be looked
    for without falling over them."""
    copy = type(message)()
    copy.CopyFrom(message)
    for wrong in list(_wrong_numbers(copy, "")):
        whole = wrong.field.cpp_type != FieldDescriptor.CPPTYPE_FLOAT
        value = int(wrong.instead) if whole else wrong.instead
        if wrong.position is None:
            setattr(wrong.message, wrong.field.name, value)
        else:
            getattr(wrong.message, wrong.field.name)[wrong.position] = value
    return copy


def _wrong_numbers(message: Any, prefix: str) -> Iterator[_Wrong]:
    name = message_name(message.DESCRIPTOR)
    for field, value in message.ListFields():
        path = prefix + field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for key in sorted(value):
                    yield from _wrong_numbers(value[key], f"{path}{{{key}}}.")
        elif field.message_type is not None:
            for number, inner in enumerate(value if is_repeated(field) else [value]):
                yield from _wrong_numbers(inner, f"{path}[{number}]." if is_repeated(field) else f"{path}.")
        elif is_number(field):
            allowed = RANGES.get(f"{name}.{field.name}") or RANGES.get(field.name) or _ANY
            for number, item in enumerate(value if is_repeated(field) else [value]):
                if not (math.isfinite(item) and allowed.holds(item)):
                    position = number if is_repeated(field) else None
                    where = path if position is None else f"{path}[{number}]"
                    yield _Wrong(message, field, position, item, where, allowed)
