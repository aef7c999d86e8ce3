"""Metrics of segmentation, by hand-computed numbers."""

import numpy as np
import pytest

from tfod.segmentation.metrics import BoundaryCounts, confusion_matrix, scores_of

MATRIX = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])


def test_the_confusion_matrix_has_true_classes_in_rows_and_no_void() -> None:
    truth = np.array([[0, 0, 1], [1, 255, 2]])
    prediction = np.array([[0, 1, 1], [0, 2, 2]])
    assert confusion_matrix(truth, prediction, 3).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_scores_by_hand() -> None:
    scores = scores_of(MATRIX)
    assert scores.iou[:2].tolist() == pytest.approx([6 / 9, 3 / 6])
    assert scores.dice[:2].tolist() == pytest.approx([12 / 15, 6 / 9])
    assert scores.precision[:2].tolist() == pytest.approx([6 / 7, 3 / 5])
    assert scores.recall[:2].tolist() == pytest.approx([6 / 8, 3 / 4])
    assert scores.mean_iou == pytest.approx((6 / 9 + 3 / 6) / 2)
    assert scores.pixel_accuracy == pytest.approx(9 / 12)
    assert scores.frequency_weighted_iou == pytest.approx(6 / 9 * 8 / 12 + 3 / 6 * 4 / 12)


def test_a_class_that_is_nowhere_has_no_score_and_one_only_invented_has_zero() -> None:
    assert np.isnan(scores_of(MATRIX).iou[2])
    invented = MATRIX.copy()
    invented[0, 2] = 1
    assert scores_of(invented).iou[2] == 0.0


def test_counts_of_parts_add_up_to_those_of_the_whole() -> None:
    random = np.random.default_rng(0)
    truth, prediction = random.integers(0, 4, (2, 6, 5, 5))
    parts = sum(confusion_matrix(t, p, 4) for t, p in zip(truth, prediction, strict=True))
    assert (parts == confusion_matrix(truth, prediction, 4)).all()


def _square(top: int, left: int, side: int = 10) -> np.ndarray:
    classes = np.zeros((40, 40), np.uint8)
    classes[top : top + side, left : left + side] = 1
    return classes


def test_boundary_f1_forgives_one_pixel_on_a_small_picture_and_not_four() -> None:
    for shift, expected in ((0, 1.0), (1, 1.0), (4, None)):
        counts = BoundaryCounts(2)
        counts.add(_square(10, 10), _square(10, 10 + shift))
        f1 = counts.f1()[1]
        assert f1 == expected if expected is not None else f1 < 0.8


def test_boundaries_with_void_do_not_count() -> None:
    truth = np.full((10, 10), 255, np.uint8)
    truth[:, :5] = 0
    counts = BoundaryCounts(2)
    counts.add(truth, np.ones((10, 10), np.uint8))
    assert np.isnan(counts.f1()).all()


def test_a_boundary_that_nobody_found_is_a_zero() -> None:
    counts = BoundaryCounts(2)
    counts.add(_square(10, 10), np.zeros((40, 40), np.uint8))
    assert counts.f1().tolist() == [0.0, 0.0]
