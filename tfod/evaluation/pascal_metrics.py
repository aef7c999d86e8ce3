"""Pascal VOC's average precision at an IoU of 0.5, in the three ways that the original knows.

Every detection is compared with the ground truth box that it overlaps most. If their IoU is 0.5 or more, the detection
with the highest score is a true positive, and the others of that box are false positives; those of a difficult box do
not count. AP is the area under precision over recall, precision being the highest at that recall or beyond (all points,
as since VOC2010).

With two ground truth boxes, and detections that are a true, a false and a true positive: precision 1, 1/2, 2/3 at
recall 1/2, 1/2, 1; AP = 1/2 · 1 + 1/2 · 2/3 = 5/6.

Letters: G ground truth boxes and D detections of one image.

Reference: Everingham et al., The Pascal Visual Object Classes Challenge, 2010.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from tfod.evaluation.coco_metrics import yxyx_to_xywh

__all__ = ["PascalEvaluator"]

_IOU_THRESHOLD = 0.5

Array = NDArray[Any]


class PascalEvaluator:
    """Collects ground truth and detections image by image.

    Args:
      categories: class id (1-based, as in the label map) to the name that the tags carry.
      prefix: of all tags, `PascalBoxes_` for example.
      pooled: the mean AP is that of all detections in one list, whatever their class, not the mean over classes.
      recall_range: only the part of the curve between these recalls counts.
    """

    def __init__(
        self,
        categories: Mapping[int, str],
        *,
        prefix: str = "PascalBoxes_",
        pooled: bool = False,
        recall_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self._categories = {class_id: categories[class_id] for class_id in sorted(categories)}
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
    ) -> None:
        """Adds one image.

        Args:
          groundtruth_boxes: float32 `[G, 4]` yxyx in pixels of the original image.
          groundtruth_classes: int `[G]`, 1-based.
          detection_boxes: float32 `[D, 4]` yxyx in pixels; empty ones do not count.
          detection_scores: `[D]`, any range.
          detection_classes: int `[D]`, 1-based.
          groundtruth_is_difficult: bool `[G]`.
        """
        has_area = (detection_boxes[:, 2:] > detection_boxes[:, :2]).all(axis=1)
        for class_id in self._categories:
            here, there = groundtruth_classes == class_id, (detection_classes == class_id) & has_area
            difficult = groundtruth_is_difficult[here]
            self._num_groundtruth[class_id] += int(np.count_nonzero(~difficult))
            order = _descending(detection_scores[there])
            correct, counted = _match(groundtruth_boxes[here], difficult, detection_boxes[there][order])
            self._scores[class_id].append(detection_scores[there][order][counted])
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


def _match(truth: Array, difficult: Array, found: Array) -> tuple[Array, Array]:
    """bool `[D]` each: which of the detections (descending scores) are true positives, and which count at all."""
    correct, counted = np.zeros(len(found), bool), np.ones(len(found), bool)
    if not len(truth) or not len(found):
        return correct, counted
    ious = np.asarray(coco_mask.iou(yxyx_to_xywh(found), yxyx_to_xywh(truth), np.zeros(len(truth), np.uint8)))
    free = np.ones(len(truth), bool)
    nearest = np.argmax(ious, axis=1)
    for d in np.flatnonzero(ious.max(axis=1) >= _IOU_THRESHOLD):
        counted[d] = not difficult[nearest[d]]
        correct[d] = counted[d] and free[nearest[d]]
        free[nearest[d]] = False
    return correct, counted


def _descending(scores: Array) -> Array:
    """The order that sorts scores `[D]` descending; the original's, in which equal scores are reversed."""
    return np.argsort(scores)[::-1]
