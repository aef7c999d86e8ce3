"""What Roboflow and CVAT add to COCO's JSON."""

import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.coco import read_coco
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.errors import DataError

IMAGE = {"id": 0, "file_name": "a.jpg", "width": 100, "height": 80}
ROOT = {"id": 0, "name": "objects", "supercategory": "none"}
BULL, PIG = ({"id": number, "name": name, "supercategory": "objects"} for number, name in ((1, "bull"), (2, "pig")))


def _object(category: int, **said: object) -> dict[str, object]:
    return {"id": category, "image_id": 0, "category_id": category, "bbox": [10, 10, 20, 30], "area": 600, **said}


def _read(folder: Path, categories: list[object], *objects: dict[str, object]) -> Dataset:
    (folder / "a.jpg").write_bytes(picture(100, 80))
    content = {"images": [IMAGE], "annotations": list(objects), "categories": categories}
    (folder / "_annotations.coco.json").write_text(json.dumps(content))
    return read_coco(str(folder), Reading())


def _notes(dataset: Dataset) -> list[str]:
    return [remark.what for remark in dataset.remarks]


def test_the_root_category_of_roboflow_is_no_class_and_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    dataset = _read(tmp_path / "in", [ROOT, BULL, PIG], _object(1), _object(2))
    assert dataset.class_ids == {"bull": 1, "pig": 2}
    summary = write_dataset(dataset, "tfrecord", str(tmp_path / "out"))
    assert "categories that only stand above the others" in summary.text()
    label_map = (tmp_path / "out" / "label_map.pbtxt").read_text()
    assert [line.strip() for line in label_map.splitlines() if "id:" in line or "name:" in line] == [
        'name: "bull"', "id: 1", 'name: "pig"', "id: 2",
    ]  # fmt: skip


def test_a_root_category_with_the_name_of_a_class_does_not_stand_in_its_way(tmp_path: Path) -> None:
    pig = {"id": 1, "name": "pig", "supercategory": "pig"}
    dataset = _read(tmp_path, [{**ROOT, "name": "pig"}, pig], _object(1))
    assert dataset.class_ids == {"pig": 1}


def test_a_root_category_whose_id_is_a_text_is_no_class(tmp_path: Path) -> None:
    dataset = _read(tmp_path, [{**ROOT, "id": "0"}, {**BULL, "id": "1"}], _object(1))
    assert dataset.class_ids == {"bull": 1} and len(_notes(dataset)) == 2


@pytest.mark.parametrize(
    ("categories", "objects"),
    [
        ([ROOT, BULL, PIG], [_object(0), _object(1)]),
        ([ROOT, {**BULL, "supercategory": "none"}], [_object(1)]),
        ([{**ROOT, "supercategory": "animal"}, BULL], [_object(1)]),
        ([ROOT], []),
    ],
)
def test_categories_that_have_objects_or_stand_above_none_are_classes(
    tmp_path: Path, categories: list[object], objects: list[dict[str, object]]
) -> None:
    dataset = _read(tmp_path, categories, *objects)
    assert dataset.class_ids["objects"] == 0 and _notes(dataset) == []


def test_a_root_category_that_another_file_uses_is_a_class(tmp_path: Path) -> None:
    for name, category in (("train", 1), ("valid", 0)):
        (tmp_path / name).mkdir()
        _read(tmp_path / name, [ROOT, BULL], _object(category))
    assert read_coco(str(tmp_path), Reading()).class_ids == {"objects": 0, "bull": 1}


def test_the_rotation_that_cvat_writes_counts_and_is_told(tmp_path: Path) -> None:
    dataset = _read(tmp_path, [BULL], _object(1, attributes={"rotation": 90.0}, segmentation=[]))
    (image,) = dataset.images
    assert isinstance(image, AnnotatedImage) and image.objects[0][1:5] == pytest.approx((5, 15, 35, 35))
    assert len(_notes(dataset)) == 1 and "turned" in _notes(dataset)[0]


def test_turned_boxes_are_told_once_a_file_with_their_count(tmp_path: Path) -> None:
    objects = [{**_object(1, attributes={"rotation": 90.0}), "image_id": number} for number in (0, 0, 1)]
    content = {
        "images": [IMAGE, {**IMAGE, "id": 1, "file_name": "b.jpg"}],
        "annotations": objects,
        "categories": [BULL],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    (remark,) = read_coco(str(tmp_path), Reading()).remarks
    assert (remark.rule, remark.where) == ("annotation-meaning", f"{tmp_path}/a.json, annotation 0")
    assert remark.total == 2


@pytest.mark.parametrize("said", [0.0, 360, "left", None, True, 1e9])
def test_other_rotations_do_not_count(tmp_path: Path, said: object) -> None:
    dataset = _read(tmp_path, [BULL], _object(1, attributes={"rotation": said}))
    (image,) = dataset.images
    assert isinstance(image, AnnotatedImage) and image.objects[0][1:5] == (10, 10, 30, 40) and _notes(dataset) == []


def test_a_key_given_twice_is_an_error(tmp_path: Path) -> None:
    _read(tmp_path, [BULL], _object(1))
    path = tmp_path / "_annotations.coco.json"
    path.write_text(path.read_text().replace('"bbox"', '"bbox": [0, 0, 1, 1], "bbox"'))
    (error,) = read_coco(str(path), Reading()).images
    assert isinstance(error, DataError) and "two values of 'bbox'" in error.what
