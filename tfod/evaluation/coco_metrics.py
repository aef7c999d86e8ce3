"""The twelve numbers of COCO, for all classes together and for each, equal to pycocotools' to the last bit.

The IoU, of boxes or of masks, comes from pycocotools; matching and counting are done here on arrays, several times as
fast as there.

Letters: I images, K classes, T IoU thresholds (10), R recall thresholds (101), A area ranges (4), M limits on
detections (3), D detections and G ground truth boxes of one class on one image.

Matching, for one threshold: detections take ground truth by descending score. With IoUs

            truth 0  truth 1
    det 0      0.7      0.6      takes truth 0
    det 1      0.8      0.3      truth 0 is taken and truth 1 too far: a false positive
    det 2      0.0      0.9      takes truth 1

Reference: Lin et al., Microsoft COCO: Common Objects in Context, 2014, and cocoeval.py of pycocotools.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.evaluation.regions import Regions, box_regions, mask_regions

__all__ = ["BOXES_PREFIX", "MASKS_PREFIX", "METRIC_NAMES", "CocoEvaluator"]

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_THRESHOLDS = np.linspace(0.0, 1.0, 101)
MAX_DETECTIONS = (1, 10, 100)
# Square pixels, both ends included: all, small, medium, large.
AREA_RANGES = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])

BOXES_PREFIX = "DetectionBoxes_"
MASKS_PREFIX = "DetectionMasks_"
# (name, index of the IoU threshold or None for all, index in AREA_RANGES)
_PRECISIONS = (
    ("Precision/mAP", None, 0),
    ("Precision/mAP@.50IOU", 0, 0),
    ("Precision/mAP@.75IOU", 5, 0),
    ("Precision/mAP (small)", None, 1),
    ("Precision/mAP (medium)", None, 2),
    ("Precision/mAP (large)", None, 3),
)
# (name, index in AREA_RANGES, index in MAX_DETECTIONS)
_RECALLS = (
    ("Recall/AR@1", 0, 0),
    ("Recall/AR@10", 0, 1),
    ("Recall/AR@100", 0, 2),
    ("Recall/AR@100 (small)", 1, 2),
    ("Recall/AR@100 (medium)", 2, 2),
    ("Recall/AR@100 (large)", 3, 2),
)
METRIC_NAMES = tuple(name for name, *_ in (*_PRECISIONS, *_RECALLS))

Array = NDArray[Any]


class _Matches(NamedTuple):
    """One class on one image. Detections by descending score, at most 100."""

    scores: Array  # float64 [D]
    matched: Array  # bool [A, T, D]
    ignored: Array  # bool [A, T, D]: neither a true nor a false positive
    num_groundtruth: Array  # int64 [A]: those that are to be found


class CocoEvaluator:
    """Collects ground truth and detections image by image.

    Args:
      categories: class id (1-based, as in the label map) to the name that the tags carry.
      of_masks: whether masks are compared, not boxes.

    >>> evaluator = CocoEvaluator({1: "cat"})
    >>> box = np.array([[10.0, 10.0, 50.0, 60.0]], np.float32)
    >>> evaluator.add("a.jpg", box, np.array([1]), box, np.array([0.9]), np.array([1]))
    >>> round(evaluator.metrics()["DetectionBoxes_PerformanceByCategory/mAP/cat"], 6)
    1.0
    """

    def __init__(self, categories: Mapping[int, str], *, of_masks: bool = False) -> None:
        self.of_masks = of_masks
        self._prefix = MASKS_PREFIX if of_masks else BOXES_PREFIX
        self._regions: Callable[..., Regions] = mask_regions if of_masks else box_regions
        self._categories = {class_id: categories[class_id] for class_id in sorted(categories)}
        self._matches: dict[int, list[_Matches]] = defaultdict(list)
        self._seen: Counter[Hashable] = Counter()
        self.num_groundtruth: Counter[int] = Counter()
        """Boxes of ground truth by class id, crowds included."""

    @property
    def num_images(self) -> int:
        """How many images were added."""
        return self._seen.total()

    @property
    def num_repeated_ids(self) -> int:
        """How many images came with an id that an earlier one had; they count as images of their own."""
        return self.num_images - len(self._seen)

    def add(
        self,
        image_id: Hashable,
        groundtruth_boxes: Array,
        groundtruth_classes: Array,
        detection_boxes: Array,
        detection_scores: Array,
        detection_classes: Array,
        *,
        groundtruth_is_crowd: Array | None = None,
        groundtruth_masks: Array | None = None,
        detection_masks: Array | None = None,
    ) -> None:
        """Adds one image. Boxes and detections of a class that is not in `categories` do not count.

        Args:
          image_id: only counted: two images with one id stay two images.
          groundtruth_boxes: `[G, 4]` yxyx in pixels of the original image; taken as float32, as areas are too.
          groundtruth_classes: int `[G]`, 1-based.
          detection_boxes: `[D, 4]` yxyx in pixels of the original image; taken as float32.
          detection_scores: `[D]`, any range.
          detection_classes: int `[D]`, 1-based.
          groundtruth_is_crowd: bool `[G]`; a crowd may be detected many times, and need not be.
          groundtruth_masks: bool or whole numbers `[G, H, W]`, 0 outside of the object; needed where masks are
            compared. Whether an object of ground truth is small or large, its box decides all the same.
          detection_masks: The same, `[D, H, W]`.
        """
        self._seen[image_id] += 1
        truth_boxes = np.asarray(groundtruth_boxes, np.float32).reshape(-1, 4)
        truth, found = self._regions(truth_boxes, groundtruth_masks), self._regions(detection_boxes, detection_masks)
        # The original computes these areas in float32, pycocotools those of detections in float64.
        areas = ((truth_boxes[:, 2] - truth_boxes[:, 0]) * (truth_boxes[:, 3] - truth_boxes[:, 1])).astype(np.float64)
        crowd = np.zeros(len(truth_boxes), bool)
        if groundtruth_is_crowd is not None:
            crowd = np.asarray(groundtruth_is_crowd).astype(bool)
        truth_classes = np.asarray(groundtruth_classes).astype(np.int64)
        found_classes = np.asarray(detection_classes).astype(np.int64)
        scores = np.asarray(detection_scores).astype(np.float64)
        for class_id in self._categories:
            here, there = truth_classes == class_id, found_classes == class_id
            self.num_groundtruth[class_id] += int(np.count_nonzero(here))
            if here.any() or there.any():
                matches = _match_class(truth[here], areas[here], crowd[here], found[there], scores[there])
                self._matches[class_id].append(matches)

    def metrics(self, per_class: bool = True) -> dict[str, float]:
        """The original's tags, each with a value in [0, 1], or -1 where there was no such ground truth.

        `DetectionBoxes_Precision/mAP` and eleven more; with `per_class` also
        `DetectionBoxes_PerformanceByCategory/mAP/<name>` and, for all twelve, `... ByCategory/<name>`.
        """
        curves = [_accumulate(self._matches[class_id]) for class_id in self._categories]
        if not curves:
            return {self._prefix + name: -1.0 for name in METRIC_NAMES}
        precision = np.stack([curve for curve, _ in curves], axis=2)  # [T, R, K, A]
        recall = np.stack([row for _, row in curves], axis=1)  # [T, K, A, M]
        metrics = {self._prefix + name: value for name, value in _summarize(precision, recall).items()}
        if not per_class:
            return metrics
        for k, name in enumerate(self._categories.values()):
            summary = _summarize(precision[:, :, k : k + 1], recall[:, k : k + 1])
            metrics[f"{self._prefix}PerformanceByCategory/mAP/{name}"] = summary["Precision/mAP"]
            metrics |= {f"{self._prefix}{tag} ByCategory/{name}": value for tag, value in summary.items()}
        return metrics


def _match_class(truth: Regions, truth_area: Array, crowd: Array, found: Regions, scores: Array) -> _Matches:
    """Matches what is of one class on one image; `truth_area` and `scores` float64."""
    # The stable sort keeps the order of equal scores, as pycocotools' does.
    order = np.argsort(-scores, kind="stable")[: MAX_DETECTIONS[-1]]
    best = found[order]
    ignored_truth = crowd | _outside(truth_area)  # [A, G]
    matched, ignored = _match(best.ious(truth, crowd), crowd, ignored_truth)
    ignored |= ~matched & _outside(best.areas())[:, np.newaxis]
    return _Matches(scores[order], matched, ignored, np.count_nonzero(~ignored_truth, axis=1))


def _match(ious: Array, crowd: Array, ignored_truth: Array) -> tuple[Array, Array]:
    """Which detections take a ground truth box, and which take one that does not count.

    Args:
      ious: float64 `[D, G]`, detections by descending score.
      crowd: bool `[G]`; a crowd is never used up.
      ignored_truth: bool `[A, G]`; taken only where no box that counts can be.

    Returns:
      matched, ignored: bool `[A, T, D]`.
    """
    num_found, num_truth = ious.shape
    shape = (len(AREA_RANGES), len(IOU_THRESHOLDS))
    matched = np.zeros((*shape, num_found), bool)
    ignored = np.zeros((*shape, num_found), bool)
    free = np.ones((*shape, num_truth), bool)
    counts = ~ignored_truth[:, np.newaxis]  # [A, 1, G]
    area, threshold = np.indices(shape)
    # Most detections overlap nothing by half: they cannot match.
    near = np.flatnonzero(ious.max(axis=1, initial=0.0) >= IOU_THRESHOLDS[0])
    for d in near:
        within = free & (ious[d] >= IOU_THRESHOLDS[:, np.newaxis])  # [A, T, G]
        regular = within & counts
        candidates = np.where(regular.any(axis=2, keepdims=True), regular, within)
        # Of boxes with equal IoU pycocotools takes the last.
        taken = num_truth - 1 - np.argmax(np.where(candidates, ious[d], -1.0)[..., ::-1], axis=2)
        matched[..., d] = candidates.any(axis=2)
        ignored[..., d] = matched[..., d] & ignored_truth[area, taken]
        free[area, threshold, taken] &= ~matched[..., d] | crowd[taken]
    return matched, ignored


def _accumulate(images: list[_Matches]) -> tuple[Array, Array]:
    """The curves of one class: precision `[T, R, A]`, recall `[T, A, M]`; -1 where there is no ground truth."""
    num_t, num_a = len(IOU_THRESHOLDS), len(AREA_RANGES)
    precision = -np.ones((num_t, len(RECALL_THRESHOLDS), num_a))
    recall = -np.ones((num_t, num_a, len(MAX_DETECTIONS)))
    if not images:
        return precision, recall
    scores = np.concatenate([image.scores for image in images])
    rank = np.concatenate([np.arange(len(image.scores)) for image in images])
    order = np.argsort(-scores, kind="stable")
    matched = np.concatenate([image.matched for image in images], axis=2)[..., order]
    counted = ~np.concatenate([image.ignored for image in images], axis=2)[..., order]
    num_groundtruth = np.sum([image.num_groundtruth for image in images], axis=0)
    for a in np.flatnonzero(num_groundtruth):
        true, false = matched[a] & counted[a], ~matched[a] & counted[a]  # [T, sum of D]
        for m, limit in enumerate(MAX_DETECTIONS):
            recall[:, a, m] = true[:, rank[order] < limit].sum(axis=1) / num_groundtruth[a]
        for t in range(num_t):
            precision[t, :, a] = _precision_at_recalls(true[t], false[t], num_groundtruth[a])
    return precision, recall


def _precision_at_recalls(true: Array, false: Array, num_groundtruth: int) -> Array:
    """Highest precision at each of the 101 recalls or beyond, float64 `[R]`; 0 where the recall is not reached.

    `true` and `false` are bool `[D]`: true and false positives by descending score. With one ground truth box, true =
    F, T and false = T, F: the precision is 0, then 1/2, at recall 0, then 1; the answer is 1/2 everywhere.
    """
    true_positives = np.cumsum(true).astype(np.float64)
    false_positives = np.cumsum(false).astype(np.float64)
    precision = true_positives / (false_positives + true_positives + np.spacing(1))
    highest_to_come = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(true_positives / num_groundtruth, RECALL_THRESHOLDS, side="left")
    return np.append(highest_to_come, 0.0)[first]


def _summarize(precision: Array, recall: Array) -> dict[str, float]:
    """The twelve numbers from precision `[T, R, K, A]` and recall `[T, K, A, M]`."""
    summary = {}
    for name, t, a in _PRECISIONS:
        summary[name] = _mean(precision[slice(None) if t is None else slice(t, t + 1), ..., a])
    for name, a, m in _RECALLS:
        summary[name] = _mean(recall[..., a, m])
    return summary


def _mean(values: Array) -> float:
    present = values[values > -1]
    return float(np.mean(present)) if present.size else -1.0


def _outside(area: Array) -> Array:
    """bool `[A, N]`: which of the areas `[N]` lie outside which range."""
    return (area < AREA_RANGES[:, :1]) | (area > AREA_RANGES[:, 1:])
