"""What verifying records found, told to people and to programs."""

from collections.abc import Sequence
from typing import Any

from tfod.records.verify import KINDS, Finding, Report
from tfod.terminal import finding_group

__all__ = ["as_dict", "report_text"]


def report_text(report: Report, shown: int = 5) -> str:
    """The findings by kind, the severe kinds first, each with its count and first few places; then what is there."""
    lines: list[str] = []
    for name in sorted(KINDS, key=lambda name: not KINDS[name].severe):
        if found := [finding for finding in report.findings if finding.kind == name]:
            lines += _group(name, found, shown)
    classes = ", ".join(f"{name} {count}" for name, count in sorted(report.objects.items()))
    lines += [
        f"{report.records:8d}  records in {len(report.files)} files, {report.bytes / 1e6:.1f} MB",
        f"{sum(report.objects.values()):8d}  objects: {classes or 'none'}",
    ]
    told = f"{report.severe} errors, {len(report.findings) - report.severe} warnings"
    compared = f"compared with {', '.join(report.manifests)}" if report.manifests else "no manifest beside them"
    return "\n".join([*lines, f"{told}; {compared}"])


def as_dict(report: Report) -> dict[str, Any]:
    """The report for programs, with every finding."""
    findings = [
        {**finding._asdict(), "severity": "error" if KINDS[finding.kind].severe else "warning"}
        for finding in report.findings
    ]
    return {
        "records": report.records,
        "bytes": report.bytes,
        "objects": dict(sorted(report.objects.items())),
        "manifests": report.manifests,
        "files": [file._asdict() for file in report.files],
        "findings": findings,
    }


def _group(name: str, findings: Sequence[Finding], shown: int) -> list[str]:
    kind = KINDS[name]
    places = [f"{finding.where}: {finding.what}" for finding in findings]
    severity = "error" if kind.severe else "warning"
    return finding_group(severity, f"{name}: {kind.finds}", places, shown, f"what to do: {kind.cure}")
