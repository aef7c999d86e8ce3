"""Fields that a config's text gives more than once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tfod.config.diagnostics import Diagnostic, warning
from tfod.config.text import Place, is_repeated

__all__ = ["given_twice"]


def given_twice(places: Sequence[Place]) -> Iterator[Diagnostic]:
    """The last of several values counts, as in the original; whoever edits the first of them wonders.

    Alternatives of which a block has one, optimizers say, are one field here.
    """
    same: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        field = place.field
        if field is not None and not is_repeated(field):
            choice = field.containing_oneof
            same[f"{place.path.rpartition('.')[0]}.({choice.name})" if choice else place.path].append(place)
    for group in same.values():
        if len(group) > 1:
            yield _finding(group)


def _finding(group: Sequence[Place]) -> Diagnostic:
    last = group[-1]
    names = list(dict.fromkeys(place.name for place in group))
    lines = ", ".join(str(place.line) for place in group)
    if len(names) > 1:
        what = f"{' and '.join(names)} exclude each other (lines {lines}); {last.name} in line {last.line} counts"
    elif last.field is not None and last.field.message_type is not None:
        what = f"{last.name} is given {len(group)} times (lines {lines}); the blocks are merged"
    else:
        what = f"{last.name} is given {len(group)} times (lines {lines}); line {last.line} counts"
    return warning("given-twice", what, last.path, "keep one of them")
