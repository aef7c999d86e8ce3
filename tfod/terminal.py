"""What several commands print in the same way."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

__all__ = ["finding_group", "print_table"]


def print_table(table: Table) -> None:
    """Prints a table; into a file or a pipe, where rich would assume 80 columns, no number is cut off either."""
    console = Console()
    console.print(table) if console.is_terminal else Console(width=120).print(table)


def finding_group(severity: str, heading: str, places: Sequence[str], shown: int, to_do: str) -> list[str]:
    """Lines for all findings of one kind: how many, the first `shown` of their places, and what to do.

    >>> places = ["a.xml: 0 x 4", "b.xml: 1 x 0"]
    >>> print("\\n".join(finding_group("error", "box: boxes without area", places, 1, "mend")))
    error        2  box: boxes without area
                    a.xml: 0 x 4
                    and 1 more
                    mend
    """
    lines = [f"{severity:<8}{len(places):6d}  {heading}", *(f"{'':16}{place}" for place in places[:shown])]
    if len(places) > shown:
        lines.append(f"{'':16}and {len(places) - shown} more")
    return [*lines, f"{'':16}{to_do}"]
