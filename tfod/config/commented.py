"""Writing a config for people: with comments, and with small blocks in one line."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tfod.config.words import is_repeated

__all__ = ["render_commented"]

_WIDTH = 120
_WIDTH_OF_BLOCKS = 100  # a block that is longer in one line gets several


def render_commented(message: Message, comments: Mapping[str, str], head: str = "") -> str:
    """The text of `message`: reading it gives an equal one.

    `comments` are for fields by their paths, as a check names them (`train_config.batch_size`,
    `data_augmentation_options[0]`): behind the field where they fit, else above it. `head` stands above everything.
    """
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    for line in _lines(message, "", "", comments):
        if lines and not line.startswith((" ", "}")):
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n"


def _lines(message: Message, prefix: str, indent: str, comments: Mapping[str, str]) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from textwrap.indent(_only(message, field, value), indent).splitlines()
            continue
        repeated = is_repeated(field)
        for number, item in enumerate(value if repeated else [value]):
            path = f"{prefix}{field.name}[{number}]" if repeated else f"{prefix}{field.name}"
            if field.message_type is None:
                line = indent + _only(message, field, [item] if repeated else item)
                yield from _with_comment(line, comments.get(path, ""), indent)
            else:
                yield from _block(field.name, item, path, indent, comments)


def _block(name: str, block: Message, path: str, indent: str, comments: Mapping[str, str]) -> Iterator[str]:
    comment = comments.get(path, "")
    inside = text_format.MessageToString(block, as_one_line=True, as_utf8=True).strip()
    inside = inside if '"' in inside else inside.replace("{ }", "{}")
    one_line = f"{indent}{name} {{ {inside} }}" if inside else f"{indent}{name} {{}}"
    commented_inside = any(other.startswith(f"{path}.") for other in comments)
    if indent and len(one_line) <= _WIDTH_OF_BLOCKS and not commented_inside:
        yield from _with_comment(one_line, comment, indent)
        return
    yield from _with_comment(f"{indent}{name} {{", comment, indent)
    yield from _lines(block, f"{path}.", f"{indent}  ", comments)
    yield f"{indent}}}"


def _with_comment(line: str, comment: str, indent: str) -> Iterator[str]:
    comment = " ".join(comment.split())
    if comment and len(line) + len(comment) + 4 > _WIDTH:
        yield from textwrap.wrap(comment, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        comment = ""
    yield f"{line}  # {comment}" if comment else line


def _only(message: Message, field: FieldDescriptor, value: Any) -> str:
    """The text of one field of `message`, with `value`."""
    owner = type(message)()
    if is_repeated(field):
        (getattr(owner, field.name).extend if isinstance(value, list) else getattr(owner, field.name).MergeFrom)(value)
    else:
        setattr(owner, field.name, value)
    return text_format.MessageToString(owner, as_utf8=True).strip()
