"""Fields that a config's text gives more than once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tfod.config.diagnostics import Diagnostic, warning
from tfod.config.scan import Place, source_of
from tfod.config.words import is_repeated

__all__ = ["given_twice"]

_LIST_OF_STEPS = "data_augmentation_options"


def given_twice(places: Sequence[Place], text: str) -> Iterator[Diagnostic]:
    """The last of several values counts, as in the original; whoever edits the first of them wonders.

    `places` are those in `text`.

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
            yield _finding(group, text)


def _finding(group: Sequence[Place], text: str) -> Diagnostic:
    last = group[-1]
    names = list(dict.fromkeys(place.name for place in group))
    lines = ", ".join(str(place.line) for place in group)
    if len(names) > 1:
        what = f"{' and '.join(names)} exclude each other (lines {lines}); {last.name} in line {last.line} counts"
    elif last.field is not None and last.field.message_type is not None:
        what = f"{last.name} is given {len(group)} times (lines {lines}); the blocks are merged"
    else:
        what = f"{last.name} is given {len(group)} times (lines {lines}); line {last.line} counts"
    cure = "keep one of them"
    block = last.path.rpartition(".")[0].rpartition(".")[2].partition("[")[0]
    if len(names) > 1 and block == _LIST_OF_STEPS:
        steps = " ".join(f"{block} {{ {source_of(text, place)} }}" for place in group)
        cure = f"for all of them, write each in a block of its own: {steps}"
    return warning("given-twice", what, last.path, cure)
