"""What a benchmark found, and how it is told: a table, Markdown, JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Report", "Row"]


@dataclass(frozen=True)
class Row:
    """One quantity, measured on both sides; less is better. Each list has one number a round."""

    name: str
    unit: str
    ours: list[float]
    original: list[float]
    bar: float | None = None  # the ratio ours / original's must not be above it
    limit: list[float] = field(default_factory=list)  # what the hardware needs for the bare work
    limit_is: str = ""
    note: str = ""

    @property
    def ratio(self) -> float:
        """Median of ours / median of the original's."""
        return median(self.ours) / median(self.original)

    @property
    def distance(self) -> float | None:
        """How many times the physical limit we take; None where no limit was measured."""
        return median(self.ours) / median(self.limit) if self.limit else None

    @property
    def verdict(self) -> str:
        """`ok` or `MISSED`; empty where there is no bar."""
        if self.bar is None:
            return ""
        return "ok" if self.ratio <= self.bar else "MISSED"


_HEADINGS = ("what", "ours", "original", "ratio", "bar", "", "limit", "ours / limit", "the limit is")


@dataclass
class Report:
    """The rows of a run, facts about it (machine, versions, command), and why benchmarks failed, by their names."""

    facts: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def markdown(self) -> str:
        """The facts, the table, notes and failures."""
        lines = ["# Ours against the original", ""]
        lines += [f"* {name}: {value}" for name, value in self.facts.items()]
        lines += ["", *_table([_HEADINGS, *(_cells(row) for row in self.rows)]), ""]
        lines += [f"* {row.name}: {row.note}" for row in self.rows if row.note]
        lines.append("* Medians over the rounds, in brackets the least and the greatest; ratio is ours / original's.")
        for name, reason in self.failures.items():
            lines += ["", f"## {name} FAILED", "", "```", reason, "```"]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Writes report.md, and report.json with every single number and what the table derives from them."""
        folder.joinpath("report.md").write_text(self.markdown(), encoding="utf-8")
        derived = [
            {**asdict(row), "ratio": row.ratio, "distance": row.distance, "verdict": row.verdict} for row in self.rows
        ]
        content = {"facts": self.facts, "rows": derived, "failures": self.failures}
        folder.joinpath("report.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        _spread(row.ours, row.unit),
        _spread(row.original, row.unit),
        f"{row.ratio:.3f}",
        "" if row.bar is None else f"≤ {row.bar:.2f}",
        row.verdict,
        _spread(row.limit, row.unit) if row.limit else "",
        "" if row.distance is None else f"{row.distance:.2f}",
        row.limit_is,
    )


def _spread(values: Sequence[float], unit: str) -> str:
    middle = f"{_number(median(values))} {unit}"
    if len(values) == 1:
        return middle
    return f"{middle} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    """Three significant digits, never in scientific notation.

    >>> _number(31.234), _number(0.41567), _number(0.00012345), _number(1234.5)
    ('31.2', '0.416', '0.000123', '1234')
    """
    decimals = 0
    while abs(value) * 10**decimals < 100 and decimals < 9 and value:
        decimals += 1
    return f"{value:.{decimals}f}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return [lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]]
