"""What a pipeline config does to objects: how large the network sees them, and which anchors wait for them."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.boxes.anchors import Anchors
    from tfod.models.resizer import ImageResizer

__all__ = ["Network"]

Size = tuple[int, int]  # height, width


class Network:
    """The input and the anchors of a config's model.

    Args:
        resizer: the model's.
        anchors: those of an SSD; None where none are known here.
        matched_overlap: the IoU from which on an anchor is matched to an object.
        most_objects: how many objects of an image training sees.
        source: the config, for messages.
    """

    def __init__(
        self,
        resizer: "ImageResizer",
        anchors: "Anchors | None",
        *,
        matched_overlap: float,
        most_objects: int,
        source: str,
    ) -> None:
        self.source = source
        self.most_objects = most_objects
        self.matched_overlap = matched_overlap
        self._resized = lru_cache(maxsize=4096)(self._resize)
        self._resizer = resizer
        self._anchors = anchors

    @property
    def has_anchors(self) -> bool:
        """Whether the model has anchors that are known here: those of an SSD."""
        return self._anchors is not None

    def scale(self, width: int, height: int) -> tuple[float, float]:
        """The network's pixels for one pixel of an image of that size, along x and y."""
        rows, columns = self._resized(width, height)
        return columns / width, rows / height

    def input_size(self, width: int, height: int) -> Size:
        """Height and width of the network's input for an image of that size, with padding."""
        rows, columns = self._resized(width, height)
        if self._resizer.padded_size is not None:
            rows, columns = (int(side) for side in self._resizer.padded_size((rows, columns)))
        return rows, columns

    def anchor_shapes(self, input_size: Size) -> NDArray[np.float64]:
        """Width and height of a cell's anchors, in pixels of the input, `[A, 2]`; ConfigError without anchors."""
        if self._anchors is None:
            raise ConfigError("the model has no anchors that are known here", self.source, "name the config of an SSD")
        height, width = input_size
        grids = [(1, 1)] * len(self._anchors.anchors_per_cell)
        boxes: NDArray[np.float64] = np.asarray(self._anchors(grids, height, width), np.float64)
        shapes = np.stack([boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]], axis=1)
        scale = np.array([width, height] if self._anchors.normalize else [1, 1], np.float64)
        return np.asarray(shapes * scale)

    def _resize(self, width: int, height: int) -> Size:
        if self._resizer.new_size is None:
            return height, width
        rows, columns = (int(side) for side in self._resizer.new_size((height, width)))
        return rows, columns
