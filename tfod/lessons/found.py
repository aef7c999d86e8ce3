"""What a detector found, from the detections.json that visualize_detections.py writes."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError

__all__ = ["Found", "FoundObject", "read_found"]

_CURE = "name the detections.json that visualize_detections.py writes"


class FoundObject(NamedTuple):
    """A detection: its class, its score in 0 to 1, its box `[4]`, yxyx in pixels."""

    class_name: str
    score: float
    box: NDArray[np.float64]


class Found:
    """The detections of some images.

    Args:
      images: Detections by the image's path.
      path: The file that they come from.
    """

    def __init__(self, images: Mapping[str, Sequence[FoundObject]], path: str) -> None:
        self.path = path
        self._images = {os.path.realpath(name): objects for name, objects in images.items()}
        self._by_name = {os.path.basename(name): objects for name, objects in images.items()}

    def of(self, image: str) -> Sequence[FoundObject] | None:
        """The detections of the image at that path, or of that name in another folder; None where it is not there."""
        return self._images.get(os.path.realpath(image), self._by_name.get(os.path.basename(image)))


def read_found(path: str) -> Found:
    """Reads a detections.json; raises DataError for what is none."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        images = {entry["file"]: [_object(item) for item in entry["detections"]] for entry in content["pictures"]}
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the detections: {reason}", path, _CURE) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("this is no detections.json", path, _CURE) from error
    return Found(images, path)


def _object(item: Mapping[str, object]) -> FoundObject:
    edges = item["box_pixels"]
    if not isinstance(edges, dict):
        raise TypeError("box_pixels are no edges by name")
    box = np.array([edges[edge] for edge in ("ymin", "xmin", "ymax", "xmax")], np.float64)
    return FoundObject(str(item["name"]), float(str(item["score"])), box)
