"""Average precision: one number for how well a detector finds the objects of a class.

Detections are judged in descending order of score. The first that overlaps an object well enough is a true positive;
all others are false positives. After each, precision is the share of true positives so far, and recall the share of
objects that are found. AP is the area under precision over recall, in one of three ways that are in use.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfod.lessons.overlap import iou

__all__ = ["INTERPOLATIONS", "Interpolation", "Judged", "average_precision", "judge", "precision_and_recall"]

Numbers = NDArray[np.float64]
Interpolation = Literal["voc2007", "voc2010", "coco"]

INTERPOLATIONS: tuple[Interpolation, ...] = ("voc2007", "voc2010", "coco")


class Judged(NamedTuple):
    """A detection, its greatest overlap with an object that was free, and whether it is a true positive."""

    image: str
    score: float
    box: Numbers
    overlap: float
    correct: bool


def judge(
    found: Mapping[str, Sequence[tuple[float, Numbers]]],
    truths: Mapping[str, Numbers],
    iou_threshold: float = 0.5,
    *,
    only_nearest: bool = False,
) -> list[Judged]:
    """All detections in descending order of score, each judged.

    >>> truths = {"a": np.array([[0.0, 0, 10, 10]])}
    >>> found = {"a": [(0.9, np.array([0.0, 0, 10, 9])), (0.8, np.array([0.0, 0, 10, 10]))]}
    >>> [(one.score, one.correct) for one in judge(found, truths)]  # the object is found; the second is one too many
    [(0.9, True), (0.8, False)]

    Args:
      found: For each image the scores and boxes `[4]`, yxyx in pixels, of one class.
      truths: For each image the boxes of its objects, float64 `[G, 4]`.
      iou_threshold: The least overlap of a true positive.
      only_nearest: As Pascal VOC does it: a detection is compared with the object that it overlaps most, found already
        or not. COCO looks among those that are not found yet.
    """
    everything = [(score, image, box) for image, objects in found.items() for score, box in objects]
    free = {image: np.ones(len(boxes), bool) for image, boxes in truths.items()}
    judged = []
    for score, image, box in sorted(everything, key=lambda one: -one[0]):
        overlaps = iou(box, truths[image]) * (1 if only_nearest else free[image])
        best = int(overlaps.argmax()) if len(overlaps) else 0
        overlap = float(overlaps[best]) if len(overlaps) else 0.0
        correct = overlap >= iou_threshold and bool(free[image][best])
        if correct:
            free[image][best] = False
        judged.append(Judged(image, score, box, overlap, correct))
    return judged


def precision_and_recall(correct: ArrayLike, num_objects: int) -> tuple[Numbers, Numbers]:
    """Precision and recall after each detection, float64 `[D]` each.

    >>> precision, recall = precision_and_recall([True, False, True], num_objects=2)
    >>> precision.round(2).tolist(), recall.tolist()
    ([1.0, 0.5, 0.67], [0.5, 0.5, 1.0])
    """
    true_positives = np.cumsum(np.asarray(correct, bool)).astype(np.float64)
    return true_positives / np.arange(1, len(true_positives) + 1), true_positives / num_objects


def average_precision(precision: ArrayLike, recall: ArrayLike, how: Interpolation) -> float:
    """The area under the curve, whose dents are filled: precision is the highest at that recall or beyond.

    * voc2007: the mean at 11 recalls, 0, 0.1 and so on to 1.
    * voc2010: the area itself.
    * coco: the mean at 101 recalls.

    >>> curve = precision_and_recall([True, False, True], num_objects=2)
    >>> [round(average_precision(*curve, how), 4) for how in INTERPOLATIONS]
    [0.8485, 0.8333, 0.835]
    """
    precision, recall = np.asarray(precision, np.float64), np.asarray(recall, np.float64)

    def highest(at: float) -> float:
        return float(precision[recall >= at].max(initial=0.0))

    if how == "voc2010":
        recalls = np.unique(np.append(recall, 0.0))
        return float(sum((high - low) * highest(high) for low, high in pairwise(recalls)))
    return float(np.mean([highest(at) for at in np.linspace(0, 1, 11 if how == "voc2007" else 101)]))
