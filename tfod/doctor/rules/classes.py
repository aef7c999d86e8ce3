"""Rules about classes: their names, their numbers, how many objects they have."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice, pairwise

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.config.label_map import LabelMap
from tfod.config.words import nearest
from tfod.doctor.findings import Finding, about

__all__ = ["UnknownClasses", "alike", "check_class_names", "check_counts", "check_ids", "check_label_map"]

_IMBALANCE = 10  # the commonest class has so many times the objects
_LETTERS_FOR_A_SLIP = 4
_LETTERS_FOR_A_WRONG_ONE = 8
_MOST_LETTERS = 64  # of names that are looked at for slips
_MOST_ALIKE = 20  # names of one spelling that are compared with each other
_MOST_COMPARED = 50_000  # names that the nearest one is looked for among, for all unknown classes together


class UnknownClasses:
    """Finds objects whose class the label map lacks, and says which of its names is nearly that one."""

    def __init__(self, label_map: LabelMap) -> None:
        self._ids = label_map.ids
        self._cures: dict[str, str | None] = {}

    def check(self, image: AnnotatedImage) -> Iterator[Finding]:
        """One finding for each such object."""
        for number, item in enumerate(image.objects, start=1):
            if self._ids.get(item.class_name) is None:
                what = f"the label map has no class {item.class_name!r}"
                yield about(image, "class-unknown", what, number, self._cure(item.class_name))

    def _cure(self, name: str) -> str | None:
        if name not in self._cures:
            compared = (len(self._cures) + 1) * len(self._ids) <= _MOST_COMPARED
            hint = nearest(name, self._ids) if compared else None
            self._cures[name] = f"did you mean {hint!r}? Else add it to the label map" if hint else None
        return self._cures[name]


def check_label_map(label_map: LabelMap, source: str) -> Iterator[Finding]:
    """Ids of a label map that do not count 1, 2, 3."""
    ids = sorted(label_map.names)
    missing = ids[-1] - len(ids) if ids else 0
    if missing:
        gaps = (number for before, after in pairwise([0, *ids]) for number in range(before + 1, after))
        shown = ", ".join(map(str, islice(gaps, 5))) + (", ..." if missing > 5 else "")
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
    by_spelling: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(counts):
        for spelling in _spellings(_letters(name)):
            by_spelling[spelling].append(name)
    together = (combinations(names[:_MOST_ALIKE], 2) for names in by_spelling.values() if len(names) > 1)
    for pair in sorted({pair for pairs in together for pair in pairs if alike(*pair)}):
        often, rarely = sorted(pair, key=lambda name: -counts[name])
        what = f"{rarely!r} ({counts[rarely]} objects) and {often!r} ({counts[often]}) are nearly the same name"
        yield Finding("class-alike", what, source)


def _spellings(letters: str) -> Iterable[tuple[str, str]]:
    """The digits of a name, and its letters with all and without one of them: two names that are a slip apart have one
    of these in common."""
    digits = _digits(letters)
    places = range(len(letters) if _LETTERS_FOR_A_SLIP <= len(letters) <= _MOST_LETTERS else 0)
    shorter = (letters[:place] + letters[place + 1 :] for place in places if not letters[place].isdigit())
    return {(digits, spelling) for spelling in (letters, *shorter)}


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
