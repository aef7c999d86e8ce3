"""Detections of an image beside its ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfod.inference.detections import Detections
from tfod.visualize.draw import draw_boxes, enlarge_small, mosaic

__all__ = ["ImageOptions", "side_by_side"]


@dataclass(frozen=True)
class ImageOptions:
    """Of how many batches images are drawn, and with which detections: at most `max_boxes` of `min_score` or more."""

    num_batches: int = 10
    min_score: float = 0.5
    max_boxes: int = 20


def side_by_side(
    image: NDArray[np.uint8], found: Detections, truth: Detections, class_names: Mapping[int, str]
) -> NDArray[np.uint8]:
    """The image twice: with detections and scores on the left, with ground truth on the right.

    Args:
      image: uint8 `[h, w, 3]`, RGB.
      found: Detections; boxes are relative to the image, and masks, where there are some, of the whole of it.
      truth: Ground truth, the same way.
      class_names: By class id, which counts from 1.

    Returns:
      uint8 `[h', w', 3]`, larger than twice the image: it has captions, and small images are enlarged.
    """
    image = enlarge_small(image)
    left = draw_boxes(image, found.boxes, found.labels(class_names), found.scores, found.class_ids, masks=found.masks)
    right = draw_boxes(image, truth.boxes, truth.labels(class_names), class_ids=truth.class_ids, masks=truth.masks)
    return mosaic([left, right], columns=2, captions=["detections", "ground truth"])
