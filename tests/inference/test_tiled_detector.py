"""Large images in windows: each object is found once, whole, wherever seams lie."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tfod.inference.detections import Detections
from tfod.inference.seams import Part, merged
from tfod.inference.tiled_detector import TiledDetector, window_starts

BRIGHT = (80, 160)  # of the objects, by class


def bright_parts(images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
    """Finds what a bright object shows of itself, if that is not too small in the image, as detectors do."""
    return [_bright_parts(image) for image in images]


def _bright_parts(image: NDArray[np.uint8]) -> Detections:
    size = np.array([*image.shape[:2]] * 2)
    boxes, ids = [], []
    for class_id, value in enumerate(BRIGHT, start=1):
        _, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] == value).astype(np.uint8))
        for left, top, width, height, _ in stats[1:]:
            if max(width, height) >= 0.06 * max(image.shape[:2]):
                boxes.append([top, left, top + height, left + width] / size)
                ids.append(class_id)
    scores = np.linspace(0.9, 0.6, len(boxes), dtype=np.float32)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), scores, np.array(ids, np.int64), *image.shape[:2])


def scene(seed: int, height: int = 700, width: int = 1000) -> tuple[NDArray[np.uint8], list[tuple[int, ...]]]:
    """Objects of 16 to 400 pixels that do not touch each other, as class and box in pixels."""
    random = np.random.default_rng(seed)
    image, taken, objects = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool), []
    for number in range(60):
        sides = np.exp(random.uniform(np.log(16), np.log(400), 2)).astype(int)
        top, left = (int(random.integers(0, most - side)) for most, side in zip((height, width), sides, strict=True))
        bottom, right = top + int(sides[0]), left + int(sides[1])
        if not taken[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2].any():
            taken[top:bottom, left:right] = True
            image[top:bottom, left:right] = BRIGHT[number % 2]
            objects.append((number % 2 + 1, top, left, bottom, right))
    return image, objects


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("side", "overlap"), [(256, 0.2), (300, 0.0), (200, 0.5)])
def test_every_object_is_found_once_with_its_whole_box(seed: int, side: int, overlap: float) -> None:
    image, objects = scene(seed)
    found = TiledDetector(bright_parts, side, overlap=overlap).detect(image)
    edges = found.pixel_boxes.round().astype(int).tolist()
    assert sorted((class_id, *box) for class_id, box in zip(found.class_ids.tolist(), edges, strict=True)) == sorted(
        objects
    )
    assert (np.diff(found.scores) <= 0).all()
    assert len(bright_parts([image])[0]) < len(objects), "or windows were not needed"


def test_small_images_are_not_divided() -> None:
    image, _ = scene(0, 420, 420)
    calls = []

    def counted(images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        calls.append(len(images))
        return bright_parts(images)

    TiledDetector(counted, 420).detect(image)
    TiledDetector(counted, 210, overlap=0.0).detect(image)
    assert calls == [1, 5]


@pytest.mark.parametrize(
    ("length", "side", "overlap"), [(1000, 256, 0.2), (257, 256, 0.0), (999, 100, 0.9), (50, 100, 0.2)]
)
def test_windows_cover_everything_and_overlap_enough(length: int, side: int, overlap: float) -> None:
    starts = window_starts(length, side, overlap)
    assert starts[0] == 0 and starts[-1] == max(length - side, 0)
    assert all(side - (after - before) >= overlap * side - 1 for before, after in pairwise(starts))


def test_masks_and_keypoints_are_put_together() -> None:
    """One object from column 10 to 50 of 80, seen by two windows of 40 columns and by the whole image."""

    def half(left: int, right: int, width: int, score: float) -> Detections:
        mask = np.zeros((1, 20, width), bool)
        mask[:, 5:15, left:right] = True
        box = np.array([[0.25, left / width, 0.75, right / width]], np.float32)
        points = np.array([[[0.5, left / width]]], np.float32)
        scores = np.array([score], np.float32)
        ids = np.array([3], np.int64)
        return Detections(box, scores, ids, 20, width, masks=mask, keypoints=points, keypoint_scores=scores[:, None])

    nothing = replace(half(0, 1, 80, 0.5), keypoint_edges=[(0, 0)]).take(np.zeros(0, int))
    found = merged([Part(nothing, 0, 0), Part(half(10, 40, 40, 0.7), 0, 0), Part(half(0, 10, 40, 0.9), 0, 40)], 20, 80)
    assert found.pixel_boxes.tolist() == [[5.0, 10.0, 15.0, 50.0]]
    assert found.masks is not None and found.masks.sum() == 400 and found.masks[0, 5:15, 10:50].all()
    assert found.keypoints is not None and found.keypoints[0].tolist() == [[0.5, 0.5]]
    assert found.keypoint_edges == [(0, 0)]
    assert found.scores.tolist() == pytest.approx([0.9]) and found.class_ids.tolist() == [3]
