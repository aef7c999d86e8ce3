"""Reading text protos so that an error says which field, in which line, and what was probably meant."""

import bisect
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tfod import stores
from tfod.errors import ConfigError, StoreError
from tfod.files import LFS_CURE, is_lfs_pointer

__all__ = [
    "Place",
    "example",
    "expected",
    "field_places",
    "is_repeated",
    "nearest",
    "parse_text",
    "read_file",
    "unknown_field_cure",
]

_TOKEN = re.compile(
    r"""\#[^\n]*                                      # a comment
      | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'     # a string
      | [{}<>\[\]:;,]
      | [^\s{}<>\[\]:;,\#"']+                         # a name or a number
      | ["']                                          # a string that does not end""",
    re.VERBOSE,
)
_CURLY_QUOTES = frozenset("‘’‚‛“”„‟«»‹›`´′″＂＇")
_END_OF_VALUE = r"(?=\s*(?:$|[}\]>,;#]|\w+\s*[:{]))"
_ANY_QUOTE = f"[\"'{''.join(sorted(_CURLY_QUOTES))}]"
_CURLY = re.compile(rf"(?P<open>{_ANY_QUOTE}+)(?P<inner>.*?)(?P<close>{_ANY_QUOTE}+){_END_OF_VALUE}")
_QUOTED = re.compile(rf"(?P<quote>[\"'])(?P<inner>.*?)(?P=quote)+{_END_OF_VALUE}")
_QUOTED_NAME = re.compile(rf"{_ANY_QUOTE}+(\w+){_ANY_QUOTE}+\s*[:{{]")
_KINDS = {
    FieldDescriptor.CPPTYPE_INT32: "an integer",
    FieldDescriptor.CPPTYPE_UINT32: "an integer from 0",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_STRING: "a text in quotes",
    FieldDescriptor.CPPTYPE_MESSAGE: "a block in braces, { ... }",
}
_EXAMPLES = {
    FieldDescriptor.CPPTYPE_INT32: "8",
    FieldDescriptor.CPPTYPE_UINT32: "8",
    FieldDescriptor.CPPTYPE_FLOAT: "0.5",
    FieldDescriptor.CPPTYPE_BOOL: "true",
    FieldDescriptor.CPPTYPE_MESSAGE: "{ ... }",
}


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


def read_file(path: Path | str, kind: str) -> bytes:
    """The bytes of the file `path`, called `kind` ("pipeline config") in errors; ConfigError without it."""
    if stores.is_remote(path):
        return _read_remote(path, kind)
    path = Path(path)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = nearest(path.name, siblings)
        cure = f"did you mean {path.parent / hint}?" if hint else "check the path"
        raise ConfigError(f"there is no such {kind}", str(path), cure) from error
    except IsADirectoryError as error:
        raise ConfigError(f"this is a folder, not a {kind}", str(path), "name the file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read the {kind}: {reason}", str(path), "check its rights") from error


