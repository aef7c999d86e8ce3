"""Finding out how the masks of a data set are to be read, by looking at the values that occur in all of them.

Greys (numbers; a palette's indices count as such) are, by the first rule that fits:

1. *binary*, if the values gather at 0 and near a full scale of 255 or 65535 with little between: masks of two classes
   that went through JPEG or were resized have strays near both ends. From half of the scale on a pixel is foreground.
2. *ids*, if they are the numbers of the class table, or small or dense from 0 or 1 on; 255 is void.
3. *binary* with all but 0 as foreground, for 16-bit numbers without a table: they count instances (each cell its own).
4. *levels*: up to 64 greys spread over the range, the classes in the order of brightness.

Colours are those of the table. Without one each is a class, in the order of red, green and blue.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from tfod.errors import ConfigError, DataError
from tfod.segmentation.classes import MOST_CLASSES, VOID, ClassTable, default_classes, named_classes
from tfod.segmentation.masks import Kind, MaskEncoding
from tfod.segmentation.raw_masks import Storage, pack, unpack

__all__ = ["Contents", "recognise"]

_ENDS = 1 / 8  # of the scale: what lies so near to an end belongs to it
_MOST_BETWEEN = 0.08  # of all pixels
_MOST_BETWEEN_FOR_BRIGHT = 2.0  # for each bright pixel; numbers of instances have six times as many
_MOST_STRAYS = 0.05
_MOST_LEVELS = 64
_LEAST_SHARE_OF_A_LEVEL = 0.001
_SMALL = 40
_MOST_IDS, _DENSE = 240, 0.8  # numbers above, or with more gaps, are greys
_CURE = "say what they mean with --mask_kind ids, binary, levels or colours, or give a class table with --classes"


@dataclass
class Contents:
    """What occurs in all masks of one storage: `counts` is value -> pixels (for labelme label -> pixels).

    `palette` is index -> packed colour, over the indices that occur; `same_palette` whether all files agree on it.
    """

    counts: Counter[int | str] = field(default_factory=Counter)
    files: int = 0
    lossy: bool = False
    palette: dict[int, int] = field(default_factory=dict)
    same_palette: bool = True


class _Greys(NamedTuple):
    kind: Kind
    values: tuple[int, ...] = ()
    threshold: int = 0


def recognise(
    contents: dict[Storage, Contents], classes: ClassTable | None = None, kind: Kind | None = None
) -> MaskEncoding:
    """The encoding of a data set whose masks hold `contents`, by the rules above.

    `classes` is the user's table, if there is one; `kind` overrides the rules.

    Raises:
      DataError: the values fit no rule, or the masks are of kinds that do not go together.
      ConfigError: the table does not fit what was found.
    """
    if "labelme" in contents:
        if len(contents) > 1:
            raise _mixed(contents)
        return _labels(contents["labelme"], classes)
    if kind == "labels":
        raise DataError("the masks are no files of LabelMe's", "the masks", _CURE)
    if kind == "colours" or (kind is None and _are_colours(contents, classes)):
        return _colours(contents, classes)
    greys = {storage: _greys(storage, found, classes, kind) for storage, found in contents.items()}
    return _joined(greys, contents, classes)


def _labels(found: Contents, classes: ClassTable | None) -> MaskEncoding:
    labels = sorted(str(label) for label in found.counts if label not in ("background", "_background_", "__ignore__"))
    return MaskEncoding("labels", classes or named_classes(["background", *labels], where="the labels"))


def _are_colours(contents: dict[Storage, Contents], classes: ClassTable | None) -> bool:
    if "colour" in contents:
        return True
    indexed = contents.get("palette")
    if indexed is not None and not indexed.same_palette:
        return True
    if classes is None or len(contents) > 1:
        return False
    known = {pack(colour) for colour in (*classes.colours, *classes.void_colours)}
    if indexed is not None:
        return set(indexed.palette.values()) <= known
    grey = contents.get("8-bit")
    return grey is not None and {pack((int(value),) * 3) for value in grey.counts} <= known


def _colours(contents: dict[Storage, Contents], classes: ClassTable | None) -> MaskEncoding:
    counts: Counter[int] = Counter()
    for storage, found in contents.items():
        for value, pixels in found.counts.items():
            counts[_as_colour(storage, int(value), found)] += pixels
    if classes is None:
        return MaskEncoding("colours", _colours_as_classes(counts))
    known = {pack(colour) for colour in (*classes.colours, *classes.void_colours)}
    lossy = any(found.lossy for found in contents.values())
    strangers = sum(pixels for colour, pixels in counts.items() if colour not in known)
    if not lossy and strangers > counts.total() / 2:
        colour = max((colour for colour in counts if colour not in known), key=counts.__getitem__)
        what = f"{strangers / counts.total():.0%} of the pixels have colours that the class table lacks"
        raise ConfigError(what, f"the masks; the most frequent is {unpack(colour)}", "correct the class table")
    return MaskEncoding("colours", classes)


def _as_colour(storage: Storage, value: int, found: Contents) -> int:
    if storage == "colour":
        return value
    if storage == "palette":
        return found.palette[value]
    return pack((min({"1-bit": value * 255, "16-bit": value // 257}.get(storage, value), 255),) * 3)


def _colours_as_classes(counts: Counter[int]) -> ClassTable:
    """Each colour a class; where there are too many (resized masks), those that cover most of the masks."""
    colours = set(counts)
    if len(colours) > _MOST_LEVELS:
        least = counts.total() * _LEAST_SHARE_OF_A_LEVEL
        colours = {colour for colour, pixels in counts.items() if pixels >= least}
        covered = sum(counts[colour] for colour in colours) / counts.total()
        if len(colours) > _MOST_LEVELS or covered < 1 - _MOST_STRAYS:
            what = f"the masks have {len(counts)} colours, too many to be classes"
            raise DataError(what, "the masks", "give a class table (`name r g b`, one class a line) with --classes")
    ordered = sorted(colours)
    names = [f"#{colour:06x}" for colour in ordered]
    if len(names) == 2 and ordered[0] == 0:
        names = ["background", "foreground"]
    return named_classes(names, [unpack(colour) for colour in ordered], "the masks")


def _greys(storage: Storage, found: Contents, classes: ClassTable | None, kind: Kind | None) -> _Greys:
    counts = Counter({int(value): pixels for value, pixels in found.counts.items()})
    top = max(counts)
    if kind == "binary":
        reaches_the_top = top >= _scale(counts) * (1 - _ENDS)
        return _Greys("binary", threshold=_threshold(counts) if reaches_the_top else 1)
    if kind is None and storage != "palette" and _gather_at_the_ends(counts, found.lossy):
        return _Greys("binary", threshold=_threshold(counts))
    if kind != "levels" and classes is not None and (numbers := _numbers_of(classes, counts, kind)):
        return _Greys("ids", numbers)
    stored = sorted(value for value in counts if value != VOID)
    dense = not stored or stored[-1] <= _SMALL or stored[-1] <= min(_MOST_IDS, len(stored) / _DENSE)
    if storage == "16-bit" and kind is None and top > 1 and (classes is None or len(classes.names) == 2):
        return _Greys("binary", threshold=1)
    if kind == "ids" or (kind is None and classes is None and dense and (not found.lossy or top == 0)):
        return _Greys("ids", _range(stored))
    few = len(counts) <= _MOST_LEVELS and (kind == "levels" or (top > _SMALL and not found.lossy))
    if few and (classes is None or len(counts) == len(classes.names)):
        return _Greys("levels", tuple(sorted(counts)))
    raise _without_a_rule(counts, classes)


def _gather_at_the_ends(counts: Counter[int], lossy: bool) -> bool:
    """Whether the values are two, 0 and a full scale, with strays near them.

    >>> _gather_at_the_ends(Counter({0: 900, 3: 50, 100: 5, 253: 20, 255: 25}), lossy=False)
    True
    >>> _gather_at_the_ends(Counter({0: 900, 1: 50, 2: 25, 255: 25}), lossy=False)  # 255 is void
    False
    """
    scale = _scale(counts)
    low = sum(pixels for value, pixels in counts.items() if value <= scale * _ENDS)
    high = sum(pixels for value, pixels in counts.items() if value >= scale * (1 - _ENDS))
    between = counts.total() - low - high
    if not high or between > min(_MOST_BETWEEN * counts.total(), _MOST_BETWEEN_FOR_BRIGHT * high):
        return False
    near_the_top = any(scale * (1 - _ENDS) <= value < scale for value in counts)
    small = counts.total() - counts[0] - high
    return lossy or near_the_top or small <= _MOST_STRAYS * high


def _scale(counts: Counter[int]) -> int:
    return 255 if max(counts) <= 255 else 65535


def _threshold(counts: Counter[int]) -> int:
    return (_scale(counts) + 1) // 2


def _numbers_of(classes: ClassTable, counts: Counter[int], kind: Kind | None) -> tuple[int, ...]:
    """The stored numbers of the classes, if the masks' values are those or the same counted from 1; else nothing."""
    known = {*classes.numbers, *classes.void_numbers, VOID}
    if 0 not in counts and max(known - {VOID}) + 1 in counts:
        numbers = tuple(number + 1 for number in classes.numbers)
        known = {number + 1 for number in known}
    else:
        numbers = classes.numbers
    strangers = sum(pixels for value, pixels in counts.items() if value not in known)
    return numbers if kind == "ids" or strangers <= _MOST_STRAYS * counts.total() else ()


