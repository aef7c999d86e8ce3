"""What detections are compared with ground truth by: the boxes of one image, or its masks.

Letters: `N` regions, `D` of them detections and `G` ground truth, `H W` pixels of the image.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

__all__ = ["Boxes", "Masks", "Regions", "box_regions", "mask_regions"]

Array = NDArray[Any]


class Regions(Protocol):
    """N regions of one image."""

    def __getitem__(self, rows: Array) -> "Regions":
        """Some of them: numbers int `[M]`, in whose order they come, or bool `[N]`."""

    def areas(self) -> Array:
        """Pixels that they cover, float64 `[N]`."""

    def ious(self, truth: Any, crowd: Array | None = None) -> Array:
        """IoU with ground truth of the same kind, float64 `[D, G]` in [0, 1].

        Where `crowd`, bool `[G]`, is set, it is the part of the detection that lies in the crowd.
        """


class Boxes:
    """Boxes, float32 `[N, 4]`, yxyx in pixels."""

    def __init__(self, boxes: Array) -> None:
        self._boxes = np.asarray(boxes, np.float32).reshape(-1, 4)

    def __getitem__(self, rows: Array) -> "Boxes":
        return Boxes(self._boxes[rows])

    def areas(self) -> Array:
        """See Regions. Sides are subtracted in float32, as the original does, and multiplied in float64."""
        xywh = self._xywh()
        return np.asarray(xywh[:, 2] * xywh[:, 3])

    def ious(self, truth: "Boxes", crowd: Array | None = None) -> Array:
        """See Regions."""
        if not len(self._boxes) or not len(truth._boxes):
            return np.zeros((len(self._boxes), len(truth._boxes)))
        return np.asarray(coco_mask.iou(self._xywh(), truth._xywh(), _flags(crowd, len(truth._boxes))))

    def _xywh(self) -> Array:
        size = self._boxes[:, 2:] - self._boxes[:, :2]
        columns = [self._boxes[:, 1], self._boxes[:, 0], size[:, 1], size[:, 0]]
        return np.stack(columns, axis=1).astype(np.float64)


class Masks:
    """Masks, kept as run lengths.

    Args:
      runs: As pycocotools encodes them.
    """

    def __init__(self, runs: Sequence[dict[str, Any]]) -> None:
        self._runs = list(runs)

    @classmethod
    def of_pixels(cls, pixels: Array) -> "Masks":
        """Of bool or whole numbers `[N, H, W]`, 0 outside of the object."""
        columns = np.asfortranarray((np.asarray(pixels) > 0).astype(np.uint8).transpose(1, 2, 0))
        return cls(coco_mask.encode(columns))

    def __getitem__(self, rows: Array) -> "Masks":
        return Masks([self._runs[row] for row in np.arange(len(self._runs))[rows]])

    def areas(self) -> Array:
        """See Regions."""
        return np.asarray(coco_mask.area(self._runs), np.float64).reshape(-1)

    def ious(self, truth: "Masks", crowd: Array | None = None) -> Array:
        """See Regions."""
        if not self._runs or not truth._runs:
            return np.zeros((len(self._runs), len(truth._runs)))
        return np.asarray(coco_mask.iou(self._runs, truth._runs, _flags(crowd, len(truth._runs))))


def box_regions(boxes: Array, masks: Array | None = None) -> Boxes:
    """Boxes float32 `[N, 4]`, yxyx in pixels, whether there are masks or not."""
    return Boxes(boxes)


def mask_regions(boxes: Array, masks: Array | None = None) -> Masks:
    """The masks of boxes float32 `[N, 4]`: bool or uint8 `[N, H, W]`, see `Masks.of_pixels`."""
    if masks is None or len(masks) != len(boxes):
        raise ValueError("masks are compared, so every object and every detection needs one")
    return Masks.of_pixels(masks)


def _flags(crowd: Array | None, count: int) -> NDArray[np.uint8]:
    return np.zeros(count, np.uint8) if crowd is None else crowd.astype(np.uint8)
