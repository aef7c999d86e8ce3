"""Changing single values of a config from the command line: `--set train_config.batch_size=8`."""

import json
import re
from collections.abc import Sequence
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tfod.config.path_hints import shown
from tfod.config.text import merge_text, parse_text
from tfod.config.words import example, expected, is_repeated, nearest, unknown_field_cure
from tfod.errors import ConfigError
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["apply_overrides"]

_STEP = r"[A-Za-z_]\w*(?:\[[^\]]*\])?"
_ASSIGNMENT = re.compile(rf"\s*({_STEP}(?:\.{_STEP})*)\s*=(.*)", re.DOTALL)
_INDEX_WITH_DOT = re.compile(r"\.(\d+)(?=\.|\s*=)")


def apply_overrides(config: TrainEvalPipelineConfig, overrides: Sequence[str]) -> None:
    """Changes `config` by each override in turn, by all of them or, after a ConfigError, by none.

    An override is one of

    * `path=value`: `train_config.batch_size=8`, `train_config.fine_tune_checkpoint=models/x/ckpt-0` (quotes
      may be left away), `train_config.fine_tune_checkpoint_version=V2`. One of a list is meant by its
      position or its name, `eval_input_reader[0].shuffle=false`, which may be left away where only one can
      be meant, `train_config.data_augmentation_options.random_crop_image.min_area=0.5`. A list is given
      whole as `[a, b]`, a block as `{ ... }`; both replace what was there.
    * a piece of config, `train_config { batch_size: 8 }`, which is merged over it: lists grow.
    """
    changed = TrainEvalPipelineConfig()
    changed.CopyFrom(config)
    for override in overrides:
        path, equals, value = override.partition("=")
        match = _ASSIGNMENT.fullmatch(_INDEX_WITH_DOT.sub(r"[\1]", f"{path}{equals}") + value)
        if match:
            _Assignment(override, changed, match[1], match[2].strip()).apply()
        elif re.fullmatch(r"\s*[\w.\[\]]*\s*", override):
            where = f"the override {shown(repr(override))}"
            raise ConfigError("there is no value", where, f"write {override.strip()}=...")
        else:
            parse_text(override, changed, f"the override {shown(repr(override))}")
    config.CopyFrom(changed)


