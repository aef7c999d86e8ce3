"""What the doctor found, told to people and to programs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfod.doctor.findings import Finding
from tfod.doctor.rules.descriptions import RULES, Rule, Severity
from tfod.terminal import finding_group

if TYPE_CHECKING:
    from tfod.doctor.examination import Report

__all__ = ["as_dict", "count_errors", "grouped", "summary_text"]

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_SHOWN = 2


def count_errors(findings: Iterable[Finding], rules: Mapping[str, Rule] = RULES) -> int:
    """The number of findings of level error."""
    return sum(rules[finding.rule].severity == "error" for finding in findings)


def summary_text(report: "Report", shown: int = _SHOWN) -> str:
    """The findings, and how much was looked at."""
    by_severity = Counter(RULES[finding.rule].severity for finding in report.findings)
    counts = ", ".join(f"{by_severity[one]} {one}{'s' * (by_severity[one] != 1)}" for one in _SEVERITIES)
    lines = grouped(report.findings, RULES, shown)
    return "\n".join([*lines, f"{report.pictures} pictures, {report.objects} objects: {counts}"])


def grouped(findings: Iterable[Finding], rules: Mapping[str, Rule], shown: int) -> list[str]:
    """The findings by rule, the worst first, each group with its count and its first few places."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.rule].append(finding)
    lines = []
    for severity in _SEVERITIES:
        for name in (name for name in rules if name in groups and rules[name].severity == severity):
            lines += _group(name, rules[name], groups[name], shown)
    return lines


def as_dict(report: "Report") -> dict[str, Any]:
    """The report for programs: what was looked at, findings by rule counted, and every finding."""
    return {
        "pictures": report.pictures,
        "objects": report.objects,
        "counts": dict(Counter(finding.rule for finding in report.findings)),
        "findings": [_entry(finding) for finding in report.findings],
    }


def _group(name: str, rule: Rule, findings: Sequence[Finding], shown: int) -> list[str]:
    places = [f"{finding.where}: {finding.what}" for finding in findings]
    fixed = " (--fix does)" if rule.fixed else ""
    to_do = f"what to do{fixed}: {findings[0].cure or rule.cure}"
    return finding_group(rule.severity, f"{name}: {rule.finds}", places, shown, to_do)


def _entry(finding: Finding) -> dict[str, Any]:
    rule = RULES[finding.rule]
    return {
        "severity": rule.severity,
        "rule": finding.rule,
        "what": finding.what,
        "file": finding.file,
        "line": finding.line,
        "object": finding.number,
        "picture": finding.picture,
        "cure": finding.cure or rule.cure,
        "fixed": rule.fixed,
    }
