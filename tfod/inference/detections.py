"""What a detector found on one image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod import names

__all__ = ["OUTPUTS", "Detections", "class_name"]

OUTPUTS = (names.DETECTION_BOXES, names.DETECTION_SCORES, names.DETECTION_CLASSES, names.NUM_DETECTIONS)
"""What every exported detector gives."""

_EDGES = ("ymin", "xmin", "ymax", "xmax")


@dataclass(frozen=True)
class Detections:
    """N boxes of one image, best score first.

    Attributes:
      boxes: float32 `[N, 4]`, yxyx, normalised to [0, 1].
      scores: float32 `[N]`.
      class_ids: int64 `[N]`, from 1.
      height, width: Of the image, in pixels.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]
    height: int
    width: int

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, NDArray[Any]], height: int, width: int) -> "Detections":
        """From what an exported model gives for one image, float32 arrays `[1, N, ...]`; padding is left out."""
        count = int(outputs[names.NUM_DETECTIONS][0])
        return cls(
            outputs[names.DETECTION_BOXES][0, :count],
            outputs[names.DETECTION_SCORES][0, :count],
            outputs[names.DETECTION_CLASSES][0, :count].astype(np.int64),
            height,
            width,
        )

    def __len__(self) -> int:
        return len(self.scores)

    def best(self, max_boxes: int, min_score: float = 0.0) -> "Detections":
        """At most `max_boxes` of those that score `min_score` or more, best first."""
        order = np.argsort(-self.scores, kind="stable")
        kept = order[self.scores[order] >= min_score][:max_boxes]
        return Detections(self.boxes[kept], self.scores[kept], self.class_ids[kept], self.height, self.width)

    def labels(self, class_names: Mapping[int, str]) -> list[str]:
        """The name of each box's class."""
        return [class_name(class_id, class_names) for class_id in self.class_ids.tolist()]

    def to_json(self, class_names: Mapping[int, str]) -> list[dict[str, Any]]:
        """One dictionary a box: class_id, name, score, box (normalised) and box_pixels, edges by name."""
        scale = np.array([self.height, self.width, self.height, self.width])
        pixels = self.boxes.astype(np.float64) * scale
        return [
            {
                "class_id": class_id,
                "name": name,
                "score": round(score, 6),
                "box": _edges(box, digits=6),
                "box_pixels": _edges(box_pixels, digits=2),
            }
            for class_id, name, score, box, box_pixels in zip(
                self.class_ids.tolist(),
                self.labels(class_names),
                self.scores.tolist(),
                self.boxes.tolist(),
                pixels.tolist(),
                strict=True,
            )
        ]


def class_name(class_id: int, class_names: Mapping[int, str]) -> str:
    """The name in the label map, or `class 7` for an id that it lacks."""
    return class_names.get(class_id, f"class {class_id}")


def _edges(box: list[float], digits: int) -> dict[str, float]:
    return {edge: round(value, digits) for edge, value in zip(_EDGES, box, strict=True)}
