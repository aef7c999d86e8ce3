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
        if any(one.where.endswith(f", {field}") for one in errors for field in _cured(outcome.cures)):
            outcome.failed = f"{errors[0].what} ({errors[0].where}) comes of the cure: {outcome.cures}"
            return outcome
        if (chosen.what, chosen.where) in seen:
            outcome.failed = f"{chosen.what} ({chosen.where}) is still there after: {outcome.cures[-1]}"
            return outcome
        seen.add((chosen.what, chosen.where))
        outcome.cures.append(chosen.cure)
        _do(chosen, path, settings)
    outcome.failed = f"no end: {outcome.cures[-3:]}"
    return outcome


def _can_be_followed(error: Diagnostic) -> bool:
    if error.rule == "path-to-be-configured" or "=..." in error.cure:
        return False
    return _SET.search(error.cure) is not None or _edit(error.cure) is not None


def _cured(cures: list[str]) -> set[str]:
    """The fields that cures have set, but for lists and whole blocks, of which a part may still be wrong."""
    taken = [shlex.split(text)[0].partition("=") for cure in cures for text in _SET.findall(_first(cure))]
    return {field for field, _, value in taken if not value.startswith(("{", "["))}


def _first(cure: str) -> str:
    """Of alternatives the first."""
    first = re.split(r",? or (?=--set|take|raise|let|remove)", cure)[0]
    return first if _SET.search(first) else cure


def _do(error: Diagnostic, path: Path, settings: list[str]) -> None:
    if command := re.search(r"create_label_map\.py (.*?), then", error.cure):
        assert create_label_map.main(shlex.split(command[1])) == 0
    if edit := _edit(error.cure):
        inner = re.search(r"\((.+?), line (\d+)(?:, column (\d+))?", error.what)
        own = re.search(r"line (\d+)(?:, column (\d+))?", error.where)
        if inner:
            _rewrite(Path(inner[1]), int(inner[2]), edit)
        else:
            assert own is not None
            _rewrite(path, int(own[1]), edit)
        return
    settings += [shlex.split(one)[0] for one in _SET.findall(_first(error.cure))]


def _edit(cure: str) -> tuple[str, str] | None:
    """The field, and what is to stand in its place, where the cure is a text to write."""
    match = re.match(r"""write (?:for example )?(?!one:)(\w+): ("[^"]*"|'[^']*'|[^\s,;]+)""", cure)
    if match and match[2] != "...":
        return match[1], f"{match[1]}: {match[2]}"
    match = re.match(r"write (\w+) without quotes", cure)
    return (match[1], match[1]) if match else None


def _rewrite(path: Path, line: int, edit: tuple[str, str]) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    name, text = edit
    if name == text:
        lines[line - 1] = re.sub(rf"\W{name}\W(?=\s*[:{{])", name, lines[line - 1])
    else:
        lines[line - 1] = re.sub(rf"{name}\s*:.*?(?=\s*(?:$|}}))", lambda _: text, lines[line - 1], count=1)
    path.write_text("\n".join(lines), encoding="utf-8")
