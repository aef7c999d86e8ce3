"""Hebrew and Arabic for what draws letters one by one from left to right, as Pillow does where it finds no FriBidi."""

import functools
import unicodedata
from collections.abc import Callable, Iterator
from itertools import accumulate, groupby

__all__ = ["is_right_to_left", "visual"]

# Unicode's presentation forms of single letters, and Lam-Alef.
_FORMS = (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD))
_KINDS = {(False, False): "<isolated>", (True, False): "<final>", (False, True): "<initial>", (True, True): "<medial>"}
_LAM = "\u0644"
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def is_right_to_left(text: str) -> bool:
    """Whether a text begins at the right: its first letter with a direction says so."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


def visual(text: str, has: Callable[[str], bool] = lambda letter: True) -> str:
    r"""The text as it stands on paper from left to right, Arabic letters in the forms that join.

    Numbers and Latin words within keep their order. `has` says of a form whether there is a font for it.

    >>> visual("(\u05d0\u05d1) 7%") == "7% (\u05d1\u05d0)"
    True
    >>> visual("\u05d0\u05d1 cd") == "cd \u05d1\u05d0"
    True
    >>> [f"{ord(letter):X}" for letter in visual("\u064a\u062f")]
    ['FEAA', 'FEF3']
    """
    if not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
        return text
    letters = _joined(text, has)
    runs = [
        (is_right, "".join(letter for _, letter in pairs))
        for is_right, pairs in groupby(zip(_directions(letters), letters, strict=True), key=lambda pair: pair[0])
    ]
    if is_right_to_left(letters):
        runs.reverse()
    return "".join(_turned(run) if is_right else run for is_right, run in runs)


def _directions(text: str) -> Iterator[bool]:
    """Of each letter whether it goes to the left; what has no direction goes with both neighbours, or as the text."""
    kinds = [_direction(letter) for letter in text]
    base = is_right_to_left(text)

    def carried(before: bool, kind: bool | None) -> bool:
        return before if kind is None else kind

    from_before = list(accumulate(kinds, carried, initial=base))[1:]
    from_after = list(accumulate(reversed(kinds), carried, initial=base))[:0:-1]
    return (before if before == after else base for before, after in zip(from_before, from_after, strict=True))


def _direction(letter: str) -> bool | None:
    kind = unicodedata.bidirectional(letter)
    if kind in ("R", "AL"):
        return True
    return False if kind in ("L", "EN", "AN", "ET") else None


def _turned(text: str) -> str:
    """Backwards, but marks stay behind the letters that they are on."""
    clusters: list[str] = []
    for letter in text.translate(_MIRRORED):
        if clusters and unicodedata.category(letter) == "Mn":
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return "".join(reversed(clusters))


def _joined(text: str, has: Callable[[str], bool]) -> str:
    """The text with each Arabic letter in the form that its neighbours ask for."""
    forms = _forms()
    units: list[str] = []
    for letter in text:
        if units and units[-1] == _LAM and _LAM + letter in forms:
            units[-1] += letter
        else:
            units.append(letter)
    joining = [number for number, unit in enumerate(units) if unicodedata.category(unit[0]) != "Mn"]
    result = list(units)
    for place, number in enumerate(joining):
        unit = units[number]
        before = units[joining[place - 1]] if place else ""
        after = units[joining[place + 1]] if place + 1 < len(joining) else ""
        joins = _join(before, unit, forms), _join(unit, after, forms)
        form = forms.get(unit, {}).get(_KINDS[joins], unit)
        result[number] = form if has(form) else unit
    return "".join(result)


def _join(first: str, second: str, forms: dict[str, dict[str, str]]) -> bool:
    return "<initial>" in forms.get(first, {}) and "<final>" in forms.get(second, {})


@functools.cache
def _forms() -> dict[str, dict[str, str]]:
    """Letter, or Lam with an Alef, -> kind -> the character that is its form of that kind."""
    forms: dict[str, dict[str, str]] = {}
    for code in _FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        base = "".join(chr(int(letter, 16)) for letter in letters)
        if kind in _KINDS.values() and (len(base) == 1 or base.startswith(_LAM)):
            forms.setdefault(base, {})[kind] = chr(code)
    return forms
