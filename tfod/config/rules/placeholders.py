"""Paths that the zoo's configs leave to their users."""

import re
from collections.abc import Iterator
from typing import Any

from tfod.config.diagnostics import Diagnostic, error
from tfod.config.rules.walk import blocks
from tfod.config.words import is_repeated

__all__ = ["has_placeholder", "placeholders"]


def placeholders(message: Any, prefix: str) -> Iterator[Diagnostic]:
    """A finding for each placeholder in `message`, whose fields have paths that begin with `prefix`."""
    for path, block in blocks(message, prefix):
        for field, value in block.ListFields():
            if field.type != field.TYPE_STRING:
                continue
            in_list = is_repeated(field)
            for number, text in enumerate(value if in_list else [value]):
                if has_placeholder(text):
                    where = f"{path}{field.name}[{number}]" if in_list else f"{path}{field.name}"
                    what = f"{field.name} still holds the zoo's placeholder"
                    yield error("path-to-be-configured", what, where, f"give your path: --set {where}=...")


def has_placeholder(text: str) -> bool:
    """Whether the text is one that the zoo's configs leave for their users (one of them has a typo in it)."""
    return re.search(r"PATH_TO_\w*CONFIGURED", text) is not None
