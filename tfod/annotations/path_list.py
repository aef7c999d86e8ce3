"""Lists of images' names and paths: in files, one a line, and in little memory.

A line is one name or path, or several with tabs between. One in double quotes ("" for a quote inside) is taken as it
is; it is written so where it could be read otherwise. Blanks and commas are parts of names. In lists of Pascal VOC a
flag, -1, 0 or 1, follows a name. It is no part of it, unless lines of the list have other things after a blank, or
differ in that number alone: then they are names such as `frame 1`.
"""

import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from tfod.annotations.pictures import picture_stem
from tfod.errors import DataError
from tfod.files import LFS_CURE, is_lfs_pointer

__all__ = ["PathList", "fields_of", "line_of", "list_lines", "list_names", "name_line"]

# In Pascal VOC's lists of actions the number of an object stands before the flag.
_WITH_FLAG = re.compile(r"(([^\s\"]+)(?:\s+\d{1,3})?)\s+(?:-1|0|1)")
_MOST_LETTERS = 1 << 14  # of a line: more than the longest two paths
_BREAKS = re.compile(r"[\r\n\ud800-\udfff]")


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


def fields_of(line: str, separators: str = "\t") -> list[str]:
    """The paths of a line, divided at the characters `separators` outside of quotes.

    >>> fields_of('a, b.jpg\\tmasks/a, b.png'), fields_of('"the ""best"".jpg", c.png', ",")
    (['a, b.jpg', 'masks/a, b.png'], ['the "best".jpg', 'c.png'])
    """
    quoted, plain = re.compile(rf'"((?:[^"]|"")*)"[^\S\t]*(?=[{separators}]|$)'), re.compile(f"[^{separators}]+")
    between = re.compile(rf"(?:[^\S\t]|[{separators}])*")
    line = line.strip()
    fields: list[str] = []
    place = 0
    while (place := between.match(line, place).end()) < len(line):  # type: ignore[union-attr]
        if match := quoted.match(line, place):
            fields.append(match[1].replace('""', '"'))
        elif match := plain.match(line, place):
            fields.append(match[0].strip())
        place = match.end() if match else len(line)
    return [field for field in fields if field]


def line_of(*paths: str) -> str:
    """The line, with its end, that `fields_of` reads as these paths. Raises DataError for a name that no line can hold.

    >>> line_of("a, b.jpg", "#1.png")
    'a, b.jpg\\t"#1.png"\\n'
    """
    for path in paths:
        if _BREAKS.search(path):
            cure = "rename the file"
            raise DataError(
                "a name has a line break, or bytes that are no text: no list can hold it", ascii(path), cure
            )
    return "\t".join(map(_quoted, paths)) + "\n"


def name_line(filename: str) -> str:
    """The line for an image in a list of names, as in ImageSets/Main: its name without folders and extension.

    >>> name_line("photos/img (1).jpg"), name_line("frame 1.png"), name_line("cat.jpg.jpeg")
    ('img (1)\\n', '"frame 1"\\n', 'cat.jpg.jpeg\\n')
    """
    stem = picture_stem(filename)
    return line_of(stem if picture_stem(stem) == stem else filename.replace("\\", "/").rpartition("/")[2])


def list_names(path: str | os.PathLike[str]) -> Iterator[str]:
    """The names in a list of images, without folders and the extension of an image or an XML file.

    Raises DataError for a list that is missing, no text, or empty.
    """
    flags = _has_flags(path)
    for _, line in list_lines(path):
        match = _WITH_FLAG.fullmatch(line) if flags else None
        yield picture_stem(match[2] if match else next(iter(fields_of(line)), ""))


def list_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """The lines of a list that are not blank, each with its number from 1 and without blanks around it.

    Raises DataError for a list that is missing, no text, or empty.
    """
    path, cure = os.fspath(path), "name a text file with one picture a line"
    empty = True
    try:
        with open(path, encoding="utf-8-sig") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MOST_LETTERS), ""), start=1):
                if number == 1 and is_lfs_pointer(line.encode()):
                    raise DataError("this is a pointer of Git LFS, not the list", path, LFS_CURE)
                if len(line) == _MOST_LETTERS:
                    raise DataError("a line is longer than any path", f"{path}, line {number}", cure)
                if line := line.strip():
                    empty = False
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise DataError(f"cannot read the list: {reason[0].lower()}{reason[1:]}", path, cure) from error
    if empty:
        raise DataError("the list is empty", path, "write one picture's name a line")


def _has_flags(path: str | os.PathLike[str]) -> bool:
    """Whether what follows names in a list are Pascal VOC's flags."""
    flagged: set[str] = set()
    for _, line in list_lines(path):
        if match := _WITH_FLAG.fullmatch(line):
            if match[1] in flagged:
                return False
            flagged.add(match[1])
        elif " " in line or "\t" in line:
            return False
    return True


def _quoted(path: str) -> str:
    plain = path == path.strip() and path[:1] not in ("#", '"') and "\t" not in path
    plain = plain and not _WITH_FLAG.fullmatch(path)
    return path if plain else '"' + path.replace('"', '""') + '"'
