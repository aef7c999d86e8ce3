"""Doing what the check says, until it finds no error or says that nothing can be done."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from tfod.cli import create_label_map
from tfod.config.check import Diagnostic, check_file
from tfod.errors import ConfigError

_SET = re.compile(r"--set ('[^']*'|\S+?)(?=[,;]?(?:\s|$))")
_MOST_ROUNDS = 25


@dataclass
class Outcome:
    """`sound`: no error is left. `left`: what cannot be cured from here; `failed`: a cure that did not help."""

    sound: bool = False
    left: str = ""
    failed: str = ""
    cures: list[str] = field(default_factory=list)


def follow(path: Path, overrides: tuple[str, ...] = ()) -> Outcome:
    """Checks the config at `path` and follows the cure of the first error that has one, again and again."""
    settings, outcome, seen = list(overrides), Outcome(), set()
    cured: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        try:
            _, findings = check_file(path, settings, for_training=True)
            errors = [one for one in findings if one.severity == "error"]
        except ConfigError as error:
            errors = [Diagnostic("error", "unreadable", error.what, error.where, error.cure)]
        if not errors:
            outcome.sound = True
            return outcome
        chosen = next((one for one in errors if _can_be_followed(one)), None)
        if chosen is None:
            outcome.left = "; ".join(f"{one.what} | {one.cure}" for one in errors)
            return outcome
        if refused := [one for one in errors if one.where.rpartition(", ")[2] in cured]:
            outcome.failed = f"{refused[0].what} ({refused[0].where}) comes of the cure: {outcome.cures}"
            return outcome
        if (chosen.what, chosen.where) in seen:
            outcome.failed = f"{chosen.what} ({chosen.where}) is still there after: {outcome.cures[-1]}"
            return outcome
        seen.add((chosen.what, chosen.where))
        outcome.cures.append(chosen.cure)
        _do(chosen, path, settings)
        if not chosen.cure.startswith("choose"):  # another number, of which more than one may be wrong
            cured |= _fields(chosen.cure)
    outcome.failed = f"no end: {outcome.cures[-3:]}"
    return outcome


def _can_be_followed(error: Diagnostic) -> bool:
    if error.rule == "path-to-be-configured" or "=..." in error.cure:
        return False
    return _SET.search(error.cure) is not None or _edit(error) is not None


def _fields(cure: str) -> set[str]:
    """The fields that a cure sets, but for lists and whole blocks, of which a part may still be wrong."""
    taken = [shlex.split(text)[0].partition("=") for text in _SET.findall(_first(cure))]
    return {field for field, _, value in taken if not value.startswith(("{", "["))}


def _first(cure: str) -> str:
    """Of alternatives the first."""
    first = re.split(r",? or (?=--set|take|raise|let|remove)", cure)[0]
    return first if _SET.search(first) else cure


def _do(error: Diagnostic, path: Path, settings: list[str]) -> None:
    if command := re.search(r"create_label_map\.py (.*?), then", error.cure):
        assert create_label_map.main(shlex.split(command[1])) == 0
    if edit := _edit(error):
        inner = re.search(r"\((.+?), line (\d+)(?:, column (\d+))?", error.what)
        own = re.search(r"line (\d+)(?:, column (\d+))?", error.where)
        if inner:
            _rewrite(Path(inner[1]), int(inner[2]), edit)
        else:
            assert own is not None
            _rewrite(path, int(own[1]), edit)
        return
    settings += [shlex.split(one)[0] for one in _SET.findall(_first(error.cure))]


def _edit(error: Diagnostic) -> tuple[str, str] | None:
    """What stands there, as an expression, and what is to stand in its place, where the cure is a text to write."""
    match = re.match(r"""write (?:for example )?(?!one:)(\w+): ("[^"]*"|'[^']*'|[^\s,;]+)""", error.cure)
    if match and match[2] != "...":
        value = r"""("[^"]*"|'[^']*'|[^\s}]+)"""
        return rf"\b{match[1]}\b\s*[:=]?\s*(?=[^\s:=]){value}", f"{match[1]}: {match[2]}"
    if match := re.match(r"write (\w+) without quotes", error.cure):
        return rf"\W{match[1]}\W(?=\s*[:{{])", match[1]
    unknown, meant = re.search(r"has no field '(\w+)'", error.what), re.fullmatch(r"did you mean (\w+)\?", error.cure)
    return (rf"\b{unknown[1]}\b", meant[1]) if unknown and meant else None


def _rewrite(path: Path, line: int, edit: tuple[str, str]) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[line - 1] = re.sub(edit[0], lambda _: edit[1], lines[line - 1], count=1)
    path.write_text("\n".join(lines), encoding="utf-8")
