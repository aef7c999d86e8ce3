"""Rules about lists of images' names: whether the images are there, and each in one list only."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from tfod.annotations.source import NameList
from tfod.doctor.findings import Finding

__all__ = ["check_lists"]

_SHOWN = 3


def check_lists(lists: Sequence[NameList]) -> Iterator[Finding]:
    """What is wrong with the lists, after all images have been gone through."""
    for one in lists:
        missing = [name for name, count in one.images.items() if not count]
        if len(missing) == len(one.images):
            what = f"none of its {len(missing)} names is that of an image: {_words(missing)}"
            yield Finding("list-unmatched", what, one.path)
        elif missing:
            what = f"{len(missing)} of its {len(one.images)} names are those of no image: {_words(missing)}"
            yield Finding("list-names", what, one.path)
    for first, second in combinations(lists, 2):
        if both := [name for name in first.images if name in second.images]:
            yield Finding(
                "list-repeated", f"{len(both)} of its names are in {first.path} too: {_words(both)}", second.path
            )


def _words(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return f"{shown}, ..." if len(names) > _SHOWN else shown
