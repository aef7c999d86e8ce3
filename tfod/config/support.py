"""What of the schema works here: the one place that knows, for the check, for training and for docs/config.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor

from tfod.config.support_table import TABLE, Limit
from tfod.config.words import is_repeated
from tfod.errors import ConfigError

__all__ = ["Use", "clear_without_effect", "limit_of", "limits_met", "message_name", "refuse_missing"]

_PACKAGE = "tfod.protos."


@dataclass(frozen=True)
class Use:
    """A field that is set and does not do what it says; `path` begins with the prefix that was asked for."""

    path: str
    limit: Limit
    value: Any

    @property
    def what(self) -> str:
        """What is missing, in words."""
        named = f" ({self.value})" if isinstance(self.value, str) else ""
        return f"not available here: {self.limit.reason}{named}"

    @property
    def cure(self) -> str:
        """What to do instead."""
        return self.limit.instead.format(value=self.value, path=self.path)


def message_name(descriptor: Descriptor) -> str:
    """The name of a message type as the table has it: "Ssd", "CenterNet.ObjectDetection"."""
    return descriptor.full_name.removeprefix(_PACKAGE)


def limit_of(descriptor: Descriptor, field: str) -> Limit | None:
    """What limits the field of that message type; None if it works whatever its value."""
    return TABLE.get(f"{message_name(descriptor)}.{field}")


def limits_met(message: Any, prefix: str = "") -> Iterator[Use]:
    """Every set field in `message` that is missing here or has no effect, in the order of the schema.

    A field that holds its default asks for nothing. What lies inside a block that is limited itself is not looked at,
    and a feature that several fields of one block ask for is named once.
    """
    features = set()
    for field, value in message.ListFields():
        limit = limit_of(message.DESCRIPTOR, field.name)
        repeated = is_repeated(field)
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        for number, item in enumerate(value if repeated and not is_map else [value]):
            path = f"{prefix}{field.name}[{number}]" if repeated and not is_map else f"{prefix}{field.name}"
            if limit is not None and _asks(field, item, repeated) and limit.when(message, item):
                if limit.kind != "missing" or (limit.reason, _text(item)) not in features:
                    yield Use(path, limit, item)
                features.update({(limit.reason, _text(item)), (limit.reason, "")})
                if not limit.condition:
                    break  # a list is told once, at its first item
            elif field.message_type is not None and not is_map:
                yield from limits_met(item, f"{path}.")


def refuse_missing(message: Any, where: str) -> None:
    """Raises ConfigError where `message`, at the path `where` of a config, asks for a feature that is missing."""
    for use in limits_met(message, f"{where}."):
        if use.limit.kind == "missing":
            raise ConfigError(use.what, use.path, use.cure)


def clear_without_effect(message: Any) -> None:
    """Removes from `message` every set field that changes nothing."""
    for field, value in message.ListFields():
        limit = limit_of(message.DESCRIPTOR, field.name)
        repeated = is_repeated(field)
        if limit is not None and limit.kind != "missing" and (repeated or limit.when(message, value)):
            message.ClearField(field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in value if repeated else [value]:
                clear_without_effect(item)


def _asks(field: Any, value: Any, repeated: bool) -> bool:
    return bool(repeated or field.message_type is not None or value != field.default_value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
