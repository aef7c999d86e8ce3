"""Objects followed through the frames of a video, by ByteTrack of the package supervision."""

import warnings
from collections import Counter
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from tfod.errors import ConfigError
from tfod.inference.detections import Detections

__all__ = ["LOWEST_SCORE", "Tracker", "require_tracking"]

LOWEST_SCORE = 0.1
"""What scores less helps to follow nothing."""

_NEW_ABOVE = 0.1  # so much surer than what continues a track ByteTrack wants what begins one


class Tracker:
    """Gives each object of a video a number, which it keeps from frame to frame. Classes are followed by themselves.

    Args:
      rate: Frames a second; an object that is not seen for a second gets a new number.
      min_score: What begins a track; less, down to LOWEST_SCORE, can continue one.

    Raises:
      ConfigError: The package supervision is not installed, or has no tracker.
    """

    def __init__(self, rate: float, min_score: float) -> None:
        self._package = require_tracking()
        self._rate = rate
        self._threshold = max(min_score - _NEW_ABOVE, LOWEST_SCORE)
        self._trackers: dict[int, Any] = {}
        self._numbers: dict[tuple[int, int], int] = {}

    def update(self, found: Detections) -> Detections:
        """The detections of the next frame with `track_ids`, from 1; 0 where an object is not followed, or not yet."""
        tracks = np.zeros(len(found), np.int64)
        boxes = found.pixel_boxes[:, [1, 0, 3, 2]].astype(np.float32)
        for class_id in {*found.class_ids.tolist(), *self._trackers}:
            rows = np.nonzero(found.class_ids == class_id)[0]
            given = self._package.Detections(xyxy=boxes[rows], confidence=found.scores[rows], data={"row": rows})
            followed = self._of(class_id).update_with_detections(given)
            for row, number in zip(followed.data.get("row", ()), followed.tracker_id, strict=True):
                tracks[row] = self._numbers.setdefault((class_id, int(number)), len(self._numbers) + 1)
        return replace(found, track_ids=tracks)

    def counts(self) -> Counter[int]:
        """How many objects were followed, by class id."""
        return Counter(class_id for class_id, _ in self._numbers)

    def _of(self, class_id: int) -> Any:
        if class_id not in self._trackers:
            with warnings.catch_warnings():
                # It says that it will leave the package, whose versions are limited for that.
                warnings.simplefilter("ignore")
                self._trackers[class_id] = self._package.ByteTrack(
                    track_activation_threshold=self._threshold, frame_rate=self._rate
                )
        return self._trackers[class_id]


def require_tracking() -> ModuleType:
    """The package supervision; ConfigError where it is not installed, or is one without a tracker."""
    cure = 'run: pip install "tfod[track]"'
    try:
        import supervision
    except ImportError as error:
        what = "following objects needs the package supervision, which is not installed"
        raise ConfigError(what, "this environment", cure) from error
    if not hasattr(supervision, "ByteTrack"):
        what = f"following objects needs the package supervision below 0.30, and this is {supervision.__version__}"
        raise ConfigError(what, "this environment", cure)
    package: ModuleType = supervision
    return package
