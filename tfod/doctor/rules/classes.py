"""Rules about classes: their names, their numbers, how many objects they have."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

from tfod.config.label_map import LabelMap
from tfod.config.text import nearest
from tfod.doctor.findings import Finding

__all__ = ["alike", "check_class_names", "check_counts", "check_ids", "check_label_map", "unknown_class_cure"]

_IMBALANCE = 10  # the commonest class has so many times the objects
_LETTERS_FOR_A_SLIP = 4
_LETTERS_FOR_A_WRONG_ONE = 8


def unknown_class_cure(name: str, label_map: LabelMap) -> str | None:
    """What to do about a class that the label map lacks, where it has one of nearly that name."""
    known = [text for item in label_map.items for text in (item.name, item.display_name) if text]
    hint = nearest(name, known)
    return f"did you mean {hint!r}? Else add it to the label map" if hint else None


def check_label_map(label_map: LabelMap, source: str) -> Iterator[Finding]:
    """Ids of a label map that do not count 1, 2, 3."""
    ids = sorted(label_map.names)
    gaps = sorted({*range(1, ids[-1])} - {*ids}) if ids else []
    if gaps:
        shown = ", ".join(map(str, gaps[:5])) + (", ..." if len(gaps) > 5 else "")
        yield Finding("label-map-gap", f"{len(ids)} classes count up to {ids[-1]}; there is no {shown}", source)


def check_ids(class_ids: Mapping[str, int], source: str) -> Iterator[Finding]:
    """Classes of a COCO file with the id 0, which the Object Detection API's converter takes as it is."""
    for name, number in class_ids.items():
        if number == 0:
            yield Finding("class-id-zero", f"the class {name!r} has the id 0", source)


def check_counts(
    counts: Mapping[str, int], label_map: LabelMap | None, min_objects: int, source: str
) -> Iterator[Finding]:
    """Classes with few objects: next to none, none at all, or a tenth of what the commonest has."""
    if label_map is not None:
        seen = {label_map.ids.get(name) for name in counts}
        for number, name in label_map.names.items():
            if number not in seen:
                yield Finding("class-unused", f"there is no object of class {name!r}", source)
    most = max(counts, key=lambda name: counts[name], default="")
    for name, count in counts.items():
        if count < min_objects:
            objects = "one object" if count == 1 else f"{count} objects"
            yield Finding("class-rare", f"class {name!r} has {objects}", source)
        if count * _IMBALANCE <= counts[most]:
            what = (
                f"class {name!r} has {count} objects, {most!r} {counts[most]}: {counts[most] / count:.0f} times as many"
            )
            yield Finding("class-imbalance", what, source)


def check_class_names(counts: Counter[str], source: str) -> Iterator[Finding]:
    """Pairs of names that differ by a slip of the hand; the rarer one is probably the slip."""
    for pair in combinations(sorted(counts), 2):
        if alike(*pair):
            often, rarely = sorted(pair, key=lambda name: -counts[name])
            what = f"{rarely!r} ({counts[rarely]} objects) and {often!r} ({counts[often]}) are nearly the same name"
            yield Finding("class-alike", what, source)


def alike(first: str, second: str) -> bool:
    """Whether two names differ by case, spaces and marks alone, or by one slip of the hand.

    A slip is a letter left out, added or exchanged with its neighbour; a wrong letter too, but in long names only (boat
    and goat are two things). Digits are no slips.

    >>> alike("button", "buton"), alike("Traffic light", "traffic_light"), alike("lane 1", "lane 2")
    (True, True, False)
    """
    first, second = (_letters(name) for name in (first, second))
    if first == second:
        return True
    shorter = min(len(first), len(second))
    if shorter < _LETTERS_FOR_A_SLIP or abs(len(first) - len(second)) > 1 or _digits(first) != _digits(second):
        return False
    return _one_slip(first, second, shorter >= _LETTERS_FOR_A_WRONG_ONE)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _digits(name: str) -> str:
    return "".join(letter for letter in name if letter.isdigit())


def _one_slip(first: str, second: str, wrong_letter: bool) -> bool:
    """Whether two different texts are one slip apart: what follows the first difference must be the same."""
    short, long = sorted((first, second), key=len)
    start = next((place for place, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    exchanged = short[start : start + 2] == long[start : start + 2][::-1]
    return (exchanged and short[start + 2 :] == long[start + 2 :]) or (
        wrong_letter and short[start + 1 :] == long[start + 1 :]
    )
