"""Polygons surround exactly the pixels that they were made of, and COCO's own library agrees."""

import json
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from tfod.segmentation.classes import ClassTable
from tfod.segmentation.labelme_mask import labelme_mask
from tfod.segmentation.polygons import coco_json, polygons_of, write_labelme

TABLE = ClassTable(("ground", "thing"), ((0, 0, 0), (220, 20, 60)))


def _classes() -> np.ndarray:
    y, x = np.mgrid[:60, :80]
    distance = np.hypot(y - 30, x - 40)
    classes = ((distance < 25) & (distance > 10)).astype(np.uint8)  # a ring: a hole is in it
    classes[2:6, 2:12] = 1
    return classes


def test_a_rectangle_has_the_corners_of_its_pixels() -> None:
    classes = np.zeros((10, 12), np.uint8)
    classes[2:5, 3:9] = 1
    (polygon,) = polygons_of(classes)

    assert polygon.area == 18
    assert polygon.points.min(axis=0).tolist() == [3.25, 2.25]
    assert polygon.points.max(axis=0).tolist() == [8.75, 4.75]


def test_coco_draws_what_was_there_hole_included() -> None:
    classes = _classes()
    content = coco_json([("a.png", 60, 80, polygons_of(classes))], TABLE)
    coco = COCO()
    coco.dataset = json.loads(json.dumps(content))
    coco.createIndex()

    drawn = sum(coco.annToMask(annotation) for annotation in coco.loadAnns(coco.getAnnIds()))
    assert len(content["annotations"]) == 2
    assert sum(annotation["area"] for annotation in content["annotations"]) == classes.sum()
    assert (drawn > 0)[classes > 0].mean() > 0.97
    assert (drawn > 0)[classes == 0].mean() < 0.01
    assert coco_mask.area(coco.annToRLE(content["annotations"][0])) > 0


def test_labelme_comes_back_as_the_same_mask(tmp_path: Path) -> None:
    classes = _classes()
    write_labelme(tmp_path / "a.json", Path("a.png"), (60, 80), polygons_of(classes), TABLE)

    mask, labels = labelme_mask(tmp_path / "a.json")
    assert labels == ("thing",)
    assert ((mask > 0) == (classes > 0)).mean() > 0.98


def test_nothing_gives_no_polygon() -> None:
    assert polygons_of(np.zeros((5, 5), np.uint8)) == []
