"""The flag --write: names of what is written, separated by commas."""

from collections.abc import Collection

from tfod.errors import ConfigError

__all__ = ["read_kinds"]


def read_kinds(text: str, known: Collection[str]) -> list[str]:
    """The names in the flag's value; ConfigError for one that is not among `known`."""
    kinds = [kind.strip() for kind in text.split(",")]
    unknown = next((kind for kind in kinds if kind not in known), None)
    if unknown is not None:
        raise ConfigError(f"--write knows no {unknown!r}", "the command line", f"choose from {', '.join(known)}")
    return kinds
