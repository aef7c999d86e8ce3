"""What the detectors' own suppression keeps of a lesson's candidates."""

import numpy as np
import tensorflow as tf

from tfod.boxes.nms import MulticlassNMS
from tfod.lessons.candidates import Candidates

__all__ = ["kept_by_detectors"]


def kept_by_detectors(
    candidates: Candidates,
    *,
    iou_threshold: float = 1.0,
    sigma: float = 0.0,
    score_threshold: float = 0.0,
    across_classes: bool = False,
) -> list[tuple[int, float]]:
    """The rows that `tfod.boxes.nms` keeps, in its order, each with the score that it then has.

    Args:
      candidates: A boxes with their scores and classes.
      iou_threshold: What overlaps a better box by more falls.
      sigma: Above 0, scores are lowered by exp(-IoU² / 2 sigma) as well.
      score_threshold: What scores no more falls.
      across_classes: Whether boxes of one class suppress those of others.
    """
    number = len(candidates.scores)
    if not number:
        return []
    columns = candidates.class_numbers
    scores = np.zeros((number, columns.max() + 1), np.float32)
    scores[np.arange(number), columns] = candidates.scores
    suppress = MulticlassNMS(
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        max_per_class=number,
        max_total=number,
        soft_nms_sigma=sigma,
        class_agnostic=across_classes,
        change_coordinate_frame=False,
    )
    boxes = candidates.boxes.astype(np.float32)
    window = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    kept = suppress(tf.constant(boxes), tf.constant(scores), tf.constant(window))
    count = int(kept.count)
    return [*zip(kept.indices[:count].numpy().tolist(), kept.scores[:count].numpy().tolist(), strict=True)]
