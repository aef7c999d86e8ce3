"""The table of a run's evaluations: one line each in `log.csv`."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from tfod.files import write_text

__all__ = ["LOG_FILE", "RunLog"]

LOG_FILE = "log.csv"


class RunLog:
    """Lines of numbers by column, the first of which is `step`; written whole after each line.

    Args:
      folder: Where `log.csv` lies.
      start: Lines about later steps are forgotten: a run that goes on from there will write them anew.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self._path = folder / LOG_FILE
        self.lines = [line for line in _read(self._path) if line["step"] <= start]

    def add(self, line: Mapping[str, float]) -> None:
        """Adds a line, in place of one about the same step."""
        self.lines = [other for other in self.lines if other["step"] != line["step"]] + [dict(line)]
        columns = list(dict.fromkeys(column for one in self.lines for column in one))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({column: f"{value:.6g}" for column, value in one.items()} for one in self.lines)
        write_text(self._path, text.getvalue())

    def without_improvement(self, metric: str) -> int:
        """How many of the last evaluations were not better than the best one before them."""
        values = [line[metric] for line in self.lines if metric in line]
        return len(values) - 1 - values.index(max(values)) if values else 0


def _read(path: Path) -> list[dict[str, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{column: float(text) for column, text in row.items() if text} for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    return [row for row in rows if "step" in row]
