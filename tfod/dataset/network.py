"""What a pipeline config does to objects: how large the network sees them, and which anchors wait for them."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.boxes.from_config import ANCHORS_OF_SEVERAL_MAPS, anchors_from_config
from tfod.config.pipeline import read_pipeline_config
from tfod.config.rules.walk import detection_model
from tfod.errors import ConfigError
from tfod.models.from_config import image_resizer_from_config

__all__ = ["Network"]

Size = tuple[int, int]  # height, width


class Network:
    """The input and the anchors of a config's model."""

    def __init__(self, config: Any, source: str) -> None:
        found = detection_model(config)
        if found is None:
            raise ConfigError("the config has no model that detects", source, "add model { ssd { ... } }")
        kind, model = found
        self.source = source
        self.most_objects = int(config.train_input_reader.max_number_of_boxes)
        self._resized = lru_cache(maxsize=4096)(self._resize)
        self._resizer = image_resizer_from_config(model.image_resizer, f"model.{kind}.image_resizer")
        self._anchors = None
        if kind == "ssd":
            where = "model.ssd.anchor_generator"
            self._anchors = anchors_from_config(model.anchor_generator, where, kinds=ANCHORS_OF_SEVERAL_MAPS)
        self.matched_overlap = float(model.matcher.argmax_matcher.matched_threshold) if kind == "ssd" else 0.5

    @classmethod
    def read(cls, path: Path | str) -> "Network":
        """The network of a pipeline config; ConfigError for one that cannot be used."""
        return cls(read_pipeline_config(path), str(path))

    @property
    def has_anchors(self) -> bool:
        """Whether the model has anchors that are known here: those of an SSD."""
        return self._anchors is not None

    def scale(self, width: int, height: int) -> tuple[float, float]:
        """The network's pixels for one pixel of a picture of that size, along x and y."""
        rows, columns = self._resized(width, height)
        return columns / width, rows / height

    def input_size(self, width: int, height: int) -> Size:
        """Height and width of the network's input for a picture of that size, with padding."""
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
