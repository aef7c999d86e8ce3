import json

import numpy as np
import pytest
import tensorflow as tf

from tests.training.reading import images, scalars
from tfod.evaluation.coco_metrics import METRIC_NAMES, CocoEvaluator
from tfod.evaluation.evaluate import EvaluationResult
from tfod.evaluation.report import print_table, write_metrics, write_summaries

CATEGORIES = {1: "cat", 2: "a dog"}


@pytest.fixture
def result():
    evaluator = CocoEvaluator(CATEGORIES)
    box = np.float32([[0, 0, 100, 100]])
    evaluator.add("a.jpg", box, [1], box, [0.9], [1])
    return EvaluationResult(
        metrics=evaluator.metrics(),
        losses={"Loss/total_loss": 1.5, "Loss/classification_loss": float("nan")},
        images=1,
        seconds=0.25,
        num_groundtruth={1: 1, 2: 0},
        drawn={"eval_side_by_side_0_0": np.zeros((4, 6, 3), np.uint8)},
    )


def test_metrics_json_is_flat_with_the_originals_tags(result, tmp_path):
    write_metrics(tmp_path / "out" / "metrics.json", result, {"checkpoint": "run/ckpt-3", "step": 7})
    text = (tmp_path / "out" / "metrics.json").read_text()
    written = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert written["checkpoint"] == "run/ckpt-3"
    assert written["step"] == 7
    assert written["images"] == 1
    assert written["Loss/total_loss"] == 1.5
    assert written["Loss/classification_loss"] is None
    assert written["DetectionBoxes_Precision/mAP"] == result.metrics["DetectionBoxes_Precision/mAP"]
    assert written["DetectionBoxes_Recall/AR@100 (large) ByCategory/cat"] == pytest.approx(1.0)
    assert written["DetectionBoxes_PerformanceByCategory/mAP/a dog"] == -1.0


def test_the_table_has_a_row_for_every_class(result, capsys):
    print_table(result, CATEGORIES)
    lines = capsys.readouterr().out.splitlines()
    (cat,) = (line for line in lines if "cat" in line)
    (dog,) = (line for line in lines if "a dog" in line)
    assert cat.count("1.000") == 6
    assert "–" in dog
    assert "1.000" not in dog


def test_masks_have_a_table_of_their_own(result, capsys):
    print_table(result, CATEGORIES)
    assert "masks" not in capsys.readouterr().out
    judged = CocoEvaluator(CATEGORIES, of_masks=True)
    result.metrics.update(judged.metrics())
    print_table(result, CATEGORIES)
    boxes, masks = capsys.readouterr().out.split("COCO metrics of masks")
    assert boxes.count("1.000") == 12
    assert "1.000" not in masks
    assert masks.count("a dog") == 1


@pytest.mark.parametrize(("per_class", "count"), [(False, 12 + 2 + 2), (True, 12 + 2 + 2 + 2 * 12)])
def test_summaries_have_the_originals_tags(result, tmp_path, per_class, count):
    write_summaries(tf.summary.create_file_writer(str(tmp_path)), result, 7, per_class=per_class)
    written = scalars(tmp_path)
    assert len(written) == count
    assert images(tmp_path) == {"eval_side_by_side_0_0": [(7, 1)]}
    for name in METRIC_NAMES:
        assert written[f"DetectionBoxes_{name}"] == [(7, np.float32(result.metrics[f"DetectionBoxes_{name}"]))]
    assert "DetectionBoxes_PerformanceByCategory/mAP/cat" in written
