"""Errors of the parser of text protos, as ones that name the field and propose what to write."""

import re
import unicodedata
from collections.abc import Sequence

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tfod.config.scan import TOKEN, Place, field_places, offset_of
from tfod.config.words import MINUS_SIGNS, example, expected, is_whole, unknown_field_cure
from tfod.errors import ConfigError

__all__ = ["CURLY_QUOTES", "explained"]

CURLY_QUOTES = frozenset("‘’‚‛“”„‟«»‹›`´′″＂＇")
"""What word processors and web pages write instead of the quotes of a keyboard."""

_END_OF_VALUE = r"(?=\s*(?:$|[}\]>,;#]|\w+\s*[:{]))"
_CURLY_CLASS = "".join(sorted(CURLY_QUOTES))
_ANY_QUOTE = f"[\"'{_CURLY_CLASS}]"
_CURLY = re.compile(rf"(?P<open>{_ANY_QUOTE}+)(?P<inner>.*?)(?P<close>{_ANY_QUOTE}+){_END_OF_VALUE}")
_QUOTED = re.compile(rf"(?P<quote>[\"'])(?P<inner>.*?)(?P=quote)+{_END_OF_VALUE}")
_QUOTED_NAME = re.compile(rf"{_ANY_QUOTE}+(\w+){_ANY_QUOTE}+\s*[:{{]")
_CURLY_AT_AN_END = re.compile(rf":\s*[{_CURLY_CLASS}]|[{_CURLY_CLASS}]\s*(?:$|[}}\]>,;#])")
_NAME_BEFORE_COLON = re.compile(rf"^\s*{_ANY_QUOTE}+(\w+){_ANY_QUOTE}+\s*:$")
_ENTITY = re.compile(r"&(?:quot|lt|gt|amp|apos|#\d+);")
_DECIMAL_COMMA = re.compile(r"\b(\w+)\s*:\s*(-?\d+),(\d+)\b(?!\s*[,\]])")
_LINE_NUMBER = re.compile(r"\s*\d+[:.|]?\s+[A-Za-z_}#]")
_MOST_LINES_NAMED = 5
_LONGEST = 100
_KEYBOARD = 0x7E  # the last character that can be seen on one


def explained(error: text_format.ParseError, text: str, root: Descriptor, source: str) -> ConfigError:
    """What stopped the parser in `text`, a message of the type `root` from the file `source`."""
    line, column = error.GetLine() or 1, error.GetColumn() or 1
    # The parser begins some reasons with place and source line; what it says comes last.
    reason = str(error).split(" : ", 1)[-1].rsplit("': ", 1)[-1].split(". ")[0].rstrip(".")
    where = f"{source}, line {line}, column {column}"
    before = [place for place in field_places(text, root) if (place.line, place.column) <= (line, column)]
    place = before[-1] if before else None
    line_text = [*text.split("\n"), ""][line - 1]
    # Of a text before it on the line above, a name in quotes counts as a part.
    if match := _QUOTED_NAME.match(line_text, column - 1) or _NAME_BEFORE_COLON.search(line_text, 0, column):
        return ConfigError(f"the name {match[1]} stands in quotes", where, f"write {match[1]} without quotes")
    if copied := _copied(line_text, before):
        return ConfigError(copied[0], where, copied[1])
    if quotes := _curly_quotes(line_text[column - 1 :], place):
        return ConfigError(quotes[0], where, quotes[1] + _other_lines(text, line))
    if backslashes := _backslashes(line_text[column - 1 :], place):
        return ConfigError(backslashes[0], where, backslashes[1])
    if 'Expected "}"' in reason:
        opened = _unclosed(text, len(text))
        which = f": that of {opened}" if opened else ""
        return ConfigError(f"a brace {{ is not closed before the end{which}", where, "add the missing }")
    unknown = re.search('has no field named "(.*)"', reason)
    if foreign := _foreign_character(line_text, column):
        return ConfigError(foreign[0], where, foreign[1])
    if place is None or place.parent is None or (place.field is None and not unknown):
        return ConfigError(f"the text cannot be read: {_short(reason)}", where, "check the braces and colons there")
    if place.field is None or unknown:
        if quotes := _quote_inside(line_text, column, before):
            return ConfigError(quotes[0], where, quotes[1])
        return _unknown_field(unknown[1] if unknown else place.name, place, text, root, (line, column), where)
    return _wrong_value(place, reason, _found(text, line, column), line_text[column - 1 :], where)


def _unknown_field(
    name: str, place: Place, text: str, root: Descriptor, at: tuple[int, int], where: str
) -> ConfigError:
    """`at`: the line and column of the name."""
    if name in _names_around(place, root) and _unclosed(text, len(text)):
        what = f"the {_unclosed(text, offset_of(text, *at))} is not closed before {name}"
        return ConfigError(what, where, f"add the missing }} before line {at[0]}")
    block = place.path.rpartition(".")[0] or root.name
    cure = unknown_field_cure(name, place.parent or root, root)
    return ConfigError(f"{block} has no field {_short(name)!r}", where, cure)


