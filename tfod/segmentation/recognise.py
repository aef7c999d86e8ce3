"""How the masks of a data set are to be read: one form for all of them, by the values that occur in them.

A class table (`--classes`) or the form itself (`--mask_kind`) settles it. Else masks are what their files say they are:
LabelMe's shapes; colours, each of them a class; numbers (of a palette too), which are class ids if they are up to 40 or
have no gaps, with 255 as void. 0 and 255 (or 65535) alone are black and white, two classes, and so are they with the
greys near them, and the few between, that JPEG and smoothing leave. Other 16-bit numbers count objects: all but 0 is
foreground. Few greys far apart (0, 128, 255) are classes in the order of brightness. Values that fit no form, or two of
these, are refused.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tfod.errors import ConfigError, DataError
from tfod.segmentation.classes import MOST_CLASSES, VOID, ClassTable, default_classes, named_classes
from tfod.segmentation.masks import BACKGROUND_LABELS, VOID_LABEL, Kind, MaskEncoding, codes
from tfod.segmentation.raw_masks import MaskSummary, Storage, pack, unpack

__all__ = ["recognise"]

_SMALL = 40
_MOST_LEVELS = 64  # that are asked for, and colours without a table
_END = 1 / 8  # of the scale: what lies so near to an end belongs to it
_MOST_BETWEEN = 0.08  # of all pixels, in masks that are black and white
_MOST_UNKNOWN, _MOST_UNKNOWN_COLOURS = 0.05, 0.5  # of all pixels: more, and the class table is not that of the masks
_CURE = "say what they mean with --mask_kind ids, binary, levels or colours, or give a class table with --classes"

_Masks = dict[Storage, list[MaskSummary]]
_Form = tuple[Kind, tuple[int, ...], int]
"""Kind, stored values of the classes, and the threshold of two."""


def recognise(
    masks: Sequence[MaskSummary], classes: ClassTable | None = None, kind: Kind | None = None
) -> MaskEncoding:
    """The encoding of a data set of these masks, by the rule above; `classes` and `kind` are what the user said.

    Raises:
      DataError: the values fit no form, or more than one, or the masks are of forms that do not go together.
      ConfigError: the table does not fit what was found.
    """
    stored: _Masks = defaultdict(list)
    for mask in masks:
        stored[mask.like.storage].append(mask)
    if "labelme" in stored and len(stored) > 1:
        raise _mixed(stored)
    if "labelme" in stored:
        labels = sorted(set(_counts(masks, "labels")) - {*BACKGROUND_LABELS, VOID_LABEL})
        return MaskEncoding("labels", classes or named_classes(["background", *labels], where="the labels"))
    if kind == "labels":
        raise DataError("the masks are no files of LabelMe's", "the masks", _CURE)
    if kind == "colours" or (kind is None and _are_colours(stored, classes)):
        return MaskEncoding("colours", _class_colours(_counts(masks, "colours"), masks, classes))
    forms = {storage: _form(_Greys(storage, own), classes, kind) for storage, own in stored.items()}
    return _joined(forms, stored, classes)


def _counts(masks: Sequence[MaskSummary], kind: Kind) -> Counter[Any]:
    """The pixels of each number, packed colour or label in all masks."""
    counts: Counter[Any] = Counter()
    for mask in masks:
        for code, pixels in zip(codes(mask.values, mask.like, kind), mask.counts.tolist(), strict=True):
            counts[code] += pixels
    return counts


def _palette(masks: Sequence[MaskSummary]) -> set[tuple[int, int]]:
    """Index and packed colour of what occurs."""
    return {pair for m in masks for pair in zip(m.values.tolist(), codes(m.values, m.like, "colours"), strict=True)}


def _are_colours(stored: _Masks, classes: ClassTable | None) -> bool:
    palette = _palette(stored.get("palette", ()))
    if "colour" in stored or len(dict(palette)) < len(palette):
        return True
    if classes is None or len(stored) > 1 or not {"palette", "8-bit"} & set(stored):
        return False
    ((_, masks),) = stored.items()
    return {*_counts(masks, "colours")} <= _known(classes)


def _known(classes: ClassTable) -> set[int]:
    return {*pack((*classes.colours, *classes.void_colours)).tolist()}


def _class_colours(counts: Counter[int], masks: Sequence[MaskSummary], classes: ClassTable | None) -> ClassTable:
    """The table, if the masks have its colours; without one each colour is a class."""
    if classes is None:
        if len(counts) > _MOST_LEVELS:
            what = f"the masks have {len(counts)} colours, too many to be classes"
            raise DataError(what, "the masks", "give a class table (`name r g b`, one class a line) with --classes")
        ordered = sorted(counts)
        names = [f"#{colour:06x}" for colour in ordered]
        names = ["background", "foreground"] if len(names) == 2 and not ordered[0] else names
        return named_classes(names, [unpack(colour) for colour in ordered], "the masks")
    known = _known(classes)
    strangers = Counter({colour: pixels for colour, pixels in counts.items() if colour not in known})
    if strangers.total() > _MOST_UNKNOWN_COLOURS * counts.total() and not any(mask.like.lossy for mask in masks):
        what = f"{strangers.total() / counts.total():.0%} of the pixels have colours that the class table lacks"
        colour = unpack(strangers.most_common(1)[0][0])
        raise ConfigError(what, f"the masks; the most frequent is {colour}", "correct the class table")
    return classes


class _Greys:
    """The numbers that occur in the masks of one storage, and what they look like."""

    def __init__(self, storage: Storage, masks: Sequence[MaskSummary]) -> None:
        self.storage = storage
        self.counts = _counts(masks, "ids")
        self.top, total = max(self.counts), self.counts.total()
        self.lossy = self.top > 0 and any(mask.like.lossy for mask in masks)
        self.full = 255 if self.top <= 255 or storage == "colour" else 65535
        dark_to, bright_from = self.full * _END, self.full * (1 - _END)
        self.bright = self._pixels(bright_from, self.top)
        # Black and white: little between the ends, and signs of JPEG or smoothing, or next to nothing beside them.
        most = min(_MOST_BETWEEN * total, 2 * self.bright)  # numbers of objects have more
        smoothed = self.lossy or self._pixels(bright_from, self.full - 1) > 0
        clean = smoothed or total - self.counts[0] - self.bright <= _MOST_UNKNOWN * self.bright
        between = total - self._pixels(0, dark_to) - self.bright
        self.two_ends = clean and self.bright > 0 and between <= most and storage != "palette"
        self.apart = all(high - low > dark_to for low, high in pairwise(sorted(self.counts)))
        ids = sorted({*self.counts} - {VOID})
        self.numbers = tuple(range(int(ids[:1] == [1]), max(ids, default=0) + 1))
        self.without_gaps = len(ids) == len(self.numbers) and self.numbers[-1] < bright_from
        self.small = (self.without_gaps or self.numbers[-1] <= _SMALL) and not self.lossy

    def _pixels(self, low: float, high: float) -> int:
        return sum(pixels for value, pixels in self.counts.items() if low <= value <= high)

    def of_table(self, classes: ClassTable) -> tuple[tuple[int, ...], bool]:
        """The numbers of the classes, as in the table or all one more, and whether they are what the masks hold."""
        known = {*classes.numbers, *classes.void_numbers}
        first = int(0 not in self.counts and max(known) + 1 in self.counts)
        strangers = sum(self.counts[value] for value in self.counts if value - first not in known and value != VOID)
        most = 0 if self.two_ends else _MOST_UNKNOWN * self.counts.total()
        return tuple(number + first for number in classes.numbers), strangers <= most and not self.lossy


def _form(greys: _Greys, classes: ClassTable | None, kind: Kind | None) -> _Form:
    numbers, fit = greys.of_table(classes) if classes else (greys.numbers, greys.small and greys.storage != "16-bit")
    objects = (
        greys.without_gaps and VOID not in greys.counts if kind else greys.storage == "16-bit" and not greys.two_ends
    )
    kind = kind or _kind(greys, classes, fit)
    if kind == "binary":
        return kind, (), (greys.full + 1) // 2 if greys.bright and not objects else 1
    if kind == "ids":
        return kind, numbers, 0
    if kind is None or len(greys.counts) not in ([len(classes.names)] if classes else range(_MOST_LEVELS + 1)):
        raise _not_certain(greys.counts, classes)
    return kind, tuple(sorted(greys.counts)), 0


def _kind(greys: _Greys, classes: ClassTable | None, fit: bool) -> Kind | None:
    """The only form that the numbers fit (`fit`: as class ids); None where there is none, or more than one."""
    values, two_classes = {*greys.counts}, classes is None or len(classes.names) == 2
    if greys.two_ends and (values <= {0, greys.full} or len(values) == 2):
        return "binary"
    wide = greys.storage == "16-bit"
    if greys.two_ends and two_classes and greys.full == VOID and (greys.small or wide):
        # 0, 1 and 255 with hardly a 1 may be class ids and void; 16-bit numbers may count few objects.
        return None if 1 in values or wide else "binary"
    if fit or greys.top <= 1:
        return "ids"
    if wide and two_classes:
        return "binary"
    many = not greys.apart if classes is None else len(values) != len(classes.names)
    if many or greys.lossy or greys.top <= _SMALL or (greys.two_ends and not greys.apart):
        return "binary" if greys.two_ends else None
    return None if greys.two_ends and classes is None else "levels"


def _joined(forms: dict[Storage, _Form], stored: _Masks, classes: ClassTable | None) -> MaskEncoding:
    """One encoding for all storages: of one kind, or all of two classes."""
    kinds = {kind for kind, *_ in forms.values()}
    two = all(
        kind == "binary" or ({*values} <= {0, 1} and not any(VOID in mask.values for mask in stored[storage]))
        for storage, (kind, values, _) in forms.items()
    )
    if "binary" in kinds and two:
        table = classes or default_classes(2)
        if len(table.names) != 2:
            what = f"the masks have two classes, the class table has {len(table.names)}"
            raise ConfigError(what, "the class table", "name two classes, or say --mask_kind ids")
        bright_first = table.colours == ((255, 255, 255), (0, 0, 0))
        thresholds = tuple((storage, threshold or 1) for storage, (_, _, threshold) in forms.items())
        return MaskEncoding("binary", table, (1, 0) if bright_first else (0, 1), thresholds)
    if len(kinds) > 1:
        raise _mixed(stored)
    (kind,) = kinds
    values = tuple(sorted({value for _, own, _ in forms.values() for value in own}))
    if kind == "ids" and classes is None:
        values = (0, 1) if len(values) == 1 else tuple(range(values[0], values[-1] + 1))
    if len(values) > MOST_CLASSES:
        raise DataError(f"the masks have numbers up to {values[-1]}", "the masks", _CURE)
    return MaskEncoding(kind, classes or _default(values, stored), values)


def _default(values: tuple[int, ...], stored: _Masks) -> ClassTable:
    """Classes without a name, in the colours of the masks' palette if it has one for each."""
    table, palette = default_classes(len(values)), dict(_palette(stored.get("palette", ())))
    if not {*values} <= {*palette}:
        return table
    return table._replace(colours=tuple(unpack(palette[value]) for value in values))


def _mixed(stored: _Masks) -> DataError:
    kinds = ", ".join(f"{len(masks)} {storage}" for storage, masks in stored.items())
    return DataError(f"the masks are of kinds that do not go together: {kinds}", "the masks", _CURE)


def _not_certain(counts: Counter[int], classes: ClassTable | None) -> DataError:
    frequent = ", ".join(f"{value} ({pixels / counts.total():.1%})" for value, pixels in counts.most_common(8))
    table = f" and the class table has {len(classes.names)} classes" if classes else ""
    what = f"the masks have {len(counts)} grey values{table}: what they mean cannot be told"
    return DataError(what, f"the masks; the most frequent are {frequent}", _CURE)
