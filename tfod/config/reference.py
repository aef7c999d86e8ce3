"""Writes docs/config.md: every message and field of the schema, and what it does here. Run it by `make docs`."""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tfod.config.architectures import ARCHITECTURES, types_of
from tfod.config.schema_comments import schema_comments
from tfod.config.support import limit_of, message_name
from tfod.config.support_table import Limit
from tfod.config.words import is_repeated
from tfod.files import write_text
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.string_int_label_map_pb2 import StringIntLabelMap

__all__ = ["render_reference"]

_HEAD = """\
# pipeline.config, field by field

<!-- Written by `make docs` from tfod/protos/*.proto, tfod/config/support_table.py and tfod/config/architectures.py:
change those, not this. -->

Every field that a `pipeline.config` can have, its default, and what it does here. A field that says nothing else works
as it is described. The others are marked:

* **No effect**: the original ignores it under TensorFlow 2, and so does this engine. `check_config.py` and training
  note it where it is set.
* **Not needed**: it has no effect here, where the original may need it. It is noted too.
* **Missing**: the feature does not exist here. A config that asks for it is refused, with a message that names it.

Numbers without a default are 0, texts empty, and switches off, unless something else is said. Alternatives stand above
a table: of them a config has one. Below each heading stands where the message occurs first in a config, as errors and
`--set` name it. See also the [guide to configs](configs.md).
"""
_KINDS = {
    FieldDescriptor.CPPTYPE_INT32: "integer",
    FieldDescriptor.CPPTYPE_UINT32: "integer from 0",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_STRING: "text",
}
_MARKS = {"ignored": "No effect", "by design": "Not needed", "missing": "Missing"}
# Field -> the types that it can have here.
_BUILDABLE = {
    f"{message}.type": [name for name in types_of(family) if ARCHITECTURES[name].buildable]
    for message, family in (
        ("SsdFeatureExtractor", "ssd"),
        ("FasterRcnnFeatureExtractor", "faster_rcnn"),
        ("CenterNetFeatureExtractor", "center_net"),
    )
}
_OUT_OF_REACH = "Not available"
# Names with an underscore or a dot, what stands in quotes, flags.
_CODE = re.compile(
    r"""(?<![\w/."`])(?:_?[A-Za-z]\w*_\w*(?:\.\w+)*|[a-z]+\.\w+_\w+|[A-Z]\w+\.[a-z]\w+)(?:: (?:true|false))?(?![\w"/`])
    | (?<![\w"])_\w+ | "[^"]*" | --set\ \S+=[\w.]+ | --\w+ | tfod\ zoo\ list\ --\w+""",
    re.VERBOSE,
)


def render_reference() -> str:
    """The text of docs/config.md."""
    chapters = _chapters()
    lines = [_HEAD, "Chapters: " + ", ".join(_linked(title) for title in chapters)]
    for title, paths in chapters.items():
        lines += ["", f"## {title}"]
        if title == _OUT_OF_REACH:
            lines += ["", "Fields that are missing or have no effect are the only way to these messages."]
        if len(paths) > 1:
            lines += ["", ", ".join(map(_link, paths))]
        for message, path in paths.items():
            lines += _section(message, path)
    return "\n".join(lines) + "\n"


def _chapters() -> dict[str, dict[Descriptor, str]]:
    """Title -> the messages of the chapter and the first path to each; a message stands in one chapter only."""
    root = TrainEvalPipelineConfig.DESCRIPTOR
    known = {root: ""}
    chapters = {"Top": {root: ""}}
    for field in root.fields:
        if not _is_closed(root, field) and (found := dict(_ways(field, "", known, closed_too=False))):
            chapters[f"`{field.name}`"] = found
    label_map = StringIntLabelMap.DESCRIPTOR
    known[label_map] = ""
    chapters["Label maps"] = {label_map: "", **dict(_ways_from(label_map, "", known, closed_too=True))}
    open_ones = list(known.items())
    chapters[_OUT_OF_REACH] = {
        found: way for message, path in open_ones for found, way in _ways_from(message, path, known, closed_too=True)
    }
    return chapters