def _range(numbers: list[int]) -> tuple[int, ...]:
    first = int(numbers[:1] == [1])
    return tuple(range(first, max(numbers, default=0) + 1))


def _joined(
    greys: dict[Storage, _Greys], contents: dict[Storage, Contents], classes: ClassTable | None
) -> MaskEncoding:
    """One encoding for all storages: of one kind, or all of two classes."""
    kinds = {found.kind for found in greys.values()}
    two = {storage: found.kind == "ids" and set(found.values) <= {0, 1} for storage, found in greys.items()}
    two = {storage: is_two and VOID not in contents[storage].counts for storage, is_two in two.items()}
    if kinds == {"binary"} or ("binary" in kinds and all(two[s] or greys[s].kind == "binary" for s in greys)):
        thresholds = tuple((storage, found.threshold or 1) for storage, found in greys.items())
        table = classes or default_classes(2)
        if len(table.names) != 2:
            what = f"the masks have two classes, the class table has {len(table.names)}"
            raise ConfigError(what, "the class table", "name two classes, or say --mask_kind ids")
        bright_first = table.colours == ((255, 255, 255), (0, 0, 0))
        return MaskEncoding("binary", table, (1, 0) if bright_first else (0, 1), thresholds)
    if len(kinds) > 1:
        raise _mixed(contents)
    (kind,) = kinds
    values = tuple(sorted(set().union(*(found.values for found in greys.values()))))
    if kind == "ids" and classes is None:
        values = _range(list(values) if values else [0])
        values = values if len(values) > 1 else (0, 1)
    if len(values) > MOST_CLASSES:
        raise DataError(f"the masks have numbers up to {values[-1]}", "the masks", _CURE)
    return MaskEncoding(kind, classes or _default(len(values), values, contents), values)


def _default(count: int, values: tuple[int, ...], contents: dict[Storage, Contents]) -> ClassTable:
    table = default_classes(count)
    indexed = contents.get("palette")
    if indexed is None or any(value not in indexed.palette for value in values):
        return table
    return table._replace(colours=tuple(unpack(indexed.palette[value]) for value in values))


def _mixed(contents: dict[Storage, Contents]) -> DataError:
    kinds = ", ".join(f"{found.files} {storage}" for storage, found in contents.items())
    return DataError(f"the masks are of kinds that do not go together: {kinds}", "the masks", _CURE)


def _without_a_rule(counts: Counter[int], classes: ClassTable | None) -> DataError:
    frequent = ", ".join(f"{value} ({pixels / counts.total():.1%})" for value, pixels in counts.most_common(8))
    table = f" and the class table has {len(classes.names)} classes" if classes else ""
    what = f"the masks have {len(counts)} grey values{table}: what they mean cannot be told"
    return DataError(what, f"the masks; the most frequent are {frequent}", _CURE)
