"""How far an exported detector is from the model that it was made of: boxes in pixels, scores, masks, mAP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.boxes.geometry import iou
from tfod.evaluation.evaluate import evaluate_model
from tfod.export.formats import TFLITE
from tfod.export.parity import Parity
from tfod.export.run import Cost
from tfod.export.samples import Sample
from tfod.inference.backends.tflite import boxes_of_image
from tfod.inference.detections import Detections

__all__ = ["HEADINGS", "compare", "detections_of", "mean_average_precision", "print_mask_parity"]

HEADINGS = {
    "px off, mean": "{largest_pixels:.2f}, {mean_pixels:.3f}",
    "score off, mean": "{largest_score:.4f}, {mean_score:.4f}",
    "unmatched": "{unmatched:.1%}",
    "mAP, change": "{map:.4f}, {map_change:+.4f}",
}
"""Of detections with a sufficient score: edges in pixels, scores, the share that the other side lacks; and mAP."""

_LEAST_SCORE = 0.3
_LEAST_IOU = 0.5
_SCORES_COMPARED = 10
# A detection whose score is that near to the least one may be missing on the other side.
_SLACK = 0.05
_MAP = "DetectionBoxes_Precision/mAP"
_LARGEST = ("largest_pixels", "largest_score")
_MEAN = ("mean_pixels", "mean_score")


@dataclass(frozen=True)
class _Bar:
    """What a format may differ by."""

    pixels: float = 0.5
    score: float = 0.01
    unmatched: float = 0.01
    mask_iou: float = 0.99
    map_loss: float = 0.01


# Rounding to eight bits moves edges; that of weights to sixteen decides now and then which of two boxes of one object
# stays. What either may cost is precision, by mAP where that is known.
_BARS = {
    "tflite_int8": _Bar(pixels=np.inf, score=np.inf, unmatched=0.1),
    "tflite_float16": _Bar(pixels=np.inf, score=0.02, mask_iou=0.98),
}


@dataclass
class _Differences:
    """Collected over images."""

    pixels: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    unmatched: int = 0
    total: int = 0
    mask_pixels: int = 0
    common_mask_pixels: int = 0

    def add(self, source: Detections, found: Detections) -> None:
        counterpart = _matches(source, found)
        scale = np.array([source.height, source.width] * 2)
        for number, other in counterpart.items():
            self.pixels.append(float(np.abs((source.boxes[number] - found.boxes[other]) * scale).max()))
            if source.masks is not None and found.masks is not None:
                self.mask_pixels += int((source.masks[number] | found.masks[other]).sum())
                self.common_mask_pixels += int((source.masks[number] & found.masks[other]).sum())
        # In descending order, whichever boxes they are of: of boxes with equal scores chance decides which come.
        scores = (np.sort(one.scores)[::-1][:_SCORES_COMPARED] for one in (source, found))
        first, second = (np.pad(one, (0, _SCORES_COMPARED - len(one))) for one in scores)
        self.scores.extend(np.abs(first - second).tolist())
        sure = np.flatnonzero(source.scores >= _LEAST_SCORE + _SLACK)
        sure_found = np.flatnonzero(found.scores >= _LEAST_SCORE + _SLACK)
        self.total += len(sure) + len(sure_found)
        self.unmatched += len(set(sure.tolist()) - set(counterpart))
        self.unmatched += len(set(sure_found.tolist()) - set(counterpart.values()))


def compare(
    kind: str,
    cost: Cost,
    found: Sequence[Detections],
    source: Sequence[Detections],
    precision: tuple[float, float] | None,
    *,
    by_mean: bool = False,
) -> Parity:
    """Compares what a format found on images with what its source did.

    Args:
      precision: The mAP of source and format.
      by_mean: Whether the means of differences decide, and not the largest: of two stages. Of two proposals whose
        scores are the same but for rounding either may stay, and what is found in it ends elsewhere.
    """
    differences = _Differences()
    for mine, theirs in zip(source, found, strict=True):
        differences.add(mine, theirs)
    numbers: dict[str, float | None] = {
        "largest_pixels": max(differences.pixels, default=None),
        "mean_pixels": _mean(differences.pixels),
        "largest_score": max(differences.scores, default=None),
        "mean_score": _mean(differences.scores),
        "unmatched": differences.unmatched / differences.total if differences.total else None,
        "mask_iou": differences.common_mask_pixels / differences.mask_pixels if differences.mask_pixels else None,
        "source_map": precision[0] if precision else None,
        "map": precision[1] if precision else None,
        "map_change": precision[1] - precision[0] if precision else None,
    }
    judged = _MEAN if by_mean else _LARGEST
    return Parity(kind, cost, numbers, _is_enough(numbers, _BARS.get(kind, _Bar()), *judged))


def print_mask_parity(rows: Sequence[Parity]) -> None:
    """Says how much the masks have in common, where there are any."""
    known = {row.kind: row.differences["mask_iou"] for row in rows}
    told = ", ".join(f"{kind} {overlap:.4f}" for kind, overlap in known.items() if overlap is not None)
    if told:
        print(f"IoU of the masks of such detections, all together: {told}")


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def detections_of(
    kind: str, outputs: Mapping[str, NDArray[np.float32]], image: NDArray[np.uint8], window: NDArray[np.float32]
) -> Detections:
    """What an exported model found on an image, uint8 `[H, W, 3]`.

    Args:
      outputs: Of `kind`, float32 `[B, N, ...]`, of which the first image counts.
      window: float32 `[4]`, yxyx: the part of the input that is no padding, to which boxes of TFLite are cut.
    """
    arrays = {name: values[:1] for name, values in outputs.items()}
    if kind in TFLITE:
        arrays = boxes_of_image(arrays, (float(window[2]), float(window[3])))
    return Detections.from_outputs(arrays, image.shape[0], image.shape[1])


def mean_average_precision(
    samples: Sequence[Sample], found: Sequence[Detections], categories: Mapping[int, str]
) -> float | None:
    """COCO's mAP over the images; None where it is not known what is on them."""
    batches = [sample.truth for sample in samples if sample.truth is not None]
    if len(batches) < len(samples) or not categories:
        return None
    given = iter(found)
    result = evaluate_model(lambda features, labels: ({}, _arrays(next(given))), batches, categories)
    precision = result.metrics[_MAP]
    return precision if precision >= 0 else None


