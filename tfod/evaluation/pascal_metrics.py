"""Pascal VOC's average precision at an IoU of 0.5, of boxes or masks, in the ways that the original knows.

Every detection is compared with the ground truth box that it overlaps most. If their IoU is 0.5 or more, the detection
with the highest score is a true positive, and the others of that box are false positives; those of a difficult box do
not count. AP is the area under precision over recall, precision being the highest at that recall or beyond (all points,
as since VOC2010).

Where masks are compared, an object of ground truth whose mask is empty need not be found: the first detection whose box
overlaps its box by half, and which no mask has claimed, does not count.

With two ground truth boxes, and detections that are a true, a false and a true positive: precision 1, 1/2, 2/3 at
recall 1/2, 1/2, 1; AP = 1/2 · 1 + 1/2 · 2/3 = 5/6.

Letters: G ground truth boxes and D detections of one image.

Reference: Everingham et al., The Pascal Visual Object Classes Challenge, 2010.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.evaluation.regions import Boxes, Regions, box_regions, mask_regions

__all__ = ["PascalEvaluator"]

_IOU_THRESHOLD = 0.5

Array = NDArray[Any]


class PascalEvaluator:
    """Collects ground truth and detections image by image.

    Args:
      categories: class id (1-based, as in the label map) to the name that the tags carry.
      prefix: of all tags, `PascalBoxes_` for example.
      of_masks: whether masks are compared, not boxes.
      pooled: the mean AP is that of all detections in one list, whatever their class, not the mean over classes.
      recall_range: only the part of the curve between these recalls counts.
    """

    def __init__(
        self,
        categories: Mapping[int, str],
        *,
        prefix: str = "PascalBoxes_",
        of_masks: bool = False,
        pooled: bool = False,
        recall_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self._categories = {class_id: categories[class_id] for class_id in sorted(categories)}
        self.of_masks = of_masks
        self._regions: Callable[..., Regions] = mask_regions if of_masks else box_regions
        self._prefix = prefix
        self._pooled = pooled
        self._recall_range = recall_range
        self._scores: dict[int, list[Array]] = defaultdict(list)
        self._correct: dict[int, list[Array]] = defaultdict(list)
        self._num_groundtruth: Counter[int] = Counter()

    def add(
        self,
        groundtruth_boxes: Array,
        groundtruth_classes: Array,
        detection_boxes: Array,
        detection_scores: Array,
        detection_classes: Array,
        *,
        groundtruth_is_difficult: Array,
        groundtruth_masks: Array | None = None,
        detection_masks: Array | None = None,
    ) -> None:
        """Adds one image.

        Args:
          groundtruth_boxes: float32 `[G, 4]` yxyx in pixels of the original image.
          groundtruth_classes: int `[G]`, 1-based.
          detection_boxes: float32 `[D, 4]` yxyx in pixels; empty ones do not count.
          detection_scores: `[D]`, any range.
          detection_classes: int `[D]`, 1-based.
          groundtruth_is_difficult: bool `[G]`.
          groundtruth_masks: bool or whole numbers `[G, H, W]`, 0 outside of the object; needed where masks are
            compared.
          detection_masks: The same, `[D, H, W]`.
        """
        has_area = (detection_boxes[:, 2:] > detection_boxes[:, :2]).all(axis=1)
        truth_boxes, found_boxes = Boxes(groundtruth_boxes), Boxes(detection_boxes)
        truth = self._regions(groundtruth_boxes, groundtruth_masks)
        found = self._regions(detection_boxes, detection_masks)
        for class_id in self._categories:
            wanted = np.flatnonzero(groundtruth_classes == class_id)
            there = np.flatnonzero((detection_classes == class_id) & has_area)
            there = there[_descending(detection_scores[there])]
            shown = truth[wanted].areas() > 0 if self.of_masks else np.ones(len(wanted), bool)
            hidden, shown = wanted[~shown], wanted[shown]
            self._num_groundtruth[class_id] += int(np.count_nonzero(~groundtruth_is_difficult[shown]))
            ious = found[there].ious(truth[shown])
            # The original divides pixels in float32: of IoUs that are equal there the first is the nearest.
            ious = ious.astype(np.float32) if self.of_masks else ious
            correct, counted = _match(ious, groundtruth_is_difficult[shown])
            left = np.flatnonzero(counted & ~correct)
            by_box, still = _match(found_boxes[there[left]].ious(truth_boxes[hidden]), groundtruth_is_difficult[hidden])
            counted[left] = still & ~by_box
            self._scores[class_id].append(detection_scores[there][counted])
            self._correct[class_id].append(correct[counted])

    def metrics(self) -> dict[str, float]:
        """The original's tags with values in [0, 1]; NaN where there is no ground truth."""
        curves = {class_id: self._curve(class_id) for class_id in self._categories}
        ap = {class_id: self._average_precision(*curve) for class_id, curve in curves.items()}
        present = [class_id for class_id in ap if self._num_groundtruth[class_id]]
        if self._pooled and present:
            scores, correct = (np.concatenate([curves[class_id][i] for class_id in present]) for i in (0, 1))
            mean = self._average_precision(scores, correct, sum(self._num_groundtruth.values()))
        else:
            mean = float(np.mean([ap[class_id] for class_id in present])) if present else math.nan
        low, high = self._recall_range
        bounds = "" if (low, high) == (0.0, 1.0) else f"@[{low:.1f},{high:.1f}]Recall"
        metrics = {f"{self._prefix}Precision/mAP@{_IOU_THRESHOLD}IOU{bounds}": mean}
        for class_id, name in self._categories.items():
            # The original writes accents as characters of their own (NFKD).
            tag = f"PerformanceByCategory/AP@{_IOU_THRESHOLD}IOU/{unicodedata.normalize('NFKD', name)}"
            metrics[self._prefix + tag] = ap[class_id]
        return metrics

    def _curve(self, class_id: int) -> tuple[Array, Array, int]:
        """Of all detections of a class, scores, float64 `[D]`, and which are true positives, bool `[D]`; and how many
        ground truth boxes there are."""
        scores = np.concatenate([np.zeros(0), *self._scores[class_id]])
        correct = np.concatenate([np.zeros(0, bool), *self._correct[class_id]])
        return scores, correct, self._num_groundtruth[class_id]

    def _average_precision(self, scores: Array, correct: Array, num_groundtruth: int) -> float:
        if num_groundtruth == 0:
            return math.nan
        true_positives = np.cumsum(correct[_descending(scores)]).astype(np.float64)
        precision = true_positives / np.arange(1, len(correct) + 1)
        recall = true_positives / num_groundtruth
        within = (recall >= self._recall_range[0]) & (recall <= self._recall_range[1])
        if not within.any():
            return 0.0
        recall = np.concatenate([[0.0], recall[within], [1.0]])
        precision = np.concatenate([[0.0], precision[within], [0.0]])
        highest_to_come = np.maximum.accumulate(precision[::-1])[::-1]
        steps = np.flatnonzero(recall[1:] != recall[:-1]) + 1
        return float(np.sum((recall[steps] - recall[steps - 1]) * highest_to_come[steps]))


def _match(ious: Array, difficult: Array) -> tuple[Array, Array]:
    """Which of the detections (descending scores) are true positives, and which count at all: bool `[D]` each.

    Args:
      ious: float `[D, G]`.
      difficult: bool `[G]`.
    """
    correct, counted = np.zeros(len(ious), bool), np.ones(len(ious), bool)
    if not ious.size:
        return correct, counted
    free = np.ones(len(difficult), bool)
    nearest = np.argmax(ious, axis=1)
    for d in np.flatnonzero(ious.max(axis=1) >= _IOU_THRESHOLD):
        counted[d] = not difficult[nearest[d]]
        correct[d] = counted[d] and free[nearest[d]]
        free[nearest[d]] = False
    return correct, counted


def _descending(scores: Array) -> Array:
    """The order that sorts scores `[D]` descending; the original's, in which equal scores are reversed."""
    return np.argsort(scores)[::-1]
