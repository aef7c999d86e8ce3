"""What counts as the same detections."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfod.export.detector_parity import compare, detections_of
from tfod.export.parity import FAILED_FILE, PARITY_FILE, Parity, write_parity
from tfod.export.run import Cost
from tfod.inference.detections import Detections

COST = Cost(1.0, 2.0, 3.0, None)
BOXES = np.array([[0.1, 0.1, 0.5, 0.5], [0.3, 0.5, 0.9, 0.8]], np.float32)
SOURCE = Detections(BOXES, np.array([0.9, 0.6], np.float32), np.array([1, 2]), 100, 200)


def changed(boxes: float = 0.0, scores: float = 0.0, keep: int = 2, kind: int = 0) -> Detections:
    return Detections(BOXES[:keep] + np.float32(boxes), SOURCE.scores[:keep] + np.float32(scores),
                      SOURCE.class_ids[:keep] + kind, 100, 200)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "enough"),
    [
        (changed(), True),
        (changed(boxes=0.002), True),  # 0.4 of 200 pixels
        (changed(boxes=0.003), False),
        (changed(scores=0.009), True),
        (changed(scores=-0.02), False),
        (changed(keep=1), False),
        (changed(kind=1), False),
    ],
)
def test_float_formats_agree_to_half_a_pixel_and_find_the_same(found: Detections, enough: bool) -> None:
    assert compare("tflite_float32", COST, [found], [SOURCE], None).enough is enough


def test_int8_is_judged_by_what_it_costs() -> None:
    far = changed(boxes=0.03, scores=-0.1)
    assert compare("tflite_int8", COST, [far], [SOURCE], (0.5, 0.495)).enough
    assert not compare("tflite_int8", COST, [far], [SOURCE], (0.5, 0.48)).enough
    assert compare("tflite_int8", COST, [far], [SOURCE], None).enough, "all are found again"
    assert not compare("tflite_int8", COST, [changed(keep=1)], [SOURCE], None).enough


def test_differences_are_told_in_pixels() -> None:
    row = compare("onnx", COST, [changed(boxes=0.002)], [SOURCE], (0.4, 0.41))
    assert row.differences["largest_pixels"] == pytest.approx(0.4, rel=1e-3)
    assert row.differences["map_change"] == pytest.approx(0.01)


def test_masks_count_by_their_common_pixels() -> None:
    masks = np.zeros([2, 100, 200], bool)
    masks[:, :50, :50] = True
    source, other = replace(SOURCE, masks=masks), masks.copy()
    assert compare("onnx", COST, [source], [source], None).differences["mask_iou"] == 1.0
    other[0, 50] = True  # beside 5000 pixels 200 more
    row = compare("onnx", COST, [replace(SOURCE, masks=other)], [source], (0.4, 0.4))
    assert row.differences["mask_iou"] == pytest.approx(5000 / 5200) and not row.enough
    assert compare("onnx", COST, [SOURCE], [SOURCE], None).differences["mask_iou"] is None


def test_of_two_stages_means_decide() -> None:
    several, found = [SOURCE] * 9, [*[SOURCE] * 8, changed(boxes=0.01)]  # 2 of 200 pixels, on one of nine images
    assert compare("onnx", COST, found, several, None, by_mean=True).enough
    assert not compare("onnx", COST, found, several, None).enough
    assert not compare("onnx", COST, [changed(boxes=0.01)], [SOURCE], None, by_mean=True).enough


def test_where_nothing_is_sure_scores_are_compared_in_their_order() -> None:
    source = Detections(BOXES, np.array([0.1, 0.1], np.float32), np.array([1, 2]), 100, 200)
    swapped = Detections(BOXES[::-1], source.scores, source.class_ids[::-1], 100, 200)
    assert compare("onnx", COST, [swapped], [source], None).enough
    other = Detections(BOXES, np.array([0.2, 0.1], np.float32), np.array([1, 2]), 100, 200)
    assert not compare("onnx", COST, [other], [source], None).enough


def test_boxes_of_tflite_are_cut_to_the_image_and_counted_from_one() -> None:
    outputs = {
        "detection_boxes": np.array([[[-0.5, 0.25, 0.25, 0.5], [0.6, 0.1, 0.9, 0.2], [0, 0, 0, 0]]], np.float32),
        "detection_classes": np.array([[0.0, 4.0, 0.0]], np.float32),
        "detection_scores": np.array([[0.9, 0.8, 0.0]], np.float32),
        "num_detections": np.array([2.0], np.float32),
    }
    window = np.array([0, 0, 0.5, 1], np.float32)  # the lower half of the input is padding
    found = detections_of("tflite_float32", outputs, np.zeros([10, 20, 3], np.uint8), window)
    np.testing.assert_allclose(found.boxes, [[0, 0.25, 0.5, 0.5]])
    assert found.class_ids.tolist() == [1] and found.height == 10


def test_an_export_that_is_too_far_is_marked(tmp_path: Path) -> None:
    rows = [Parity("onnx", COST, {"map": None}, enough=True), Parity("tflite_int8", COST, {"map": 0.5}, enough=False)]
    write_parity(tmp_path, rows[:1], 5)
    assert json.loads((tmp_path / PARITY_FILE).read_text())["agrees"] is True
    assert not (tmp_path / FAILED_FILE).exists()
    write_parity(tmp_path, rows, 5)
    content = json.loads((tmp_path / PARITY_FILE).read_text())
    assert content["agrees"] is False and content["formats"][1]["cost"]["median_ms"] == 2.0
    assert "tflite_int8" in (tmp_path / FAILED_FILE).read_text()
