"""What a check found, and how it is told."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tfod.config.faults.fault import Fault
from tfod.errors import ConfigError

__all__ = ["Diagnostic", "error", "errors", "in_order", "note", "render", "require", "warning"]

Severity = Literal["error", "warning", "note"]
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Diagnostic:
    """What a check found: an error stops the run, a warning will probably be regretted.

    `rule` names the check; `where` is a field of the config, maybe with file and line before it, or a file.
    """

    severity: Severity
    rule: str
    what: str
    where: str
    cure: str


def error(rule: str, what: str, where: str, cure: str) -> Diagnostic:
    """A finding that stops the run."""
    return Diagnostic("error", rule, what, where, cure)


def errors(rule: str, faults: Iterable[Fault], block: str = "") -> Iterator[Diagnostic]:
    """The faults of the settings at the path `block`, as findings that stop the run."""
    for fault in faults:
        yield error(rule, *fault.at(block))


def warning(rule: str, what: str, where: str, cure: str) -> Diagnostic:
    """A finding that will probably be regretted."""
    return Diagnostic("warning", rule, what, where, cure)


def note(rule: str, what: str, where: str, cure: str) -> Diagnostic:
    """A finding that is good to know."""
    return Diagnostic("note", rule, what, where, cure)


def in_order(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each finding once; errors first, then warnings, then notes, in the order of discovery."""
    return sorted(dict.fromkeys(findings), key=lambda finding: _SEVERITIES.index(finding.severity))


def render(findings: Sequence[Diagnostic]) -> str:
    """The findings as lines for people, under one heading for each severity; '' for none.

    >>> print(render([error("batch-size", "the batch is empty", "train_config.batch_size", "fill it")]))
    1 error
      the batch is empty
        where: train_config.batch_size
        what to do: fill it
    """
    lines = []
    for severity in _SEVERITIES:
        group = [finding for finding in findings if finding.severity == severity]
        if group:
            lines.append(f"{len(group)} {severity}{'s' if len(group) > 1 else ''}")
        for finding in group:
            lines += [f"  {finding.what}", f"    where: {finding.where}", f"    what to do: {finding.cure}"]
    return "\n".join(lines)


def require(findings: Sequence[Diagnostic]) -> None:
    """Tells all findings on stderr and raises ConfigError if one of them is an error."""
    stopping = [finding for finding in findings if finding.severity == "error"]
    # A single error is told by the exception; more are told here, and the exception sums up.
    told = [finding for finding in findings if finding not in stopping] if len(stopping) == 1 else findings
    if told:
        print(render(told), file=sys.stderr)
    if len(stopping) == 1:
        raise ConfigError(stopping[0].what, stopping[0].where, stopping[0].cure)
    if stopping:
        where = ", ".join(dict.fromkeys(finding.where for finding in stopping))
        raise ConfigError(f"{len(stopping)} errors in the config", where, "see the cure of each above")
