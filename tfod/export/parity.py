"""How far an exported model is from the one that it was made of: the table that ends every export."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tfod.export.run import Cost
from tfod.files import write_text
from tfod.terminal import print_table

__all__ = ["FAILED_FILE", "PARITY_FILE", "Parity", "print_parity", "write_parity"]

PARITY_FILE = "parity.json"
FAILED_FILE = "PARITY_FAILED.txt"


@dataclass(frozen=True)
class Parity:
    """One format beside its source.

    Attributes:
      kind: The format.
      cost: Of running it.
      differences: By name; None for what cannot be told.
      enough: Whether these are as small as the format's precision allows.
    """

    kind: str
    cost: Cost
    differences: Mapping[str, float | None]
    enough: bool


def print_parity(rows: Sequence[Parity], images: int, headings: Mapping[str, str]) -> None:
    """Prints the table; `headings` has how the differences under each heading are written, by their names."""
    titles = ["format", "MB", "ms, p95", "peak MB", *headings, ""]
    cells = [
        [
            row.kind,
            f"{row.cost.megabytes:.2f}",
            f"{row.cost.median_ms:.1f}, {row.cost.p95_ms:.1f}",
            "" if row.cost.peak_megabytes is None else f"{row.cost.peak_megabytes:.0f}",
            *(_written(row.differences, text) for text in headings.values()),
            "ok" if row.enough else "TOO FAR",
        ]
        for row in rows
    ]
    print_table(f"beside the model in float32, on {images} images", titles, cells, texts=("format",))


def write_parity(folder: Path, rows: Sequence[Parity], images: int) -> None:
    """Writes parity.json, and for formats that are too far a file whose name says so."""
    far = [row.kind for row in rows if not row.enough]
    content = {"agrees": not far, "images": images, "formats": [asdict(row) for row in rows]}
    write_text(folder / PARITY_FILE, json.dumps(content, indent=2) + "\n")
    if far:
        text = f"Further from the trained model than their precision allows: {', '.join(far)}. See {PARITY_FILE}.\n"
        write_text(folder / FAILED_FILE, text)


def _written(differences: Mapping[str, float | None], text: str) -> str:
    known = {name: number for name, number in differences.items() if number is not None}
    try:
        return text.format(**known)
    except KeyError:  # one of them cannot be told
        return ""
