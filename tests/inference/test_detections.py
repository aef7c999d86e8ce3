import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tfod.errors import ConfigError, DataError
from tfod.inference.box_masks import image_masks
from tfod.inference.detections import Detections, class_name
from tfod.visualize.colours import class_colour

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


MASKS = np.zeros((3, 100, 200), bool)
MASKS[0, :50, :40] = MASKS[1, 10:30, 50:60] = True
WITH_ALL = replace(
    FOUND,
    masks=MASKS,
    keypoints=np.full((3, 2, 2), [0.1, 0.3], np.float32),
    keypoint_scores=np.full((3, 2), 0.5, np.float32),
    class_names={1: "cat", 2: "dog"},
)


def test_what_belongs_to_a_box_goes_with_it():
    best = WITH_ALL.best(1)
    assert best.names == ["dog"]
    assert (best.masks == MASKS[1:2]).all()
    assert best.keypoints.shape == (1, 2, 2) and best.keypoint_scores.shape == (1, 2)
    assert WITH_ALL.take(WITH_ALL.scores < 0.3).names == ["class 3"]


def test_a_mask_of_a_box_is_pasted_where_the_box_lies():
    upper_half = np.array([[[1, 1], [1, 1], [0, 0], [0, 0]]], np.float32)
    pasted = image_masks(upper_half, np.array([[0.25, 0.125, 0.75, 0.5]], np.float32), 101, 201)
    rows, columns = np.nonzero(pasted[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (25, 49, 25, 100)
    assert pasted.sum() == 25 * 76
    partly_outside = image_masks(upper_half, np.array([[-0.5, 0.5, 0.5, 1.5]], np.float32), 11, 11)
    assert np.flatnonzero(partly_outside[0].any(axis=1)).tolist() == [], "its upper half lies above the image"
    whole = np.ones((2, 7, 9), np.uint8)
    assert image_masks(whole, np.zeros((2, 4), np.float32), 7, 9).all()
    nowhere = np.array([[np.nan] * 4, [2, 2, 3, 3]], np.float32)
    assert not image_masks(np.ones((2, 4, 4), np.float32), nowhere, 5, 5).any()


def test_coco_results_have_boxes_masks_and_keypoints_in_pixels():
    results = json.loads(json.dumps(WITH_ALL.to_coco(7)))
    assert [one["category_id"] for one in results] == [1, 2, 3]
    assert results[1]["bbox"] == [40.0, 10.0, 40.0, 20.0] and results[1]["image_id"] == 7
    assert results[1]["keypoints"] == [60.0, 10.0, 1.0, 60.0, 10.0, 1.0]
    assert (coco_mask.decode(results[0]["segmentation"]) == MASKS[0]).all()
    assert FOUND.best(0).to_coco(7) == []
    assert "segmentation" not in FOUND.to_coco(7)[0]


def test_crops_are_what_lies_under_the_boxes_and_never_empty():
    image = np.arange(100 * 200 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 200, 3)
    assert (WITH_ALL.crops(image)[1] == image[10:30, 40:80]).all()
    boxes = np.array([[-1, -1, 0.1, 0.1], [1, 1, 1.5, 1.5], [0.5, 0.5, 0.5, 0.5], [np.nan] * 4], np.float32)
    odd = Detections(boxes, np.ones(4, np.float32), np.ones(4, int), 100, 200)
    assert [crop.shape for crop in odd.crops(image)] == [(10, 20, 3), (1, 1, 3), (1, 1, 3), (1, 1, 3)]


def test_an_image_is_drawn_on_a_copy_and_must_be_the_one_detected_on():
    image = np.zeros((100, 200, 3), np.uint8)
    assert FOUND.draw(image).any() and not image.any()
    with pytest.raises(DataError, match="10 x 20 pixels, and these were found on one of 100 x 200"):
        FOUND.draw(np.zeros((10, 20, 3), np.uint8))


def test_masks_and_sure_keypoints_are_drawn_too():
    image = np.zeros((100, 200, 3), np.uint8)
    masked = replace(WITH_ALL, keypoints=None, keypoint_scores=None)
    changed = (masked.draw(image) != replace(masked, masks=None).draw(image)).any(axis=-1)
    assert changed.any() and not changed[~MASKS.any(axis=0)].any()
    rows, columns = np.nonzero((WITH_ALL.draw(image) != masked.draw(image)).any(axis=-1))
    assert np.abs([rows.mean() - 10, columns.mean() - 60]).max() < 3, "the keypoint's place"
    unsure = replace(WITH_ALL, keypoint_scores=np.full((3, 2), 0.4, np.float32))
    assert (unsure.draw(image) == masked.draw(image)).all()
    assert (replace(unsure, keypoint_scores=None).draw(image) == WITH_ALL.draw(image)).all()


def test_lines_between_sure_keypoints_are_drawn():
    image = np.zeros((100, 200, 3), np.uint8)
    points = np.tile(np.float32([[0.8, 0.2], [0.8, 0.8], [0.2, 0.5]]), (3, 1, 1))
    scores = np.tile(np.float32([0.9, 0.9, 0.4]), (3, 1))
    posed = replace(FOUND, keypoints=points, keypoint_scores=scores, keypoint_edges=[(0, 1), (1, 2), (0, 3)])
    without, drawn = replace(posed, keypoint_edges=()).draw(image), posed.draw(image)
    # The best is of class 2 and lies on top.
    assert (drawn[80, 50:151] == class_colour(2)).all() and not (without[80, 50:151] == class_colour(2)).any()
    assert not (drawn != without)[:75].any(), "there is no line to what is not sure"
    assert posed.best(1).keypoint_edges == posed.keypoint_edges


def test_supervision_gets_boxes_in_pixels():
    if importlib.util.find_spec("supervision") is None:
        with pytest.raises(ConfigError) as caught:
            FOUND.to_supervision()
        assert caught.value.cure.startswith("pip install")
        return
    given = WITH_ALL.to_supervision()
    assert given.xyxy[1].tolist() == pytest.approx([40, 10, 80, 30])
    assert given.data["class_name"].tolist() == ["cat", "dog", "class 3"]
