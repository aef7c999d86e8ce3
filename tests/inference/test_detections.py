import json

import numpy as np

from tfod.inference.detections import Detections, class_name

FOUND = Detections(
    boxes=np.array([[0, 0, 0.5, 0.25], [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]], np.float32),
    scores=np.array([0.5, 0.9, 0.1], np.float32),
    class_ids=np.array([1, 2, 3]),
    height=100,
    width=200,
)


def test_padding_is_left_out():
    outputs = {
        "num_detections": np.array([1.0], np.float32),
        "detection_boxes": np.array([[[0.1, 0.2, 0.3, 0.4], [0, 0, 0, 0]]], np.float32),
        "detection_scores": np.array([[0.7, 0.0]], np.float32),
        "detection_classes": np.array([[4.0, 1.0]], np.float32),
    }
    found = Detections.from_outputs(outputs, 10, 20)
    assert len(found) == 1
    assert found.class_ids.tolist() == [4]
    assert (found.height, found.width) == (10, 20)


def test_best_sorts_by_score_and_cuts():
    assert FOUND.best(10).class_ids.tolist() == [2, 1, 3]
    assert FOUND.best(1).class_ids.tolist() == [2]
    assert FOUND.best(10, min_score=0.5).class_ids.tolist() == [2, 1]
    assert len(FOUND.best(10, min_score=0.95)) == 0


def test_json_has_names_and_both_kinds_of_boxes():
    written = json.loads(json.dumps(FOUND.to_json({1: "cat"})))
    assert written[0] == {
        "class_id": 1,
        "name": "cat",
        "score": 0.5,
        "box": {"ymin": 0.0, "xmin": 0.0, "ymax": 0.5, "xmax": 0.25},
        "box_pixels": {"ymin": 0.0, "xmin": 0.0, "ymax": 50.0, "xmax": 50.0},
    }
    assert written[1]["name"] == "class 2"


def test_a_class_without_a_name_is_called_by_its_number():
    assert class_name(7, {1: "cat"}) == "class 7"
