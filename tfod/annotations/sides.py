"""Left and right in the names of keypoints."""

import re
from collections.abc import Sequence

__all__ = ["mirrored", "side_of"]

_OTHER = {"left": "right", "right": "left", "l": "r", "r": "l"}
_SIDE = re.compile(
    r"(?:(?<![a-z])|(?<=[a-z])(?=[LR](?:eft|ight)))(left|right|Left|Right|LEFT|RIGHT)|(?<![A-Za-z])([lrLR])(?![A-Za-z])"
)


def side_of(name: str) -> str:
    """ "left", "right" or "" of a keypoint.

    >>> side_of("left_eye"), side_of("RightAnkle"), side_of("R_Knee"), side_of("nose")
    ('left', 'right', 'right', '')
    """
    found = _SIDE.search(name)
    word = found.group().lower() if found else ""
    return {"l": "left", "r": "right"}.get(word, word)


def mirrored(names: Sequence[str]) -> tuple[int, ...]:
    """Of each keypoint the number of the one that a mirrored image has in its place: left becomes right.

    >>> mirrored(["nose", "left_eye", "right_eye"])
    (0, 2, 1)
    """
    numbers = {name: number for number, name in enumerate(names)}
    return tuple(numbers.get(_SIDE.sub(_exchanged, name), number) for number, name in enumerate(names))


def _exchanged(found: re.Match[str]) -> str:
    word = found.group()
    other = _OTHER[word.lower()]
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
