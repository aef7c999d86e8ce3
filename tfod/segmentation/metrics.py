"""Metrics of segmentation, each from counts over the whole data set; VOID pixels count nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.classes import VOID

__all__ = ["BoundaryCounts", "Scores", "confusion_matrix", "scores_of"]

# Csurka et al. 2013 count a boundary as found when it is this near, in diagonals of the picture.
_TOLERANCE = 0.0075


def confusion_matrix(truth: NDArray[Any], prediction: NDArray[Any], num_classes: int) -> NDArray[np.int64]:
    """Pixels of each true class (rows) that were taken for each class (columns): int64 `[C, C]`.

    Both are integers of any one shape, classes 0 to C - 1; pixels whose truth is VOID are left out.

    >>> confusion_matrix(np.array([0, 0, 1, 255]), np.array([0, 1, 1, 0]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = truth != VOID
    pairs = truth[counts].astype(np.int64) * num_classes + prediction[counts]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


@dataclass(frozen=True)
class Scores:
    """What a confusion matrix says; NaN for a class that is neither in the truth nor in the predictions.

    Attributes:
      iou: TP / (TP + FP + FN) of each class, `[C]`.
      dice: 2 TP / (2 TP + FP + FN) of each class, `[C]`.
      precision: TP / (TP + FP), `[C]`.
      recall: TP / (TP + FN), `[C]`.
      mean_iou: Mean of `iou` over the classes that have one.
      mean_dice: Mean of `dice`.
      pixel_accuracy: The share of pixels that are right.
      mean_accuracy: Mean of `recall`.
      frequency_weighted_iou: Mean of `iou`, weighted by the pixels of the true classes.
    """

    iou: NDArray[np.float64]
    dice: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    mean_iou: float
    mean_dice: float
    pixel_accuracy: float
    mean_accuracy: float
    frequency_weighted_iou: float


def scores_of(matrix: NDArray[np.int64]) -> Scores:
    """The scores of a confusion matrix `[C, C]`, true classes in rows.

    >>> round(scores_of(np.array([[3, 1], [0, 4]])).mean_iou, 3)  # (3/4 + 4/5) / 2
    0.775
    """
    right = np.diag(matrix).astype(np.float64)
    true, claimed = matrix.sum(axis=1), matrix.sum(axis=0)
    iou, recall = _ratio(right, true + claimed - right), _ratio(right, true)
    dice = _ratio(2 * right, true + claimed)
    shares = _ratio(true, matrix.sum())
    return Scores(
        iou=iou,
        dice=dice,
        precision=_ratio(right, claimed),
        recall=recall,
        mean_iou=_mean(iou),
        mean_dice=_mean(dice),
        pixel_accuracy=float(_ratio(right.sum(), matrix.sum())),
        mean_accuracy=_mean(recall),
        frequency_weighted_iou=float(np.nansum(iou * shares)) if matrix.sum() else float("nan"),
    )


@dataclass
class BoundaryCounts:
    """Boundary F1 of each class, from counts that are summed over pictures.

    A pixel of a class is on its boundary where one of its four neighbours is of another class. Of the predicted
    boundary pixels those count as right that have a true one within 0.75 % of the picture's diagonal, and of the true
    ones those as found that have a predicted one so near (Csurka et al., "What is a good evaluation measure for
    semantic segmentation?", 2013, who average over pictures; here the pixels of all pictures are summed).
    """

    num_classes: int
    right: NDArray[np.int64] = field(init=False)
    claimed: NDArray[np.int64] = field(init=False)
    found: NDArray[np.int64] = field(init=False)
    true: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("right", "claimed", "found", "true"):
            setattr(self, name, np.zeros(self.num_classes, np.int64))

    def add(self, truth: NDArray[Any], prediction: NDArray[Any]) -> None:
        """Counts one picture: integers `[H, W]` both."""
        reach = max(1.0, _TOLERANCE * float(np.hypot(truth.shape[0], truth.shape[1])))
        prediction = np.where(truth == VOID, VOID, prediction)
        for number in np.union1d(np.unique(truth), np.unique(prediction)):
            if number != VOID:
                self._add_class(int(number), _boundary(truth, number), _boundary(prediction, number), reach)

    def _add_class(self, number: int, true: NDArray[Any], claimed: NDArray[Any], reach: float) -> None:
        self.true[number] += int(true.sum())
        self.claimed[number] += int(claimed.sum())
        if true.any() and claimed.any():
            self.right[number] += int((claimed & _near(true, reach)).sum())
            self.found[number] += int((true & _near(claimed, reach)).sum())

    def f1(self) -> NDArray[np.float64]:
        """F1 of each class, `[C]`; NaN for one without any boundary."""
        precision = np.nan_to_num(_ratio(self.right, self.claimed))
        recall = np.nan_to_num(_ratio(self.found, self.true))
        f1 = np.nan_to_num(_ratio(2 * precision * recall, precision + recall))
        return np.where(self.true + self.claimed > 0, f1, np.nan)


def _boundary(classes: NDArray[Any], number: int) -> NDArray[np.bool_]:
    """Pixels `[H, W]` of a class beside a pixel of another class; VOID and the picture's edge are no neighbours."""
    inside = classes == number
    other = ~inside & (classes != VOID)
    beside = np.zeros_like(inside)
    beside[1:] |= other[:-1]
    beside[:-1] |= other[1:]
    beside[:, 1:] |= other[:, :-1]
    beside[:, :-1] |= other[:, 1:]
    return inside & beside


def _near(pixels: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    distance = cv2.distanceTransform((~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= reach)


def _ratio(above: Any, below: Any) -> NDArray[np.float64]:
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _mean(values: Sequence[float] | NDArray[np.float64]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