def _ways_from(
    message: Descriptor, path: str, known: dict[Descriptor, str], *, closed_too: bool
) -> Iterator[tuple[Descriptor, str]]:
    """Every message below `message` that is not `known` yet, and its path; through limited fields if `closed_too`."""
    for field in message.fields:
        if closed_too or not _is_closed(message, field):
            yield from _ways(field, path, known, closed_too=closed_too)


def _ways(
    field: FieldDescriptor, above: str, known: dict[Descriptor, str], *, closed_too: bool
) -> Iterator[tuple[Descriptor, str]]:
    path = f"{above}.{field.name}".removeprefix(".")
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        message = message.fields_by_name["value"].message_type
    if message is not None and message not in known:
        known[message] = path
        yield message, path
        yield from _ways_from(message, path, known, closed_too=closed_too)


def _is_closed(message: Descriptor, field: FieldDescriptor) -> bool:
    """Whether no value of the field works."""
    limit = limit_of(message, field.name)
    return limit is not None and not limit.condition


def _section(message: Descriptor, path: str) -> Iterator[str]:
    name = message_name(message)
    yield from ("", f"### {name}", "")
    yield (f"`{path}`: " if path else "") + _code(schema_comments()[name])
    for choice in message.oneofs:
        if len(choice.fields) > 1:
            yield from ("", f"One of {', '.join(f'`{field.name}`' for field in choice.fields)}.")
    if not message.fields:
        yield from ("", "It has no fields.")
        return
    yield from ("", "| field | type | default | what it does here |", "| --- | --- | --- | --- |")
    for field in message.fields:
        what = _code(schema_comments()[f"{name}.{field.name}"])
        if types := _BUILDABLE.get(f"{name}.{field.name}"):
            what += f" Here: {', '.join(f'`{one}`' for one in types)}."
        if limit := limit_of(message, field.name):
            what += f" {_limited(limit)}"
        yield f"| `{field.name}` | {_type(field)} | {_default(field)} | {what} |"


def _limited(limit: Limit) -> str:
    mark = f"**{_MARKS[limit.kind]}**"
    if limit.condition:
        mark += f" with {_code(limit.condition)}"
    text = f"{mark}: {_code(limit.reason)}."
    if "remove" not in limit.instead:
        text += f" Instead: {_code(limit.instead.format(value='N', path='eval_config.metrics_set[0]'))}."
    return text


def _type(field: FieldDescriptor) -> str:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[part] for part in ("key", "value"))
        return f"map: {_type(key)} → {_type(value)}"
    if field.message_type is not None:
        kind = _link(field.message_type)
    elif field.enum_type is not None:
        kind = " ".join(f"`{value.name}`" for value in field.enum_type.values)
    else:
        kind = _KINDS[field.cpp_type]
    plural = "" if field.message_type else "s"
    return f"list of {kind}{plural}" if is_repeated(field) else kind


def _default(field: FieldDescriptor) -> str:
    if is_repeated(field) or field.message_type is not None or not field.has_default_value:
        return ""
    value: Any = field.default_value
    if field.enum_type is not None:
        value = field.enum_type.values_by_number[value].name
    elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        value = str(value).lower()
    elif field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        value = f"{value:.7g}"
    return f"`{value}`" if value != "" else ""


def _link(message: Descriptor) -> str:
    return _linked(message_name(message))


def _linked(heading: str) -> str:
    anchor = re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
    return f"[{heading}](#{anchor})"


def _code(text: str) -> str:
    """`text` with what is to be typed set as code."""
    return _CODE.sub(lambda found: f"`{found[0]}`", text)


if __name__ == "__main__":
    write_text("docs/config.md", render_reference())
