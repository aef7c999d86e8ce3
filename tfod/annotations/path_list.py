"""Many paths in little memory."""

import os
from array import array
from collections.abc import Iterable, Sequence
from typing import overload

__all__ = ["PathList"]


class PathList(Sequence[str]):
    """The paths FOLDER/NAME.ENDING of many names, each in four bytes and its own; in a list it takes a hundred more.

    Processes that are forked share it, since reading it changes nothing: not even counts of references.

    >>> paths = PathList("photos", ["cat", "dog"], ".xml")
    >>> len(paths), paths[1], paths[:]
    (2, 'photos/dog.xml', ['photos/cat.xml', 'photos/dog.xml'])
    """

    def __init__(self, folder: str, names: Iterable[str], ending: str = "") -> None:
        self._folder = folder
        self._ending = ending
        text, self._ends = bytearray(), array("I", [0])
        for name in names:
            text += os.fsencode(name)
            self._ends.append(len(text))
        self._text = bytes(text)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        numbers = range(len(self))[index]  # counts from the end too, and raises IndexError
        return [*map(self._path, numbers)] if isinstance(numbers, range) else self._path(numbers)

    def _path(self, number: int) -> str:
        name = os.fsdecode(self._text[self._ends[number] : self._ends[number + 1]])
        return f"{self._folder}/{name}{self._ending}"
