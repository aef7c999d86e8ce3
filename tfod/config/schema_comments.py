"""The comments of the .proto files: what each message and each field means. Compiled messages have lost them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tfod.protos import pipeline_pb2

__all__ = ["schema_comments"]

_BLOCK = re.compile(r"(message|enum|oneof) (\w+) \{(\})?$")
_FIELD = re.compile(r"(?:optional |repeated )?[\w.]+(?:<.*>)? (\w+) = \d+")


@cache
def schema_comments() -> dict[str, str]:
    """Message ("CenterNet.ObjectDetection") or message and field ("Ssd.num_classes") -> its comment in one line.

    >>> schema_comments()["MomentumOptimizer.learning_rate"]
    'How far a step goes.'
    """
    folder = Path(pipeline_pb2.__file__).parent
    return {name: text for path in folder.glob("*.proto") for name, text in _comments(path.read_text("utf-8"))}


def _comments(text: str) -> Iterator[tuple[str, str]]:
    """The commented names in one file, which has one of them a line, below its comment."""
    blocks: list[tuple[str, str]] = []
    comment: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        messages = [name for kind, name in blocks if kind == "message"]
        if block := _BLOCK.match(line):
            kind, name, closed = block.groups()
            if comment:
                yield ".".join([*messages, name]), " ".join(comment)
            if not closed:
                blocks.append((kind, name))
        elif line == "}":
            blocks.pop()
        elif (field := _FIELD.match(line)) and comment:
            yield ".".join([*messages, field[1]]), " ".join(comment)
        comment = []
