"""Detections of an image beside its ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfod.inference.detections import Detections
from tfod.visualize.draw import draw_boxes, enlarge_small, mosaic

__all__ = ["ImageOptions", "side_by_side"]


@dataclass(frozen=True)
class ImageOptions:
    """Of how many batches images are drawn, and with what.

    Attributes:
      num_batches: The first ones.
      min_score: Detections that score less are not drawn.
      max_boxes: The most detections of an image, the best ones.
      keypoint_edges: Pairs of numbers of keypoints, from 0, between which there is a line.
    """

    num_batches: int = 10
    min_score: float = 0.5
    max_boxes: int = 20
    keypoint_edges: Sequence[tuple[int, int]] = ()


def side_by_side(image: NDArray[np.uint8], found: Detections, truth: Detections) -> NDArray[np.uint8]:
    """The image twice: with detections and scores on the left, with ground truth on the right.

    Args:
      image: uint8 `[h, w, 3]`, RGB.
      found: Detections; boxes and keypoints are relative to the image, and masks, where there are some, of the whole of
        it.
      truth: Ground truth, the same way.

    Returns:
      uint8 `[h', w', 3]`, larger than twice the image: it has captions, and small images are enlarged.
    """
    image = enlarge_small(image)
    left, right = (
        draw_boxes(image, one.boxes, one.names, scores, one.class_ids, masks=one.masks, skeletons=one.skeletons)
        for one, scores in ((found, found.scores), (truth, None))
    )
    return mosaic([left, right], columns=2, captions=["detections", "ground truth"])
