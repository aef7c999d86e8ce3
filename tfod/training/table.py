"""The table of a run's evaluations: one line each in a CSV file."""

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path

from tfod.files import write_text

__all__ = ["RunTable"]


class RunTable:
    """Lines of numbers by column, the first of which is `step`; written whole after each line.

    Args:
      path: The file; made by the first line.
      start: Lines about later steps are forgotten: a run that goes on from there will write them anew.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self.lines = [line for line in _read(path) if line["step"] <= start]

    def add(self, line: Mapping[str, float]) -> None:
        """Adds a line, in place of one about the same step."""
        self.lines = [other for other in self.lines if other["step"] != line["step"]] + [dict(line)]
        columns = list(dict.fromkeys(column for one in self.lines for column in one))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({column: _text(column, value) for column, value in one.items()} for one in self.lines)
        write_text(self._path, text.getvalue())

    def best(self, column: str) -> float:
        """The highest number in a column, NaN where there is none."""
        return max((line[column] for line in self.lines if column in line), default=float("nan"))

    def last(self, column: str) -> float:
        """The number in the last line, 0 where there is none."""
        return self.lines[-1].get(column, 0.0) if self.lines else 0.0

    def without_improvement(self, column: str) -> int:
        """How many of the last evaluations were not better than the best one before them."""
        values = [line[column] for line in self.lines if column in line]
        return len(values) - 1 - values.index(max(values)) if values else 0


def _text(column: str, value: float) -> str:
    return f"{value:.0f}" if column == "step" else f"{value:.6g}"


def _read(path: Path) -> list[dict[str, float]]:
    """The lines of a table; those that are damaged are left out, which is told."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    lines, damaged = [], 0
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error:
        rows, damaged = [], 1
    for row in rows:
        try:
            line = {str(column): float(value) for column, value in row.items() if value}
            lines.append({**line, "step": int(line["step"])})
        except (ValueError, KeyError, TypeError, OverflowError):
            damaged += 1
    if damaged:
        print(f"warning: {path} is damaged; lines that are left out: {damaged}", file=sys.stderr)
    return lines
