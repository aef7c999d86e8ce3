"""Suppression step by step: the same as what the detectors keep."""

from itertools import pairwise

import numpy as np
import pytest

from tfod.lessons.candidates import Candidates, drawn_candidates, raw_candidates
from tfod.lessons.detector_suppression import kept_by_detectors
from tfod.lessons.subject import draw_subject
from tfod.lessons.suppression import gaussian, greedy, linear, suppression_steps
from tfod.lessons.suppression_frames import SuppressionFrames


def candidates(seed: int) -> Candidates:
    return drawn_candidates(draw_subject(seed), seed).best(60, 0.05)


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_what_the_lesson_keeps_is_what_the_detectors_keep(seed: int, across: bool) -> None:
    found = candidates(seed)
    classes = None if across else found.class_numbers
    for threshold in (0.3, 0.6):
        steps = suppression_steps(
            found.boxes, found.scores, greedy(threshold), classes=classes, score_threshold=0.05
        )  # fmt: skip
        kept = kept_by_detectors(found, iou_threshold=threshold, score_threshold=0.05, across_classes=across)
        assert [step.kept for step in steps] == [row for row, _ in kept]


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_soft_scores_are_those_of_the_detectors(seed: int, across: bool) -> None:
    found = candidates(seed)
    classes = None if across else found.class_numbers
    steps = list(
        suppression_steps(found.boxes, found.scores, gaussian(0.5), classes=classes, score_threshold=0.1)
    )  # fmt: skip
    kept = kept_by_detectors(found, sigma=0.5, score_threshold=0.1, across_classes=across)
    assert [step.kept for step in steps] == [row for row, _ in kept]
    np.testing.assert_allclose([step.score for step in steps], [score for _, score in kept], rtol=1e-4)


def test_steps_in_a_given_order_are_those_of_the_order() -> None:
    found = candidates(1)
    options = {"classes": found.class_numbers, "score_threshold": 0.05}
    free = list(suppression_steps(found.boxes, found.scores, greedy(0.5), **options))
    given = list(
        suppression_steps(found.boxes, found.scores, greedy(0.5), kept=[step.kept for step in free], **options)
    )  # fmt: skip
    assert [(step.kept, step.fallen) for step in given] == [(step.kept, step.fallen) for step in free]


@pytest.mark.parametrize("weight", [greedy(0.4), linear(0.4), gaussian(0.5)])
def test_every_box_is_kept_or_falls_and_scores_never_rise(weight) -> None:  # type: ignore[no-untyped-def]
    found = candidates(2)
    steps = list(suppression_steps(found.boxes, found.scores, weight, score_threshold=0.1))
    above = np.flatnonzero(found.scores > 0.1).tolist()
    assert sorted([step.kept for step in steps] + [row for step in steps for row in step.fallen]) == above
    for before, after in pairwise(steps):
        assert (after.scores <= before.scores).all() and after.score <= before.score


def test_what_is_left_of_a_score() -> None:
    overlaps = np.array([0.0, 0.4, 0.5, 0.8, 1.0])
    np.testing.assert_allclose(greedy(0.5)(overlaps), [1, 1, 1, 0, 0])
    np.testing.assert_allclose(linear(0.5)(overlaps), [1, 1, 1, 0.2, 0])
    np.testing.assert_allclose(gaussian(0.5)(overlaps), np.exp(-(overlaps**2)))


def test_raw_detections_come_back_with_the_detections_classes_and_places() -> None:
    """An input padded below (its image fills the upper half), and a column for the background."""
    outputs = {
        "raw_detection_boxes": np.array([[[0.1, 0.2, 0.3, 0.6], [0.1, 0.2, 0.4, 0.9], [0.0, 0.0, 0.1, 0.1]]]),
        "raw_detection_scores": np.array([[[0.1, 0.0, 0.9], [0.3, 0.7, 0.05], [0.99, 0.0, 0.0]]]),
        "detection_boxes": np.array([[[0.2, 0.2, 0.6, 0.6], [0.2, 0.2, 0.8, 0.9]]]),
        "detection_scores": np.array([[0.9, 0.7]]),
        "detection_classes": np.array([[2.0, 1.0]]),
        "detection_multiclass_scores": np.array([[[0.1, 0.0, 0.9], [0.3, 0.7, 0.05]]]),
        "detection_anchor_indices": np.array([[0.0, 1.0]]),
        "num_detections": np.array([2.0]),
    }
    raw = {name: value.astype(np.float32) for name, value in outputs.items()}
    found = raw_candidates(raw, 100, 200, {1: "cat"}).best(9, 0.0)
    assert found.classes == ("class 2", "cat", "class 2")
    np.testing.assert_allclose(found.scores, [0.9, 0.7, 0.05], rtol=1e-6)
    np.testing.assert_allclose(found.boxes[0], [20, 40, 60, 120], rtol=1e-5)


def test_the_film_begins_with_all_and_ends_with_what_is_kept() -> None:
    subject = draw_subject(3)
    found = drawn_candidates(subject, 3).best(20, 0.1)
    steps = list(suppression_steps(found.boxes, found.scores, greedy(0.5), classes=found.class_numbers))
    frames = SuppressionFrames(subject.image, found, steps, "title")
    assert len(frames) == 1 + 2 * len(steps)
    images = [frames(number) for number in range(len(frames))]
    assert {image.shape for image in images} == {images[0].shape}
    green = [int((image[:, 560:] == (24, 140, 82)).all(axis=-1).sum()) for image in images]
    assert green[0] == 0 and green == sorted(green)
