"""Which number in a mask stands for which class, and in which colour it is drawn."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tfod.config.label_map import read_label_map
from tfod.errors import ConfigError
from tfod.visualize.colours import class_colour

__all__ = [
    "CLASS_FILES", "MOST_CLASSES", "VOID", "ClassTable", "Colour", "default_classes", "find_class_file",
    "named_classes", "read_classes", "table_text",
]  # fmt: skip

VOID = 255
"""What a pixel holds that belongs to no class: it counts neither in training nor in evaluation."""

MOST_CLASSES = 255

# Names by which data sets call the pixels that are not to count.
_VOID_NAME = re.compile(
    r"(void|unlabell?ed|un_?annotated|ignored?|__ignore__|ignore_?label|do_?n.?t_?care|undefined)", re.IGNORECASE
)
# CVAT's labelmap.txt: `name:r,g,b:parts:actions`.
_CVAT = re.compile(r"(?P<name>[^:]+):\s*(?P<rgb>\d+\s*,\s*\d+\s*,\s*\d+)\s*:.*")
# CamVid's order: `r g b name`.
_COLOUR_FIRST = re.compile(r"(?P<rgb>\d+[\s,;]+\d+[\s,;]+\d+)[\s,;]+(?P<name>\D.*)")
# `name r g b`, or a table with commas, from its end: so each letter is looked at once.
_COLOUR_LAST = re.compile(r"(?P<rgb>\d+[\s,;]+\d+[\s,;]+\d+)[\s,;:]+(?P<name>\d*\D.*)")
_HEX = re.compile("[0-9a-fA-F]{6}")
_AROUND = " \t,;\"'"  # names and colours
_HEADER = re.compile(r"(name|class|label|r)\b.*\b(r|red|g|green|b|blue|name)", re.IGNORECASE)

# Under these names people put the table beside their masks.
CLASS_FILES = (
    "classes.txt", "class_dict.csv", "label_colors.txt", "label_colours.txt", "labelmap.txt", "class_colors.txt",
    "class_colours.txt", "colors.txt", "colours.txt", "palette.txt", "codes.txt", "labels.txt", "label_map.pbtxt",
)  # fmt: skip

Colour = tuple[int, int, int]


class ClassTable(NamedTuple):
    """The classes of a data set: class `i` is `names[i]`, drawn in `colours[i]` (RGB, 0..255).

    `void_numbers` are the numbers in id masks, beside 255, and `void_colours` the colours in colour-coded masks, that
    stand for no class. Numbers in masks count void entries, classes do not:

    >>> table = ClassTable(("road", "car"), ((1, 1, 1), (2, 2, 2)), void_numbers=(1,))
    >>> table.numbers  # void stands between the two
    (0, 2)
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    void_numbers: tuple[int, ...] = ()
    void_colours: tuple[Colour, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of each class in id masks."""
        count = len(self.names) + len(self.void_numbers)
        return tuple(number for number in range(count) if number not in self.void_numbers)


def named_classes(
    names: Sequence[str], colours: Sequence[Colour | None] | None = None, where: str = "the list of classes"
) -> ClassTable:
    """The table of `names` in their order; a name that means void (void, unlabelled, ignore, ...) is no class.

    Classes without a colour get one that tells them apart. Raises ConfigError for a name or a colour given twice, for
    no class at all and for more than 255.

    >>> named_classes(["background", "crack"]).colours
    ((0, 0, 0), (220, 20, 60))
    """
    given = list(colours) if colours is not None else [None] * len(names)
    for kind, values in (("name", names), ("colour", [colour for colour in given if colour is not None])):
        twice = next((value for value, count in Counter(values).items() if count > 1), None)
        if twice is not None:
            raise ConfigError(f"the {kind} {twice!r} is given twice", where, f"give each class its own {kind}")
    void = [number for number, name in enumerate(names) if _VOID_NAME.fullmatch(name.strip())]
    kept = [number for number in range(len(names)) if number not in void]
    if not 1 <= len(kept) <= MOST_CLASSES:
        raise ConfigError(f"there are {len(kept)} classes", where, f"name 1 to {MOST_CLASSES} classes, one a line")
    return ClassTable(
        tuple(names[number] for number in kept),
        tuple(
            given[number] or colour for number, colour in zip(kept, _colours(names[kept[0]], len(kept)), strict=True)
        ),
        tuple(void),
        tuple(colour for number in void if (colour := given[number]) is not None),
    )


def default_classes(count: int) -> ClassTable:
    """Classes of a data set that says nothing of them: background and foreground, or class_0, class_1, ..."""
    names = ["background", "foreground"] if count == 2 else [f"class_{number}" for number in range(count)]
    return named_classes(names, where="the masks")


def read_classes(path: Path | str) -> ClassTable:
    """The table in a file: lines `name r g b`, `r g b name` or `name #rrggbb` (spaces or commas, `#` comments, a header
    line), lines of names alone, or a label map (`.pbtxt`), whose ids are the numbers in masks, with background as 0.

    Raises ConfigError, with the line, for what cannot be read.
    """
    path = Path(path)
    if path.suffix == ".pbtxt":
        return _from_label_map(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is not text").lower()
        raise ConfigError(f"cannot read the class table: {reason}", str(path), "name a text file") from error
    entries = [(number, line) for number, line in enumerate(map(_content, text.splitlines()), start=1) if line]
    if entries and _HEADER.match(entries[0][1]) and not re.search(r"\d", entries[0][1]):
        entries = entries[1:]
    parsed = [_entry(line, f"{path}, line {number}") for number, line in entries]
    coloured = [colour is not None for _, colour in parsed]
    if any(coloured) and not all(coloured):
        number, line = entries[coloured.index(False)]
        raise ConfigError(f"the class {line[:80]!r} has no colour", f"{path}, line {number}", "write `name r g b`")
    return named_classes([name for name, _ in parsed], [colour for _, colour in parsed], str(path))


def find_class_file(folders: Iterable[Path | str]) -> Path | None:
    """The class table that lies in one of `folders` under a usual name (`CLASS_FILES`); None where there is none."""
    paths = (Path(folder, name) for folder in folders for name in CLASS_FILES)
    return next((path for path in paths if path.is_file()), None)


def table_text(classes: ClassTable) -> str:
    """The table as `read_classes` reads it, a line `name r g b` for each class.

    >>> table_text(named_classes(["parked car"], [(1, 2, 3)]))
    'parked car 1 2 3\\n'
    """
    return "".join(
        f"{name} {red} {green} {blue}\n"
        for name, (red, green, blue) in zip(classes.names, classes.colours, strict=True)
    )


def _content(line: str) -> str:
    # `#` begins a comment at the start of a line or after a space; a colour such as #804080 is no comment.
    return re.sub(r"(^|\s)#(?![0-9a-fA-F]{6}\b).*", "", line).strip()


def _entry(line: str, where: str) -> tuple[str, Colour | None]:
    """The name and the colour, if there is one, of a line."""
    name, mark, code = line.rpartition("#")
    if mark and _HEX.fullmatch(code) and name.strip(_AROUND):
        red, green, blue = bytes.fromhex(code)
        return name.strip(_AROUND), (red, green, blue)
    for pattern, turn in ((_CVAT, 1), (_COLOUR_FIRST, 1), (_COLOUR_LAST, -1)):
        if match := pattern.fullmatch(line[::turn]):
            rgb, name = (match[group][::turn] for group in ("rgb", "name"))
            numbers = re.findall(r"\d+", rgb)
            if max(map(len, numbers)) > 9 or max(map(int, numbers)) > 255:
                cure = "write red, green and blue as numbers from 0 to 255"
                raise ConfigError(f"the colour {rgb[:40]} is out of range", where, cure)
            red, green, blue = map(int, numbers)
            return name.strip(_AROUND), (red, green, blue)
    return line.strip(_AROUND), None


def _from_label_map(path: Path) -> ClassTable:
    items = {item.id: item.display_name or item.name for item in read_label_map(path).items}
    count = max(items) + 1
    if count > MOST_CLASSES:
        raise ConfigError(f"the greatest id is {count - 1}", str(path), f"masks hold the ids 0 to {MOST_CLASSES - 1}")
    names = [items.get(number, f"class_{number}" if number else "background") for number in range(count)]
    return named_classes(names, where=str(path))


def _colours(first: str, count: int) -> list[Colour]:
    """A colour for each of `count` classes: black for a background at the start, the house's colours for others."""
    background = first.lower().strip("_") in ("background", "class_0", "other")
    return [
        (0, 0, 0) if background and number == 0 else class_colour(number + (not background)) for number in range(count)
    ]
