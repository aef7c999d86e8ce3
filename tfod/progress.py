"""Progress of long work: a bar with the time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from contextlib import ExitStack
from types import TracebackType

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from tfod.terminal import console, guarded, shown

__all__ = ["Progress", "format_duration"]

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Counts up to `total` and tells how far it is, at what rate, and how long the rest will take.

    Bytes (`unit="byte"`) are shown as MB. Without a `total` (None) nothing is said about the rest.

    >>> with Progress("converting", total=2, unit="picture") as progress:
    ...     progress.advance()
    ...     progress.advance(note="two done")
    """

    def __init__(self, description: str, total: int | None, unit: str = "step", start: int = 0) -> None:
        self._description = description
        self._total = total
        self._unit = unit
        self._start = start
        self.completed = start
        self._console = console(stderr=True)
        self._stack = ExitStack()
        self._bar: RichProgress | None = None
        self._began = self._last_line = time.monotonic()

    def __enter__(self) -> "Progress":
        self._began = self._last_line = time.monotonic()
        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description}", markup=False), BarColumn(),
                DownloadColumn() if self._unit == "byte" else MofNCompleteColumn(),
                TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
            )  # fmt: skip
            self._bar = RichProgress(*columns, console=self._console)
            self._task = self._bar.add_task(self._description, total=self._total, completed=self._start, note="")
            self._stack.enter_context(self._bar)
            self._stack.enter_context(guarded())  # the bar takes over what others print, and obeys it
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Says that `count` more are done; `note` is shown after the numbers (a loss, say)."""
        self.completed += count
        if self._bar is not None:
            self._bar.update(self._task, completed=self.completed, note=note or self._rate())
            return
        now = time.monotonic()
        first = self.completed - count == self._start
        last = self._total is not None and self.completed >= self._total
        if first or last or now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            print(self._line(now, note), file=sys.stderr, flush=True)

    def message(self, text: str) -> None:
        """Prints a line without tearing the bar."""
        if self._bar is not None:
            self._bar.console.print(shown(text))
        else:
            print(shown(text), file=sys.stderr, flush=True)

    def _per_second(self) -> float:
        return (self.completed - self._start) / max(time.monotonic() - self._began, 1e-9)

    def _rate(self) -> str:
        if self._unit == "byte":
            return f"{self._per_second() / 1e6:.1f} MB/s"
        return f"{self._per_second():.1f} {self._unit}s/s"

    def _line(self, now: float, note: str) -> str:
        amounts = [self.completed] if self._total is None else [self.completed, self._total]
        if self._unit == "byte":
            amount = "/".join(f"{count / 1e6:.1f}" for count in amounts) + " MB"
        else:
            amount = "/".join(map(str, amounts)) + f" {self._unit}s"
        parts = [f"{self._description}: {amount}", self._rate()]
        if self._total is not None:
            left = (self._total - self.completed) / max(self._per_second(), 1e-9)
            parts.append(f"ETA {format_duration(left)}")
        return "  ".join([*parts, note] if note else parts)


def format_duration(seconds: float) -> str:
    """Seconds as people say them: `8 s`, `3 min 20 s`, `2 h 5 min`.

    >>> format_duration(200), format_duration(7500)
    ('3 min 20 s', '2 h 5 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
