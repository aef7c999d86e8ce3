"""The questions that one should ask of a data set before training, and their answers in numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tfod.doctor.findings import Finding
from tfod.doctor.rules.descriptions import RULES
from tfod.explore.plots import PlotName
from tfod.explore.statistics import Contents, class_table, picture_table
from tfod.lessons.overlap import iou

__all__ = ["Answer", "ask"]

_INPUT = 320  # pixels: the smallest input of the zoo's detectors
_HARD_SIDE = 16  # pixels of the input, below which a detector with this input finds little
_RARE = 20
_MANY = 20  # classes that a table shows


class Answer(NamedTuple):
    """A question, why one asks it, what the data set says to it; and a table and the plots that show it."""

    question: str
    why: str
    said: str
    table: pd.DataFrame | None = None
    plots: Sequence[PlotName] = ()


def ask(contents: Contents, findings: Sequence[Finding]) -> Iterator[Answer]:
    """All questions, in the order in which they come up.

    Args:
      contents: Of the data set, with at least one object.
      findings: What the doctor found in it.
    """
    yield _how_much(contents)
    yield _which_classes(contents)
    yield _how_large(contents)
    yield _which_shapes(contents)
    yield _where(contents)
    yield _how_crowded(contents)
    if contents.objects.class_name.nunique() > 1:
        yield _together(contents)
    if contents.pictures.split.nunique() > 1:
        yield _alike(contents)
    yield _right(findings)


def _how_much(contents: Contents) -> Answer:
    pictures, objects = contents.pictures, contents.objects
    empty = int((pictures.objects == 0).sum())
    said = (
        f"{len(pictures):,} images with {len(objects):,} objects; {empty:,} images have none. To fine-tune a detector, "
        "some hundred objects a class are a good beginning; images without objects teach it what to leave alone."
    )
    why = "It decides whether one trains from scratch (thousands) or fine-tunes (hundreds), and how long."
    table = picture_table(contents).rename(columns={"pictures": "images"})
    return Answer("How many images and objects are there?", why, said, table)


def _which_classes(contents: Contents) -> Answer:
    table = class_table(contents)
    if len(table) == 1:
        said = f"One class, {table.index[0]}, with {int(table.objects.iloc[0]):,} objects."
        return Answer("Which classes are there?", "A detector of one class has nothing to confuse.", said)
    most, least = table.iloc[0], table.iloc[-1]
    rare = [str(name) for name in table.index[table.objects < _RARE]]
    said = (
        f"{len(table)} classes. The commonest, {most.name}, has {int(most.objects):,} objects, "
        f"the rarest, {least.name}, {int(least.objects):,}: {most.objects / least.objects:.0f} to 1. "
    )
    said += f"Fewer than {_RARE}: {', '.join(rare[:8])}." if rare else f"None has fewer than {_RARE}."
    why = "A detector learns what it sees often. Rare classes need more images, or to be left out, or joined."
    shown = table.head(_MANY)[["objects", "pictures"]].rename(columns={"pictures": "images"})
    return Answer("Which classes are there, and are they balanced?", why, said, shown, ("classes",))


def _how_large(contents: Contents) -> Answer:
    sides = _INPUT * np.sqrt(contents.objects["share"])
    hard = float((sides < _HARD_SIDE).mean())
    said = (
        f"The median object covers {contents.objects['share'].median():.1%} of its image. "
        f"Resized to {_INPUT} × {_INPUT}, {hard:.0%} of the objects are less than {_HARD_SIDE} pixels large. "
    )
    said += "Take a larger input (640 or more), or tiles." if hard > 0.1 else "An input of that size will do."
    why = "Detectors resize every image. What is only some pixels large then is gone before the network sees it."
    return Answer("How large are the objects, for the network?", why, said, None, ("sizes",))


def _which_shapes(contents: Contents) -> Answer:
    low, middle, high = (float(contents.objects.ratio.quantile(share)) for share in (0.05, 0.5, 0.95))
    extreme = float(((contents.objects.ratio > 3) | (contents.objects.ratio < 1 / 3)).mean())
    said = (
        f"Width over height is {middle:.2f} in the median, and from {low:.2f} to {high:.2f} for nine of ten objects. "
        f"{extreme:.0%} are more than three times as wide as high, or as high as wide: "
    )
    said += "give the anchors such ratios (tfod lesson anchors)." if extreme > 0.1 else "the usual anchors fit."
    why = (
        "Anchors have a few shapes, mostly 1:2, 1:1 and 2:1. Objects of other shapes match badly, and are learned late."
    )
    return Answer("Which shapes do they have?", why, said, None, ("ratios",))


def _where(contents: Contents) -> Answer:
    x, y = contents.objects.x, contents.objects.y
    middle = float(((x - 0.5).abs().lt(1 / 6) & (y - 0.5).abs().lt(1 / 6)).mean())
    said = f"{middle:.0%} of the centres lie in the middle ninth of the image; evenly spread, it would be 11%."
    why = "Where all objects lie in the middle, a detector may never see one at the edge. Cropping and shifting help."
    return Answer("Where are they?", why, said, None, ("positions",))


def _how_crowded(contents: Contents) -> Answer:
    counts = contents.pictures.objects
    pairs = _overlapping_pairs(contents)
    said = (
        f"{counts.mean():.1f} objects an image, {int(counts.max())} at most. "
        f"{pairs:,} pairs of one class overlap by more than half. "
    )
    said += (
        "Suppression keeps one of each: raise its threshold, or try the soft one (tfod lesson nms)." if pairs else ""
    )
    why = "Detectors give up to 100 boxes an image, and suppression takes what overlaps much for one object."
    return Answer("How crowded is it?", why, said.strip(), None, ("objects",))


def _together(contents: Contents) -> Answer:
    shown = contents.objects.groupby("picture").class_name.nunique()
    said = f"{float((shown > 1).mean()):.0%} of the images with objects show several classes."
    why = "What is always seen together is learned together: a detector may find the rider by the horse."
    return Answer("Which classes are seen together?", why, said, None, ("together",))


def _alike(contents: Contents) -> Answer:
    table = pd.crosstab(contents.objects.class_name, contents.objects.split, normalize="columns")
    apart = float((table.max(axis=1) - table.min(axis=1)).max())
    missing = [str(name) for name in table.index[(table == 0).any(axis=1)]]
    said = f"The share of a class differs between the parts by {apart:.1%} at most. "
    said += f"Not in every part: {', '.join(missing[:8])}." if missing else "Every class is in every part."
    why = "A model is judged by other images than it learned from; they have to be of the same kind (tfod split)."
    return Answer("Are the parts alike?", why, said, (100 * table.head(_MANY)).round(1).add_suffix(", %"))


def _right(findings: Sequence[Finding]) -> Answer:
    counts = Counter(finding.rule for finding in findings)
    rows = {
        rule: {"": RULES[rule].severity, "how many": counts[rule], "what to do": RULES[rule].cure}
        for rule in RULES
        if counts[rule]
    }
    severities = Counter(RULES[finding.rule].severity for finding in findings)
    told = ", ".join(f"{severities[severity]:,} {severity}s" for severity in ("error", "warning", "note"))
    said = f"{told}. " if counts else "Nothing was found. "
    said += "tfod doctor names every place, and writes a repaired copy." if counts else ""
    why = "A wrong box teaches the wrong thing, and an image in train and val makes the result look too good."
    table = pd.DataFrame.from_dict(rows, orient="index") if rows else None
    return Answer("Are the annotations right?", why, said.strip(), table)


def _overlapping_pairs(contents: Contents, threshold: float = 0.5) -> int:
    """Pairs of objects of one class on one image whose IoU is more."""
    objects = contents.objects
    size = contents.pictures[["height", "width"]].to_numpy(float)[objects.picture]
    centre = objects[["y", "x"]].to_numpy(float) * size
    half = objects[["height", "width"]].to_numpy(float) / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    pairs = 0
    for rows in objects.groupby(["picture", "class_name"]).indices.values():
        own = boxes[rows]
        pairs += int(np.triu(iou(own[:, np.newaxis], own) > threshold, 1).sum())
    return pairs