def _arrays(found: Detections) -> dict[str, NDArray[Any]]:
    return {
        names.DETECTION_BOXES: found.boxes[np.newaxis],
        names.DETECTION_SCORES: found.scores[np.newaxis],
        names.DETECTION_CLASSES: found.class_ids[np.newaxis].astype(np.float32),
        names.NUM_DETECTIONS: np.array([len(found)], np.float32),
    }


def _is_enough(numbers: Mapping[str, float | None], bar: _Bar, pixels: str, score: str) -> bool:
    change, overlap = numbers["map_change"], numbers["mask_iou"]
    if overlap is not None and overlap < bar.mask_iou:
        return False
    if change is not None and bar.pixels == np.inf:
        return change >= -bar.map_loss
    limits = {pixels: bar.pixels, score: bar.score, "unmatched": bar.unmatched}
    return all((numbers[name] or 0.0) <= limit for name, limit in limits.items())


def _matches(source: Detections, found: Detections) -> dict[int, int]:
    """For each sure detection of the source, best first, the one of the same class that covers it best."""
    pairs: dict[int, int] = {}
    if not len(found):
        return pairs
    overlaps = iou(tf.constant(source.boxes), tf.constant(found.boxes)).numpy()
    fits = (source.class_ids[:, np.newaxis] == found.class_ids) & (found.scores >= _LEAST_SCORE - _SLACK)
    overlaps = np.where(fits, overlaps, 0.0)
    for number in np.flatnonzero(source.scores >= _LEAST_SCORE).tolist():
        best = int(np.argmax(overlaps[number]))
        if overlaps[number, best] >= _LEAST_IOU:
            pairs[number] = best
            overlaps[:, best] = 0.0
    return pairs
