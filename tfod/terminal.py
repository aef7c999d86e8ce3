"""The one way to the terminal.

Names of classes, images and files come from strangers: here they are text. They are never taken for markup, and what
a terminal would obey (escape sequences, letters that turn the direction of writing) is shown as Python writes it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "finding_group", "guarded", "print_table", "shown"]

_WIDTH = 120  # of a table in a file or a pipe, where rich would assume 80 columns and cut numbers off
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    r"""A text of strangers in one line, without what a terminal would obey.

    >>> print(shown("cat\x1b[2J\n"))
    cat\x1b[2J\n
    """
    return _harmless(text).replace("\n", r"\n").replace("\t", r"\t")


def _harmless(text: str) -> str:
    return _OBEYED.sub(lambda match: ascii(match[0])[1:-1], text)


class _Guard:
    """A stream that shows what a terminal would obey; rich's consoles alone write to the stream behind it."""

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # letters that its encoding has not

    def write(self, text: str) -> int:
        return self.rich_proxied_file.write(_harmless(text))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Within it nothing that is printed can be a command to the terminal."""
    out, err = (cast(TextIO, _Guard(stream)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield


def console(*, stderr: bool = False) -> Console:
    """A console that takes texts as they are: no markup, no colours of its own, no emoji for `:cat:`."""
    from rich.console import Console

    stream: Any = sys.stderr if stderr else sys.stdout
    while (behind := getattr(stream, "rich_proxied_file", None)) is not None:  # also that of a progress bar
        stream = behind
    width = None if stream.isatty() else _WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def print_table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    texts: Sequence[str],
    line_after: int | None = None,
) -> None:
    """Prints a table; the columns called as in `texts` are folded where they are wide, the others hold numbers.

    There is a line after the row of the number `line_after`.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, "table.title"), title_justify="left")
    for heading in headings:
        is_text = heading in texts
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text, overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*(Text(shown(cell)) for cell in row), end_section=number == line_after)
    console().print(table)


def finding_group(severity: str, heading: str, places: Sequence[str], most: int, to_do: str) -> list[str]:
    """Lines for all findings of one kind: how many, the first `most` of their places, and what to do.

    >>> places = ["a.xml: 0 x 4", "b.xml: 1 x 0"]
    >>> print("\\n".join(finding_group("error", "box: boxes without area", places, 1, "mend")))
    error        2  box: boxes without area
                    a.xml: 0 x 4
                    and 1 more
                    mend
    """
    lines = [f"{severity:<8}{len(places):6d}  {heading}", *(f"{'':16}{shown(place)}" for place in places[:most])]
    if len(places) > most:
        lines.append(f"{'':16}and {len(places) - most} more")
    return [*lines, f"{'':16}{to_do}"]