class _Assignment:
    """One `path=value`. Messages are Any here: their types are known only from their descriptors."""

    def __init__(self, override: str, config: TrainEvalPipelineConfig, path: str, value: str) -> None:
        self._where = f"the override {shown(repr(override))}"
        self._config = config
        self._value = value
        self._steps: list[tuple[str, str | None]] = []
        for step in re.findall(_STEP, path):
            name, _, key = step.rstrip("]").partition("[")
            self._steps.append((name, key.strip("\"' ") if "[" in step else None))

    def apply(self) -> None:
        message: Any = self._config
        for number, (name, key) in enumerate(self._steps[:-1]):
            field = self._field(message, name)
            if field.message_type is None:
                raise self._error(f"{name} is {expected(field)} and has no fields", f"write {name}=...")
            self._keep_choice(message, field, number)
            message = self._enter(message, field, key, self._steps[number + 1][0])
        self._set(message, *self._steps[-1])

    def _field(self, message: Any, name: str) -> FieldDescriptor:
        descriptor = message.DESCRIPTOR
        if field := descriptor.fields_by_name.get(name):
            return field
        cure = unknown_field_cure(name, descriptor, self._config.DESCRIPTOR, _blocks(self._config))
        raise self._error(f"{descriptor.name} has no field {shown(repr(name))}", cure)

    def _keep_choice(self, message: Any, field: FieldDescriptor, number: int) -> None:
        """A path may not throw away, unsaid, the block that the config has chosen (its optimizer, say)."""
        chosen = message.WhichOneof(field.containing_oneof.name) if field.containing_oneof else None
        if chosen not in (None, field.name):
            block = self._path(number)
            raise self._error(
                f"the config has {chosen}, of which {field.name} is an alternative",
                f"set a field of {chosen}, or switch with a whole block: --set '{block}={{ ... }}'",
            )

    def _path(self, last: int = -1) -> str:
        steps = self._steps[: last + 1] if last >= 0 else self._steps
        return ".".join(name if key is None else f"{name}[{key}]" for name, key in steps)

    def _enter(self, message: Any, field: FieldDescriptor, key: str | None, inner: str) -> Any:
        value = getattr(message, field.name)
        if not is_repeated(field):
            self._refuse_key(field, key)
            return value
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            raise self._error(f"{field.name} is a map", f"write {field.name}={{ key: ... value: ... }}")
        if key is None and not value:
            return value.add()
        position = self._position(field, value, key, inner)
        return value.add() if position == len(value) else value[position]

    def _position(self, field: FieldDescriptor, values: Any, key: str | None, inner: str = "") -> int:
        """Which of the list is meant; its length means a new one at its end."""
        if key is not None and re.fullmatch(r"\d{1,9}", key):
            if int(key) <= len(values):
                return int(key)
            raise self._error(
                f"{field.name} has {len(values)}, there is no [{key}]",
                f"choose from [0] to [{len(values)}]; the last is a new one",
            )
        names = [_names(value) for value in values] if field.message_type else []
        found = [number for number, each in enumerate(names) if (key or inner) in each]
        if len(found) == 1:
            return found[0]
        if key is None and len(values) == 1:
            return 0
        choices = [f"[{number}]{' ' if each else ''}{'/'.join(each)}" for number, each in enumerate(names)]
        choices.append(f"[{len(values)}] for a new one")
        hint = nearest(key or "", [name for each in names for name in each])
        problem = f"none is {key!r}" if key else "it is not clear which is meant"
        raise self._error(
            f"{field.name} has {len(values)} and {problem}",
            f"did you mean [{hint}]?" if hint else f"say which: {', '.join(choices)}",
        )

    def _set(self, message: Any, name: str, key: str | None) -> None:
        field = self._field(message, name)
        fresh = type(message)()
        try:
            merge_text(f"{name}: {_literal(field, self._value)}", fresh, self._where)
        except text_format.ParseError as error:
            written, sure = example(field, self._value)
            raise self._error(
                f"{name} wants {expected(field)}, not {self._value!r}",
                f"write {'' if sure else 'for example '}{self._path()}={written}",
            ) from error
        if field.message_type is None:
            self._keep_choice(message, field, len(self._steps) - 1)
        if key is None or not is_repeated(field):
            self._refuse_key(field, key)
            message.ClearField(name)
            message.MergeFrom(fresh)
        else:
            self._set_element(field, getattr(message, name), key, getattr(fresh, name))

    def _set_element(self, field: FieldDescriptor, values: Any, key: str, fresh: Any) -> None:
        if len(fresh) != 1:
            raise self._error(f"{field.name}[{key}] wants one value", f"write {expected(field)}")
        position = self._position(field, values, key)
        if position == len(values):
            values.extend(fresh)
        elif field.message_type is None:
            values[position] = fresh[0]
        else:
            values[position].CopyFrom(fresh[0])

    def _refuse_key(self, field: FieldDescriptor, key: str | None) -> None:
        if key is not None:
            raise self._error(f"{field.name} is not a list", f"write {field.name} without [{key}]")

    def _error(self, what: str, cure: str) -> ConfigError:
        return ConfigError(what, self._where, cure)


def _names(message: Any) -> list[str]:
    """By what a message of a list may be called: its name, and the alternatives that it has chosen."""
    names = [message.WhichOneof(oneof.name) for oneof in message.DESCRIPTOR.oneofs]
    names.append(getattr(message, "name", ""))
    return [name for name in names if name]


def _literal(field: FieldDescriptor, value: str) -> str:
    """The value as a text proto spells it: texts get quotes, enum values and booleans their usual case."""
    if field.message_type is not None:
        return value
    if value.startswith("[") and value.endswith("]") and is_repeated(field):
        items = [item.strip() for item in value[1:-1].split(",") if item.strip()]
        return f"[{', '.join(_literal(field, item) for item in items)}]"
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        quoted = len(value) >= 2 and value[0] in "\"'" and value[-1] == value[0]
        return value if quoted else json.dumps(value, ensure_ascii=False)
    if field.enum_type is not None:
        return value.upper()
    return value.lower() if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else value


def _blocks(message: Any, prefix: str = "") -> dict[str, Descriptor]:
    """The paths and types of all blocks that the message has; of a list, one for all of its entries."""
    blocks: dict[str, Descriptor] = {}
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        path = prefix + field.name
        blocks[path] = field.message_type
        for inner in value if is_repeated(field) else [value]:
            blocks.update(_blocks(inner, path + "."))
    return blocks
