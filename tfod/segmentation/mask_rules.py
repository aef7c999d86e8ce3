"""What is wrong with pictures and masks: the doctor of `tools/check_masks.py`.

Each rule is a function that yields findings; docs/segmentation.md lists them. Nothing is changed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tfod.config.diagnostics import Diagnostic, error, note, warning
from tfod.segmentation.checked_set import CheckedSet
from tfod.segmentation.masks import MaskEncoding
from tfod.segmentation.raw_masks import MaskSummary

__all__ = ["absent_classes", "check_sets", "render_grouped"]

_MOST_UNKNOWN = 0.05  # of the pixels: more means that table or kind is wrong
_MOST_VOID = 0.5
_RARE = 0.01
_MANY_CLASSES = 40
_MOST_BETWEEN = 0.2  # of a mask's foreground: a threshold in the middle is then more than a detail
_ENDS = 1 / 8


def check_sets(sets: Sequence[CheckedSet]) -> list[Diagnostic]:
    """Everything that the rules find in all parts of a data set."""
    found: list[Diagnostic] = []
    for part in sets:
        for rule in (_pairing, _unreadable, _sizes, _unknown, _strays, _contents, _classes):
            found += rule(part)
    return [*found, *_twins(sets)]


def render_grouped(findings: Sequence[Diagnostic], examples: int) -> str:
    """Findings for people: those of one rule together, with the first few places, errors first; '' for none.

    >>> print(render_grouped([note("strays", "1 pixel is 3", "a.png", "nothing"), note("strays", "2", "b.png", "")], 1))
    note strays: 2
      a.png: 1 pixel is 3
      and 1 more
      what to do: nothing
    """
    groups: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
    for finding in findings:
        groups[finding.severity, finding.rule].append(finding)
    lines = []
    for (severity, rule), group in groups.items():
        lines.append(f"{severity} {rule}: {len(group)}")
        lines += [f"  {finding.where}: {finding.what}" for finding in group[:examples]]
        lines += [f"  and {len(group) - examples} more"] if len(group) > examples else []
        lines += [f"  what to do: {cure}" for cure in dict.fromkeys(finding.cure for finding in group[:examples])]
    return "\n".join(lines)


def _pairing(part: CheckedSet) -> Iterator[Diagnostic]:
    if part.pairing is None:
        return
    for path in part.pairing.pictures_alone:
        yield warning("picture-alone", "the picture has no mask", path, "add a mask of its name, or remove it")
    for path in part.pairing.masks_alone:
        yield warning("mask-alone", "the mask has no picture", path, "add a picture of its name, or remove it")
    for path, others in part.pairing.ambiguous.items():
        what = f"several masks, or pictures, go with it: {', '.join(others[:5])}"
        yield warning("ambiguous-pair", what, path, "keep one of them, or give a list of pairs (--pairs)")


def _unreadable(part: CheckedSet) -> Iterator[Diagnostic]:
    for mask in part.survey.masks:
        if mask.error is not None:
            yield error("mask-unreadable", mask.error.what, mask.where, mask.error.cure)
    for pair, picture in zip(part.pairs, part.pictures, strict=True):
        if picture.error is not None:
            yield error("picture-unreadable", picture.error.what, pair.picture, picture.error.cure)


def _sizes(part: CheckedSet) -> Iterator[Diagnostic]:
    sizes = {(picture.height, picture.width) for picture in part.pictures}
    for pair, picture, mask in zip(part.pairs, part.pictures, part.survey.masks, strict=True):
        if picture.error or mask.error or (picture.height, picture.width) == (mask.height, mask.width):
            continue
        what = f"the picture has {picture.width} x {picture.height} pixels, its mask {mask.width} x {mask.height}"
        cure = "make the mask of the picture's size again, without smoothing (nearest neighbour)"
        if (picture.height, picture.width) == (mask.width, mask.height):
            cure = "the picture is probably turned by EXIF: turn picture and mask alike and save them without EXIF"
        elif (mask.height, mask.width) in sizes:
            cure = "the mask is probably that of another picture, which has its size: correct the names"
        yield error("size", what, f"{pair.picture} and {pair.mask}", cure)


def _unknown(part: CheckedSet) -> Iterator[Diagnostic]:
    survey = part.survey
    for mask, unknown in zip(survey.masks, survey.unknown_pixels, strict=True):
        share = unknown / max(mask.height * mask.width, 1)
        if not unknown:
            continue
        what = f"{share:.2%} of the pixels have values that no class has, and count as void"
        cure = "correct the mask, or the class table (--classes)"
        severe = error if share > _MOST_UNKNOWN else warning
        yield severe("unknown-value", what, mask.where, cure)


def _strays(part: CheckedSet) -> Iterator[Diagnostic]:
    """Values beside the ends of a mask of two classes, and masks that a lossy format has gone over."""
    encoding = part.survey.encoding
    for mask in part.survey.masks:
        if mask.error is not None:
            continue
        if encoding.kind == "binary":
            yield from _strays_of(mask, encoding)
        if mask.like.lossy:
            what = "the mask is a JPEG, which does not keep values"
            yield warning("lossy-mask", what, mask.where, "save masks as PNG, from the originals if there are any")


def _strays_of(mask: MaskSummary, encoding: MaskEncoding) -> Iterator[Diagnostic]:
    top = int(mask.values.max(initial=0))
    least = dict(encoding.thresholds).get(mask.like.storage, 1)
    if least <= 1 or top < least:
        return
    scale = 255 if least <= 255 else 65535
    values = mask.values.astype(np.int64)
    between = int(mask.counts[(values > scale * _ENDS) & (values < scale * (1 - _ENDS))].sum())
    strays = int(mask.counts[(values > 0) & (values < scale)].sum())
    if between > _MOST_BETWEEN * mask.counts[values >= least].sum():
        what = f"{between} pixels lie between dark and bright: where the foreground ends is not clear"
        yield warning("between", what, mask.where, "save the mask without smoothing; look at the contact sheet")
    elif strays:
        what = f"{strays} pixels are not exactly 0 or {scale}; from {least} on they are foreground"
        yield note("strays", what, mask.where, "nothing, if the contact sheet looks right")


def _contents(part: CheckedSet) -> Iterator[Diagnostic]:
    survey = part.survey
    occurring = (survey.class_pixels > 0).sum(axis=0) > 0
    for mask, pixels, void in zip(survey.masks, survey.class_pixels, survey.void_pixels, strict=True):
        if mask.error is not None:
            continue
        present = np.flatnonzero(pixels)
        if not len(present):
            yield warning("all-void", "the mask has no class at all", mask.where, "remove the pair")
        elif len(present) == 1 and occurring.sum() > 1:
            name = survey.classes.names[present[0]]
            rule, what = "empty-mask", f"the mask is empty: all {name}"
            if present[0] != 0:
                rule, what = "one-class-mask", f"the mask has one class alone: {name}"
            yield note(rule, what, mask.where, "nothing, if the picture shows it so")
        if len(present) and void > _MOST_VOID * mask.height * mask.width:
            what = f"{void / (mask.height * mask.width):.0%} of the mask are void"
            yield warning("much-void", what, mask.where, "see whether void is meant: class table and kind of masks")


def _classes(part: CheckedSet) -> Iterator[Diagnostic]:
    survey = part.survey
    totals, names = survey.class_pixels.sum(axis=0), survey.classes.names
    yield from absent_classes(totals, names, part.name)
    for number in np.flatnonzero(totals):
        if totals[number] < _RARE * totals.sum():
            what = f"the class {names[number]} has {totals[number] / totals.sum():.2%} of the pixels"
            yield note("class-rare", what, part.name, "train with --balanced_crops, which shows it more often")
    if survey.encoding.kind == "colours" and names[0].startswith("#"):
        what = "no class table says what the colours mean: each is a class, black too"
        yield note("no-class-table", what, part.name, "give one with --classes; a colour named void is no class")
    if survey.encoding.kind == "ids" and len(names) > _MANY_CLASSES and names[0] == "class_0":
        what = f"the masks have {len(names)} numbers: are they classes, or do they count objects?"
        yield warning("many-classes", what, part.name, "if objects, say --mask_kind binary; else give --classes")
    if survey.encoding.kind == "ids" and survey.encoding.values[:1] == (1,):
        what = f"the masks count classes from 1: 1 is {names[0]}"
        yield note("from-one", what, part.name, "nothing, if it is meant so; 0 would be no class")


def absent_classes(totals: NDArray[np.int64], names: Sequence[str], where: str) -> Iterator[Diagnostic]:
    """Classes of which a data set has no pixel; `totals` are its pixels of each class, int64 `[C]`."""
    present = np.flatnonzero(totals)
    if len(present) == 1:
        what = f"all masks hold one class alone: {names[present[0]]}"
        yield error("one-class", what, where, "there is nothing to learn: see how the masks are read")
    for number in np.flatnonzero(totals == 0):
        what = f"no pixel has the class {names[number]}"
        yield warning("class-missing", what, where, "add pictures of it, or take it out of the class table")


def _twins(sets: Sequence[CheckedSet]) -> Iterator[Diagnostic]:
    """The same picture twice, in one part or in two; and one mask for pictures that differ."""
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    masks: dict[bytes, list[tuple[str, str]]] = defaultdict(list)
    for part in sets:
        for pair, picture, mask in zip(part.pairs, part.pictures, part.survey.masks, strict=True):
            if picture.digest:
                places[picture.digest].append((part.name, pair.picture))
            if len(mask.values) > 1 and picture.digest:
                masks[mask.digest].append((picture.digest, pair.mask))
    for found in masks.values():
        if len({digest for digest, _ in found}) > 1:
            what = "pictures that differ have the same mask"
            yield warning("same-mask", what, " and ".join(path for _, path in found[:3]), "see which picture it fits")
    for found in places.values():
        (first_part, first), *others = found
        for other_part, other in others:
            if other_part != first_part:
                what = f"the picture is in {first_part} and in {other_part}: what is learnt is judged by itself"
                yield error("in-two-parts", what, f"{first} and {other}", "remove one of the pairs")
            else:
                yield warning("twice", "the picture is there twice", f"{first} and {other}", "remove one of the pairs")
