"""Finding the fields of a text proto in its text. Nothing is trusted: it runs where the parser has stopped, too."""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tfod.config.words import is_repeated

__all__ = ["TOKEN", "Place", "field_places", "offset_of", "source_of", "too_deep"]

TOKEN = re.compile(
    r"""\#[^\n]*                                      # a comment
      | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'     # a string
      | [{}<>\[\]:;,]
      | [^\s{}<>\[\]:;,\#"']+                         # a name or a number
      | ["']                                          # a string that does not end""",
    re.VERBOSE,
)
"""The pieces of a text proto."""

# The schema has blocks in blocks about ten deep.
_DEEPEST = 60


@dataclass(frozen=True)
class Place:
    """Where a text names a field: `path` counts repeated fields (`item[2].id`), `line` and `column` from 1.

    `parent` is the type of the message around it, None inside a field that the schema lacks.
    """

    path: str
    name: str
    line: int
    column: int
    parent: Descriptor | None

    @property
    def field(self) -> FieldDescriptor | None:
        """The field in the schema, or None where the schema has no such field."""
        return self.parent.fields_by_name.get(self.name) if self.parent else None


def field_places(text: str, descriptor: Descriptor) -> list[Place]:
    """Every naming of a field in `text`, in order. A broken text gives the places before the break."""
    return _Scanner(text).places(descriptor)


def too_deep(text: str) -> int | None:
    """The line, from 1, at which blocks stand in blocks deeper than any schema has them; None where they do not."""
    depth = 0
    for match in TOKEN.finditer(text):
        if match.group() in ("{", "<", "["):
            depth += 1
            if depth > _DEEPEST:
                return text.count("\n", 0, match.start()) + 1
        elif match.group() in ("}", ">", "]"):
            depth = max(depth - 1, 0)
    return None


def offset_of(text: str, line: int, column: int) -> int:
    """The index in `text` of a line and column, both from 1."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1


def source_of(text: str, place: Place) -> str:
    """How the field at a place is written, its block included, in one line."""
    start, depth = offset_of(text, place.line, place.column), 0
    pieces: list[str] = []
    for match in TOKEN.finditer(text, start):
        token = match.group()
        if token.startswith("#"):
            continue
        if pieces and (token in ":;," or (token == "}" and pieces[-1] == "{")):
            pieces[-1] += token
        else:
            pieces.append(token)
        depth += {"{": 1, "<": 1, "}": -1, ">": -1}.get(token, 0)
        if depth <= 0 and token in ("}", ">"):
            break
    return " ".join(pieces)


class _Scanner:
    """Walks through a text proto."""

    def __init__(self, text: str) -> None:
        self._tokens = [(match.group(), match.start()) for match in TOKEN.finditer(text) if match.group()[0] != "#"]
        self._next = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def places(self, root: Descriptor) -> list[Place]:
        return list(self._message(root, "", 0))

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _message(self, descriptor: Descriptor | None, prefix: str, depth: int) -> Iterator[Place]:
        counts: dict[str, int] = {}
        while (token := self._peek()) and token not in "}>":
            if token in ":;,":
                self._next += 1
            else:
                yield from self._field(descriptor, prefix, counts, depth)
        self._next += 1

    def _field(self, parent: Descriptor | None, prefix: str, counts: dict[str, int], depth: int) -> Iterator[Place]:
        name, offset = self._tokens[self._next]
        self._next += 1
        if self._peek() == ":":
            self._next += 1
        in_list = self._peek() == "["
        if in_list:
            self._next += 1
        field = parent.fields_by_name.get(name) if parent else None
        line = bisect.bisect_right(self._line_starts, offset)
        column = offset - self._line_starts[line - 1] + 1
        while True:
            path = prefix + name
            if field is not None and is_repeated(field):
                path += f"[{counts.get(name, 0)}]"
                counts[name] = counts.get(name, 0) + 1
            yield Place(path, name, line, column, parent)
            yield from self._value(field, path, depth)
            if not in_list or self._peek() != ",":
                break
            self._next += 1
        if in_list and self._peek() == "]":
            self._next += 1

    def _value(self, field: FieldDescriptor | None, path: str, depth: int) -> Iterator[Place]:
        token = self._peek()
        if token in ("{", "<"):
            if depth >= _DEEPEST:  # nobody asks for a place there, and each level would be a call
                self._next = len(self._tokens)
                return
            self._next += 1
            yield from self._message(field.message_type if field else None, path + ".", depth + 1)
        elif token and token not in "}>]":
            self._next += 1
            while token[0] in "\"'" and self._peek()[:1] in ("'", '"'):  # strings side by side are one
                self._next += 1
