import math

import numpy as np
import pytest

from tfod.errors import ConfigError
from tfod.evaluation.from_config import evaluators_from_config
from tfod.evaluation.pascal_metrics import PascalEvaluator
from tfod.protos.eval_pb2 import EvalConfig

CATEGORIES = {1: "cat", 2: "dog", 3: "Ärger"}
LEFT, RIGHT = [0, 0, 100, 100], [0, 200, 100, 300]
MEAN = "PascalBoxes_Precision/mAP@0.5IOU"


def evaluate(truth, found, difficult=None, evaluator=None):
    """`truth` is (box, class) a row, `found` (box, score, class)."""
    evaluator = evaluator or PascalEvaluator(CATEGORIES)
    evaluator.add(
        np.float32([box for box, _ in truth]).reshape(-1, 4),
        np.array([class_id for _, class_id in truth], int),
        np.float32([box for box, _, _ in found]).reshape(-1, 4),
        np.float32([score for _, score, _ in found]),
        np.array([class_id for _, _, class_id in found], int),
        groundtruth_is_difficult=np.array(difficult or [False] * len(truth), bool),
    )
    return evaluator.metrics()


def test_example_of_the_module():
    found = [(LEFT, 0.9, 1), (LEFT, 0.8, 1), (RIGHT, 0.7, 1)]
    metrics = evaluate([(LEFT, 1), (RIGHT, 1)], found)
    assert metrics[MEAN] == pytest.approx(5 / 6)
    assert metrics["PascalBoxes_PerformanceByCategory/AP@0.5IOU/cat"] == pytest.approx(5 / 6)


def test_a_detection_looks_only_at_the_box_that_it_overlaps_most():
    # The second overlaps the first box more, which is taken; unlike COCO it does not fall back on the other.
    near = [0, 0, 100, 90]
    metrics = evaluate([(LEFT, 1), ([0, 0, 100, 60], 1)], [(LEFT, 0.9, 1), (near, 0.8, 1)])
    assert metrics[MEAN] == pytest.approx(0.5)


def test_detections_on_difficult_boxes_do_not_count():
    truth = [(LEFT, 1), (RIGHT, 1)]
    metrics = evaluate(truth, [(RIGHT, 0.9, 1), (LEFT, 0.8, 1)], difficult=[False, True])
    assert metrics[MEAN] == 1.0


def test_half_an_overlap_is_enough():
    assert evaluate([(LEFT, 1)], [([0, 0, 100, 50], 0.9, 1)])[MEAN] == 1.0
    assert evaluate([(LEFT, 1)], [([0, 0, 100, 49], 0.9, 1)])[MEAN] == 0.0


def masks(*rows):
    """Of an image of 4 x 4 pixels: each has as many of the upper rows as it says, bool `[N, 4, 4]`."""
    return np.arange(4)[:, np.newaxis] < np.reshape(rows, (-1, 1, 1)) * np.ones((1, 4), int)


@pytest.mark.parametrize(
    ("truth", "found", "expected"),
    [
        ([4], [2], 1.0),  # an IoU of a half, though the boxes are equal
        ([4], [1], 0.0),
        ([4, 0], [1, 4], 1.0),  # the first finds the box whose mask is empty, and does not count
        ([4, 0], [1, 1, 4], 0.5),  # but the next one there does
    ],
)
def test_masks_are_compared_where_they_are_asked_for(truth, found, expected):
    evaluator = PascalEvaluator(CATEGORIES, prefix="PascalMasks_", of_masks=True)
    boxes = np.float32([LEFT, LEFT, LEFT])
    evaluator.add(
        boxes[: len(truth)],
        np.ones(len(truth), int),
        boxes[: len(found)],
        np.float32([0.9, 0.8, 0.7])[: len(found)],
        np.ones(len(found), int),
        groundtruth_is_difficult=np.zeros(len(truth), bool),
        groundtruth_masks=masks(*truth),
        detection_masks=masks(*found),
    )
    assert evaluator.metrics()["PascalMasks_Precision/mAP@0.5IOU"] == expected


def test_classes_without_ground_truth_are_left_out_of_the_mean():
    metrics = evaluate([(LEFT, 1)], [(LEFT, 0.9, 1), (LEFT, 0.9, 2)])
    assert metrics[MEAN] == 1.0
    assert math.isnan(metrics["PascalBoxes_PerformanceByCategory/AP@0.5IOU/dog"])


def test_no_ground_truth_at_all_is_not_a_number():
    assert math.isnan(evaluate([], [(LEFT, 0.9, 1)])[MEAN])
    assert math.isnan(PascalEvaluator(CATEGORIES, pooled=True).metrics()[MEAN])


def test_empty_detections_do_not_count():
    assert evaluate([(LEFT, 1)], [([5, 5, 5, 9], 0.95, 1), (LEFT, 0.9, 1)])[MEAN] == 1.0


def test_no_detections_give_zero():
    assert evaluate([(LEFT, 1)], [])[MEAN] == 0.0


def test_pooled_detections_share_one_list():
    # right, wrong, right, right of 3: 1/3 · 1 + 2/3 · 3/4
    truth = [(LEFT, 1), (RIGHT, 1), (LEFT, 2)]
    found = [(LEFT, 0.9, 1), (RIGHT, 0.8, 2), (LEFT, 0.7, 2), (RIGHT, 0.6, 1)]
    metrics = evaluate(truth, found, evaluator=PascalEvaluator(CATEGORIES, pooled=True))
    assert metrics[MEAN] == pytest.approx(1 / 3 + 2 / 3 * 3 / 4)


def test_a_part_of_the_curve():
    evaluator = PascalEvaluator(CATEGORIES, prefix="PrecisionAtRecallBoxes_", recall_range=(0.6, 1.0))
    metrics = evaluate([(LEFT, 1), (RIGHT, 1)], [(LEFT, 0.9, 1), (LEFT, 0.8, 1), (RIGHT, 0.7, 1)], None, evaluator)
    # Only the point (recall 1, precision 2/3) is left.
    assert metrics["PrecisionAtRecallBoxes_Precision/mAP@0.5IOU@[0.6,1.0]Recall"] == pytest.approx(2 / 3)


def test_names_are_normalized_as_the_original_does():
    assert "PascalBoxes_PerformanceByCategory/AP@0.5IOU/A\u0308rger" in PascalEvaluator(CATEGORIES).metrics()


def test_evaluators_come_from_the_config():
    assert evaluators_from_config(EvalConfig(), CATEGORIES) == []
    names = ["coco_detection_metrics", "pascal_voc_detection_metrics", "weighted_pascal_voc_detection_metrics"]
    names += ["precision_at_recall_detection_metrics", "coco_mask_metrics", "pascal_voc_instance_segmentation_metrics"]
    names += ["weighted_pascal_voc_instance_segmentation_metrics"]
    tags = [next(iter(one.metrics())) for one in evaluators_from_config(EvalConfig(metrics_set=names), CATEGORIES)]
    mean = "Precision/mAP@0.5IOU"
    assert tags[:2] == [MEAN, f"Weighted{MEAN}"]
    assert tags[2:] == [f"PrecisionAtRecallBoxes_{mean}", "DetectionMasks_Precision/mAP", f"PascalMasks_{mean}",
                        f"WeightedPascalMasks_{mean}"]  # fmt: skip


def test_metrics_that_cannot_be_computed_are_an_error():
    with pytest.raises(ConfigError, match="lvis_mask_metrics"):
        evaluators_from_config(EvalConfig(metrics_set=["lvis_mask_metrics"]), CATEGORIES)
