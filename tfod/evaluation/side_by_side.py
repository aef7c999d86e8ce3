"""What a model found beside what there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.inference.detections import Detections
from tfod.protos.eval_pb2 import EvalConfig
from tfod.visualize.draw import draw_boxes, enlarge_small, mosaic

__all__ = ["PictureOptions", "side_by_side"]


@dataclass(frozen=True)
class PictureOptions:
    """Of how many batches the pictures are drawn, with which detections."""

    num_batches: int = 10
    min_score: float = 0.5
    max_boxes: int = 20

    @classmethod
    def from_config(cls, config: EvalConfig) -> "PictureOptions | None":
        """From an eval_config; None where it asks for no pictures."""
        if not config.retain_original_images or config.num_visualizations == 0:
            return None
        return cls(config.num_visualizations, config.min_score_threshold, config.max_num_boxes_to_visualize)


def side_by_side(
    image: NDArray[np.uint8], found: Detections, truth: Detections, class_names: Mapping[int, str]
) -> NDArray[Any]:
    """The picture twice: with detections and scores on the left, with ground truth on the right.

    `image` is uint8 [h, w, 3], RGB; boxes are relative to it.
    """
    image = enlarge_small(image)
    left = draw_boxes(image, found.boxes, found.labels(class_names), found.scores, found.class_ids)
    right = draw_boxes(image, truth.boxes, truth.labels(class_names), class_ids=truth.class_ids)
    return mosaic([left, right], columns=2, captions=["detections", "ground truth"])
