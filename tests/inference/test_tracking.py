"""Objects keep their number through a video."""

import sys
from types import ModuleType

import numpy as np
import pytest

from tfod.errors import ConfigError
from tfod.inference.detections import Detections
from tfod.inference.tracking import Tracker


def frame(*objects: tuple[int, float, float]) -> Detections:
    """Objects of 0.1 x 0.1, as class, left edge and score."""
    boxes = [[0.4, left, 0.5, left + 0.1] for _, left, _ in objects]
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([score for *_, score in objects], np.float32),
        np.array([class_id for class_id, *_ in objects], np.int64),
        480,
        640,
    )


@pytest.fixture
def tracker() -> Tracker:
    pytest.importorskip("supervision", reason="needs the extra [track]")
    return Tracker(rate=25, min_score=0.5)


def tracks(tracker: Tracker, found: Detections) -> list[int]:
    track_ids = tracker.update(found).track_ids
    assert track_ids is not None
    return track_ids.tolist()


def test_objects_that_cross_keep_their_numbers_whatever_their_order(tracker: Tracker) -> None:
    seen = []
    for step in range(30):
        objects = [(1, 0.1 + 0.02 * step, 0.9), (2, 0.7 - 0.02 * step, 0.8)]
        numbers = tracks(tracker, frame(*objects[:: 1 if step % 2 else -1]))
        seen.append(numbers[:: 1 if step % 2 else -1])
    assert seen == [seen[0]] * 30 and sorted(seen[0]) == [1, 2]


def test_a_weak_or_missing_detection_does_not_end_a_track_and_a_new_object_gets_a_new_number(tracker: Tracker) -> None:
    scores = [0.9, 0.9, 0.2, 0.0, 0.0, 0.9]
    found = [frame((3, 0.2 + 0.002 * step, score)) if score else frame() for step, score in enumerate(scores)]
    assert [tracks(tracker, one) for one in found] == [[1], [1], [1], [], [], [1]]
    numbers = [tracks(tracker, frame((3, 0.212, 0.9), (3, 0.7, 0.9))) for _ in range(3)]
    assert numbers == [[1, 0], [1, 2], [1, 2]], "an object is followed from its second frame on"


def test_what_is_weak_begins_no_track(tracker: Tracker) -> None:
    assert [tracks(tracker, frame((1, 0.3, 0.45))) for _ in range(3)] == [[0]] * 3


def test_without_the_package_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = ModuleType("supervision")
    newer.__version__ = "0.31.2"  # type: ignore[attr-defined]
    for module, what in ((None, "which is not installed"), (newer, "below 0.30, and this is 0.31.2")):
        monkeypatch.setitem(sys.modules, "supervision", module)
        with pytest.raises(ConfigError, match=what) as caught:
            Tracker(25, 0.5)
        assert "tfod[track]" in caught.value.cure