def _wrong_value(place: Place, reason: str, found: str, rest: str, where: str) -> ConfigError:
    """`found`: the token at which the parser stopped, and `rest`, the rest of its line from there."""
    field = place.field
    where += f", {place.path}"
    if 'Expected ":"' in reason:
        value = re.match(r"=?\s*([^\s={}<>\[\];,]+)", rest)
        cure = f"write {place.name}: {value[1] if value else '...'}"
        return ConfigError(f"there is no colon after {place.name}", where, cure)
    if "ending quote" in reason:
        return ConfigError(f"the text of {place.name} has no closing quote", where, "add it")
    if "got }" in reason:
        return ConfigError("this brace } closes nothing", where, "remove it, or look for a missing {")
    if field is None:
        return ConfigError(f"the text cannot be read: {_short(reason)}", where, "check the braces and colons there")
    colon = "" if field.message_type else ":"
    written, sure = example(field, found)
    cure = f"write {'' if sure else 'for example '}{place.name}{colon} {written}"
    return ConfigError(f"{place.name} wants {expected(field)}, not {_short(found)}", where, cure)


def _copied(line: str, before: Sequence[Place]) -> tuple[str, str] | None:
    """What is wrong, and what to write, in a line that was copied from a page, or written by a calculator's rules."""
    if match := _ENTITY.search(line):
        return (
            f"the text has {match[0]}, which web pages write for a character",
            'write ", < or > instead in the whole file',
        )
    if match := _DECIMAL_COMMA.search(line):
        field = next((place.field for place in reversed(before) if place.name == match[1]), None)
        if field is not None and is_whole(field) and len(match[3]) == 3:
            return f"{match[1]} has a comma inside", f"write {match[1]}: {match[2]}{match[3]}"
        what = f"{match[1]} has a decimal comma"
        return what, f"write {match[1]}: {match[2]}.{match[3]}"
    if _LINE_NUMBER.match(line):
        return "the lines begin with their numbers", "remove the numbers at the beginnings of the lines"
    return None


def _foreign_character(line: str, column: int) -> tuple[str, str] | None:
    """What is wrong, and what to do, where the parser stopped at a comment, or at what no keyboard types."""
    rest = line[column - 1 :]
    if rest.startswith(("//", "/*")):
        return "this is a comment of another language", "begin each line of it with # instead"
    near = next((one for one in rest[:1] + line[max(column - 2, 0) : column] if ord(one) > _KEYBOARD), None)
    if near is None:
        return None
    name = unicodedata.name(near, "without a name").lower()
    plain = unicodedata.normalize("NFKC", near).translate(MINUS_SIGNS)
    cure = f"write {plain} instead" if plain.isascii() and plain.isprintable() else "remove it"
    return f"the character U+{ord(near):04X} ({name}) stands there", cure


def _curly_quotes(rest: str, place: Place | None) -> tuple[str, str] | None:
    """What is wrong, and what to write, where a value with typographic quotes stands."""
    match = _CURLY.match(rest)
    if match is None or not CURLY_QUOTES.intersection(match["open"] + match["close"]):
        return None
    inner = match["inner"]
    field = place.field if place else None
    value = inner if field is not None and field.cpp_type != FieldDescriptor.CPPTYPE_STRING else _in_quotes(inner)
    told = f"{place.name}: {value}" if place and field is not None else value
    plain = ", with plain quotes" if value != inner else ""
    return "the quotes are curly, as word processors and web pages have them", f"write {told}{plain}"


def _other_lines(text: str, line: int) -> str:
    """Where else such quotes stand, so that nobody finds them one by one."""
    lines = enumerate(text.split("\n"), start=1)
    others = [number for number, one in lines if number != line and _CURLY_AT_AN_END.search(one)]
    if not others:
        return ""
    more = ", ..." if len(others) > _MOST_LINES_NAMED else ""
    return f"; the same in line {', '.join(map(str, others[:_MOST_LINES_NAMED]))}{more}"


def _backslashes(rest: str, place: Place | None) -> tuple[str, str] | None:
    """The same for a path of Windows: a backslash and what follows it stand for another character."""
    field = place.field if place else None
    match = re.match(rf"(?P<quote>[\"'])(?P<inner>.*)(?P=quote){_END_OF_VALUE}", rest)
    if place is None or field is None or match is None or field.cpp_type != FieldDescriptor.CPPTYPE_STRING:
        return None
    inner = match["inner"].split(match["quote"] + " ")[0]
    if "\\" not in inner:
        return None
    what = f"the backslashes in {place.name} are read as escapes, as in \\n for a new line"
    return what, f"write {place.name}: {_in_quotes(inner.replace(chr(92) * 2, '/').replace(chr(92), '/'))}"


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
    for match in TOKEN.finditer(text, 0, end):
        token = match.group()
        if token in "{<":
            opened.append((name, match.start()))
        elif token in "}>" and opened:
            opened.pop()
        elif token not in ":;,[]" and token[0] not in "#\"'":
            name = token
    return f"{opened[-1][0]} of line {text.count(chr(10), 0, opened[-1][1]) + 1}" if opened else ""


def _found(text: str, line: int, column: int) -> str:
    """The token of the text that stands at that place, '' at its end."""
    lines = text.split("\n")
    match = TOKEN.match(lines[line - 1], column - 1) if line <= len(lines) else None
    return match.group() if match else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
