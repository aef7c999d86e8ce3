"""COCO's JSON as its authors and other tools write it; globox is the second opinion on boxes."""

import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import read_dataset
from tfod.annotations.coco import read_coco
from tfod.annotations.format import Reading
from tfod.annotations.masks import RunLengths
from tfod.errors import DataError

IMAGE = {"id": 397133, "file_name": "000000397133.jpg", "width": 64, "height": 48, "license": 3, "coco_url": "x"}
OBJECT = {
    "id": 82445,
    "image_id": 397133,
    "category_id": 44,
    "bbox": [7.02, 6.5, 23.5, 29.25],
    "iscrowd": 0,
    "area": 99.5,
}
COCO = {"info": {}, "images": [IMAGE], "annotations": [OBJECT], "categories": [{"id": 44, "name": "bottle"}]}


def _read(folder: Path, content: object, name: str = "instances_val2017.json"):
    (folder / name).write_text(json.dumps(content))
    return read_coco(str(folder / name), Reading())


def test_a_file_as_its_authors_write_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / IMAGE["file_name"]).write_bytes(picture())
    dataset = _read(tmp_path, COCO)
    (image,) = dataset.images

    assert dataset.class_ids == {"bottle": 44}
    assert isinstance(image, AnnotatedImage)
    assert (image.width, image.height, image.subset) == (64, 48, "val")
    assert image.picture == f"{tmp_path}/images/000000397133.jpg"
    (found,) = image.objects
    assert found[:5] == ("bottle", 7.02, 6.5, 30.52, 35.75)
    assert (found.area, found.crowd, found.mask) == (99.5, False, None)


def test_pictures_beside_the_folder_of_the_annotations(tmp_path: Path) -> None:
    (tmp_path / "test" / "annotations").mkdir(parents=True)  # a folder above says nothing about the subset
    (tmp_path / "test" / "val2017").mkdir()
    (tmp_path / "test" / "val2017" / IMAGE["file_name"]).write_bytes(picture())
    path = tmp_path / "test" / "annotations" / "instances_val2017.json"
    path.write_text(json.dumps(COCO))
    for given in (path, path.parent, path.parents[1]):
        (image,) = read_dataset(str(given), "coco").images
        assert isinstance(image, AnnotatedImage) and image.picture and image.picture.endswith(IMAGE["file_name"])
        assert image.subset == "val"


@pytest.mark.parametrize("counts", [[1, 2, 6], "126"])
def test_crowds_with_run_lengths_as_numbers_and_as_text(counts: object, tmp_path: Path) -> None:
    crowd = {**OBJECT, "iscrowd": 1, "segmentation": {"size": [3, 3], "counts": counts}}
    content = {**COCO, "images": [{**IMAGE, "width": 3, "height": 3}], "annotations": [crowd]}
    ((found,),) = [image.objects for image in _read(tmp_path, content).images]
    assert found.crowd and found.mask == RunLengths(3, 3, (1, 2, 6))


def test_polygons_in_pieces_and_pictures_without_objects(tmp_path: Path) -> None:
    lines = [[1, 2, 3, 4, 5, 6], [7.5, 8, 9, 10, 11, 12]]
    content = {**COCO, "images": [IMAGE, {**IMAGE, "id": 2}], "annotations": [{**OBJECT, "segmentation": lines}]}
    first, second = _read(tmp_path, content).images
    assert first.objects[0].mask == tuple(map(tuple, lines))
    assert second.objects == ()


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        ({"annotations": None}, "no list of objects 'annotations'", ""),
        ({"images": [{"id": 1}]}, "file_name", "image 0"),
        ({"images": [IMAGE, IMAGE]}, "earlier one", "image 1"),
        ({"annotations": [{**OBJECT, "image_id": 5}]}, "of no picture", "annotation 0"),
        ({"annotations": [{**OBJECT, "category_id": 5}]}, "of no category", "annotation 0"),
        ({"annotations": [{**OBJECT, "bbox": [1, 2, 3]}]}, "bbox of four", "annotation 0"),
        ({"annotations": [{**OBJECT, "bbox": [1, 2, 3, "4"]}]}, "no number: '4'", "annotation 0"),
        ({"categories": [{"id": 44, "name": ""}]}, "name is no name", "category 0"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "two categories", "category 1"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(change: dict, what: str, where: str, tmp_path: Path) -> None:
    images = [IMAGE] if "annotations" not in change else COCO["images"]
    if "images" in change or "categories" in change:
        change = {"annotations": [], **change}
    with pytest.raises(DataError, match=what) as caught:
        for image in _read(tmp_path, {**COCO, "images": images, **change}).images:
            raise image if isinstance(image, DataError) else AssertionError
    assert caught.value.where.endswith(where)


def test_boxes_of_every_format_are_those_that_globox_reads(tmp_path: Path) -> None:
    import globox

    from tests.annotations.data_sets import BOXES, plain
    from tfod.annotations.dataset_writer import write_dataset

    dataset = plain(tmp_path / "photos")
    for name in ("voc", "coco", "yolo", "labelme", "cvat"):
        write_dataset(dataset, name, str(tmp_path / name))
    yolo = tmp_path / "yolo"
    names = {0: "cat", 1: "a dog"}
    read = {
        "voc": globox.AnnotationSet.from_pascal_voc(tmp_path / "voc"),
        "coco": globox.AnnotationSet.from_coco(tmp_path / "coco" / "annotations.json"),
        "labelme": globox.AnnotationSet.from_labelme(tmp_path / "labelme"),
        "cvat": globox.AnnotationSet.from_cvat(tmp_path / "cvat" / "annotations.xml"),
        "yolo": globox.AnnotationSet.from_yolo_v5(yolo / "labels", image_folder=yolo / "images"),
    }
    for name, annotations in read.items():
        (found,) = [one for one in annotations if one.image_id.startswith("photo")]
        boxes = [(names.get(box.label, box.label), box.xmin, box.ymin, box.xmax, box.ymax) for box in found.boxes]
        for box, expected in zip(boxes, BOXES, strict=True):
            assert str(box[0]) in (expected[0], str(list(names.values()).index(expected[0]))), name
            assert box[1:] == pytest.approx(expected[1:], abs=0.01), name