def _read_remote(path: Path | str, kind: str) -> bytes:
    try:
        return stores.read_file(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        cure = f"check the path and its rights: gsutil ls {stores.normal(path)}, or the like"
        raise ConfigError(f"cannot read the {kind}: {reason}", stores.normal(path), cure) from error
    except StoreError as error:
        raise ConfigError(f"cannot read the {kind}: {error.what}", error.where, error.cure) from error


def parse_text(data: bytes | str, message: Message, source: str) -> str:
    """Merges a text proto into `message` and returns its text; `source` names it in errors.

    As in the original, a field given twice is taken from its last place; `field_places` finds both.
    Raises ConfigError with line, column and field where the text is not one of `message`'s type.
    """
    if isinstance(data, bytes) and is_lfs_pointer(data):
        raise ConfigError("this is a pointer of Git LFS, not the file", source, LFS_CURE)
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError("the file is not UTF-8 text", f"{source}, line {line}", "save it again as UTF-8") from error
    try:
        text_format.Merge(text, message)
    except text_format.ParseError as error:
        descriptor: Any = message.DESCRIPTOR
        raise _explained(error, text, descriptor, source) from error
    return text


def field_places(text: str, descriptor: Descriptor) -> list[Place]:
    """Every naming of a field in `text`, in order. A broken text gives the places before the break."""
    return _Scanner(text).places(descriptor)


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The name in `names` that `name` was probably meant to be; `cutoff`, 0 to 1, is how alike it must be."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return found[0] if found else None


def is_repeated(field: FieldDescriptor) -> bool:
    """Whether the field is a list. Protobuf 4 has `label` (3: repeated), 7 has `is_repeated`."""
    repeated = getattr(field, "is_repeated", None)
    return bool(getattr(field, "label", None) == 3 if repeated is None else repeated)


def expected(field: FieldDescriptor) -> str:
    """What kind of value the field wants, in words."""
    if field.enum_type is not None:
        return "one of " + ", ".join(value.name for value in field.enum_type.values)
    return _KINDS[field.cpp_type]


def unknown_field_cure(
    name: str, parent: Descriptor, root: Descriptor, present: Mapping[str, Descriptor] | None = None
) -> str:
    """What to do about a field `name` that messages of type `parent` inside a `root` do not have.

    `present` are the blocks that the config has, path -> type: a field in one of them is the likeliest.
    """
    here = {field.name: [field.name] for field in parent.fields}
    blocks: dict[str, list[str]] = {}
    for path, descriptor in (present or {}).items():
        for field in descriptor.fields:
            blocks.setdefault(field.name, []).append(f"{path}.{field.name}")
    everywhere = _paths_of_fields(root)
    for names, cutoff in (
        *((names, 1.0) for names in (blocks, everywhere)),
        *((names, 0.75) for names in (here, blocks, everywhere)),
        (here, 0.6),
    ):
        if hint := nearest(name, names, cutoff):
            return f"did you mean {' or '.join(names[hint][:3])}?"
    return f"the fields of {parent.name} are: {', '.join(here)}"


def example(field: FieldDescriptor, value: str) -> str:
    """A value that the field would take, near to `value`, which it does not take."""
    if field.enum_type is not None:
        return nearest(value.upper(), field.enum_type.values_by_name) or field.enum_type.values[-1].name
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return f'"{value}"'
    return _EXAMPLES[field.cpp_type]


@lru_cache(maxsize=4)
def _paths_of_fields(root: Descriptor) -> dict[str, list[str]]:
    """Field name -> paths below `root`, the shallowest first; each message type is entered once."""
    paths: dict[str, list[str]] = {}
    seen = {root.full_name}
    queue = [(root, "")]
    for descriptor, prefix in queue:
        for field in descriptor.fields:
            paths.setdefault(field.name, []).append(prefix + field.name)
            inner = field.message_type
            if inner is not None and inner.full_name not in seen:
                seen.add(inner.full_name)
                queue.append((inner, f"{prefix}{field.name}."))
    return paths


class _Scanner:
    """Walks through a text proto, trusting nothing: it runs where the parser has stopped with an error."""

    def __init__(self, text: str) -> None:
        self._tokens = [(match.group(), match.start()) for match in _TOKEN.finditer(text) if match.group()[0] != "#"]
        self._next = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def places(self, root: Descriptor) -> list[Place]:
        return list(self._message(root, ""))

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _message(self, descriptor: Descriptor | None, prefix: str) -> Iterator[Place]:
        counts: dict[str, int] = {}
        while (token := self._peek()) and token not in "}>":
            if token in ":;,":
                self._next += 1
            else:
                yield from self._field(descriptor, prefix, counts)
        self._next += 1

    def _field(self, parent: Descriptor | None, prefix: str, counts: dict[str, int]) -> Iterator[Place]:
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
            yield from self._value(field, path)
            if not in_list or self._peek() != ",":
                break
            self._next += 1
        if in_list and self._peek() == "]":
            self._next += 1

    def _value(self, field: FieldDescriptor | None, path: str) -> Iterator[Place]:
        token = self._peek()
        if token in ("{", "<"):
            self._next += 1
            yield from self._message(field.message_type if field else None, path + ".")
        elif token and token not in "}>]":
            self._next += 1
            while token[0] in "\"'" and self._peek()[:1] in ("'", '"'):  # strings side by side are one
                self._next += 1


def _explained(error: text_format.ParseError, text: str, root: Descriptor, source: str) -> ConfigError:
    """The error of the parser as one that names the field and proposes what to write."""
    line, column = error.GetLine() or 1, error.GetColumn() or 1
    # The parser begins some reasons with place and source line; what it says comes last.
    reason = str(error).split(" : ", 1)[-1].rsplit("': ", 1)[-1].split(". ")[0].rstrip(".")
    where = f"{source}, line {line}, column {column}"
    before = [place for place in field_places(text, root) if (place.line, place.column) <= (line, column)]
    place = before[-1] if before else None
    line_text = [*text.split("\n"), ""][line - 1]
    if match := _QUOTED_NAME.match(line_text, column - 1):
        return ConfigError(f"the name {match[1]} stands in quotes", where, f"write {match[1]} without quotes")
    if quotes := _curly_quotes(line_text[column - 1 :], place):
        return ConfigError(quotes[0], where, quotes[1])
    if 'Expected "}"' in reason:
        opened = _unclosed(text, len(text))
        which = f": that of {opened}" if opened else ""
        return ConfigError(f"a brace {{ is not closed before the end{which}", where, "add the missing }")
    unknown = re.search('has no field named "(.*)"', reason)
    if place is None or place.parent is None or (place.field is None and not unknown):
        return ConfigError(f"the text cannot be read: {reason}", where, "check the braces and colons there")
    if place.field is None or unknown:
        name = unknown[1] if unknown else place.name
        if quotes := _quote_inside(line_text, column, before):
            return ConfigError(quotes[0], where, quotes[1])
        offset = sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1
        if name in _names_around(place, root) and _unclosed(text, len(text)):
            what = f"the {_unclosed(text, offset)} is not closed before {name}"
            return ConfigError(what, where, f"add the missing }} before line {line}")
        block = place.path.rpartition(".")[0] or root.name
        cure = unknown_field_cure(name, place.parent, root)
        return ConfigError(f"{block} has no field {name!r}", where, cure)
    found = _found(text, line, column)
    where += f", {place.path}"
    if 'Expected ":"' in reason:
        return ConfigError(f"there is no colon after {place.name}", where, f"write {place.name}: ...")
    if "ending quote" in reason:
        return ConfigError(f"the text of {place.name} has no closing quote", where, "add it")
    if "got }" in reason:
        return ConfigError("this brace } closes nothing", where, "remove it, or look for a missing {")
    colon = "" if place.field.message_type else ":"
    cure = f"write for example {place.name}{colon} {example(place.field, found)}"
    return ConfigError(f"{place.name} wants {expected(place.field)}, not {found}", where, cure)


def _curly_quotes(rest: str, place: Place | None) -> tuple[str, str] | None:
    """What is wrong, and what to write, where a value with typographic quotes stands."""
    match = _CURLY.match(rest)
    if match is None or not _CURLY_QUOTES.intersection(match["open"] + match["close"]):
        return None
    inner = match["inner"]
    field = place.field if place else None
    value = inner if field is not None and field.cpp_type != FieldDescriptor.CPPTYPE_STRING else _in_quotes(inner)
    told = f"{place.name}: {value}" if place and field is not None else value
    plain = ", with plain quotes" if value != inner else ""
    return "the quotes are curly, as word processors and web pages have them", f"write {told}{plain}"


def _quote_inside(line: str, column: int, before: Sequence[Place]) -> tuple[str, str] | None:
    """The same for a text that has its own quote inside, and so ends before `column`."""
    match = next((one for one in _QUOTED.finditer(line) if one.start() < column - 1 < one.end()), None)
    if match is None or len(before) < 2 or line[column - 2] not in "\"'":
        return None
    inner = match["inner"].strip(match["quote"])
    return f"the text of {before[-2].name} ends at a quote inside it", f"write {before[-2].name}: {_in_quotes(inner)}"


def _in_quotes(value: str) -> str:
    return f'"{value}"' if '"' not in value else "'" + value.replace("'", "\\'") + "'"


def _names_around(place: Place, root: Descriptor) -> set[str]:
    """The fields of the blocks around the one that a place is in, none of its own."""
    around: set[str] = set()
    here: Descriptor | None = root
    for name in (part.partition("[")[0] for part in place.path.split(".")[:-1]):
        if here is None:
            break
        around.update(here.fields_by_name)
        here = here.fields_by_name[name].message_type if name in here.fields_by_name else None
    return around - {field.name for field in (place.parent.fields if place.parent else ())}


def _unclosed(text: str, end: int) -> str:
    """The innermost block that is open at the place `end`, and its line; empty where every block is closed."""
    opened: list[tuple[str, int]] = []
    name = ""
    for match in _TOKEN.finditer(text, 0, end):
        token = match.group()
        if token in "{<":
            opened.append((name, text.count("\n", 0, match.start()) + 1))
        elif token in "}>" and opened:
            opened.pop()
        elif token not in ":;,[]" and token[0] not in "#\"'":
            name = token
    return f"{opened[-1][0]} of line {opened[-1][1]}" if opened else ""


def _found(text: str, line: int, column: int) -> str:
    """The token of the text that stands at that place, '' at its end."""
    lines = text.split("\n")
    match = _TOKEN.match(lines[line - 1], column - 1) if line <= len(lines) else None
    return match.group() if match else ""
