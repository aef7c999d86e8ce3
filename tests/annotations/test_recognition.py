"""A format is seen in whatever order, encoding and company its files come; the choice between two is told."""

import json
from pathlib import Path

import pytest

from tests.annotations.data_sets import plain
from tests.annotations.voc_files import annotation, item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import FORMATS, detect_format, open_dataset, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.recognition import look_at
from tfod.errors import DataError

BOX = "0 0.3125 0.5 0.3125 0.5\n"


def _coco(pictures: int, keys: str) -> str:
    parts = {
        "images": [
            {"id": n, "file_name": f"images/p{n:03}.jpg", "width": 64, "height": 48, "date_captured": "2024-01-01"}
            for n in range(pictures)
        ],
        "annotations": [{"id": n, "image_id": n, "category_id": 0, "bbox": [1, 2, 3, 4]} for n in range(pictures)],
        "categories": [{"id": n, "name": f"class {n}", "supercategory": "x" * 40} for n in range(80)],
        "info": {"description": "x" * 3000},
    }
    return json.dumps({key: parts[key] for key in keys.split()}, indent=1)


@pytest.mark.parametrize(
    "keys",
    ["images annotations categories", "images categories annotations info", "info categories images annotations"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_coco_in_any_order_of_its_keys_and_any_encoding(keys: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(_coco(200, keys).encode(encoding))
    for path in (tmp_path, tmp_path / "result.json"):
        name, dataset = open_dataset(str(path))
        assert (name, dataset.total) == ("coco", 200)


def test_labelme_with_its_picture_before_its_shapes(tmp_path: Path) -> None:
    shapes = [{"label": "cat", "points": [[1, 2], [9, 8]], "shape_type": "rectangle"}]
    said = {"flags": {}, "imageData": None, "note": "x" * 20_000, "imagePath": "a.jpg", "shapes": shapes}
    (tmp_path / "a.json").write_text(json.dumps(said))
    assert detect_format(str(tmp_path)) == "labelme"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_xml_in_utf_16_is_recognised_and_examined(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    text = f'{mark}<?xml version="1.0" encoding="{encoding[:6].rstrip("-s")}"?>\n' + annotation("a.jpg", item())
    (tmp_path / "a.xml").write_bytes(text.replace('"utf-8"', '"utf-8"').encode(encoding))
    name, dataset = open_dataset(str(tmp_path))
    (image,) = dataset.images
    assert name == "voc" and isinstance(image, AnnotatedImage) and image.objects[0][:5] == ("cat", 10, 12, 30, 36)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_recognised_however_large(name: str, tmp_path: Path) -> None:
    dataset = plain(tmp_path / "photos")
    many = [
        image._replace(filename=f"{number}_{image.filename}", subset=("train", "val")[number % 2])
        for number in range(60)
        for image in dataset.images
        if isinstance(image, AnnotatedImage)
    ]
    write_dataset(dataset._replace(images=many, total=len(many)), name, str(tmp_path / "out"))
    assert detect_format(str(tmp_path / "out")) == name


def _yolo(folder: Path, yaml: str = "") -> Path:
    for part, text in (("images", ""), ("labels", BOX)):
        (folder / part).mkdir(parents=True)
        (folder / part / f"p.{'txt' if text else 'jpg'}").write_bytes(text.encode() or picture())
    if yaml:
        (folder / yaml).write_text("train: images\nval: images\nnames: [cat]\n")
    else:
        (folder / "classes.txt").write_text("cat\n")
    return folder


def test_side_files_of_other_tools_are_no_annotations(tmp_path: Path) -> None:
    folder = _yolo(tmp_path / "label_studio")
    (folder / "notes.json").write_text(json.dumps({"categories": [{"id": 0, "name": "cat"}], "info": {"year": 2024}}))
    assert detect_format(str(folder)) == "yolo"

    folder = tmp_path / "roboflow"
    write_photo(folder, "a", item())
    (folder / "README.roboflow.txt").write_text("photos - v1\n5 4 3 2 1 photos\n")
    (folder / "classes.txt").write_text("cat\n")
    (folder / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\n")
    (folder / "_classes.csv").write_text("filename, cat, dog\na.jpg, 1, 0\n")
    (folder / "report.json").write_text('["annotations", "categories", "shapes"]')
    assert detect_format(str(folder)) == "voc"


def test_a_yaml_of_any_name(tmp_path: Path) -> None:
    folder = _yolo(tmp_path, "custom.yaml")
    for path in (folder, folder / "custom.yaml"):
        name, dataset = open_dataset(str(path))
        (image,) = dataset.images
        assert name == "yolo" and isinstance(image, AnnotatedImage) and image.objects[0].class_name == "cat"


def test_labels_and_pictures_alone_are_enough(tmp_path: Path) -> None:
    folder = _yolo(tmp_path)
    (folder / "classes.txt").unlink()
    (image,) = read_dataset(str(folder)).images
    assert isinstance(image, AnnotatedImage) and image.objects[0].class_name == "0"


def test_of_two_formats_that_with_annotations_for_the_pictures_is_taken_and_told(tmp_path: Path) -> None:
    for number in range(3):
        write_photo(tmp_path, f"p{number}", item())
    coco = {"images": [{"id": 1, "file_name": "p0.jpg"}], "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "old.json").write_text(
        json.dumps({**coco, "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]})
    )
    name, dataset = open_dataset(str(tmp_path))
    assert name == "voc" and [remark.rule for remark in dataset.remarks] == ["format-chosen"]
    assert "voc 3, coco 1" in dataset.remarks[0].what
    for path in tmp_path.glob("*.xml"):
        path.write_text(annotation("gone.jpg"))
    assert open_dataset(str(tmp_path))[0] == "coco"


def test_records_beside_the_annotations_that_they_were_made_of_are_not_read_for_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_photo(tmp_path, name, item())
    write_dataset(read_dataset(str(tmp_path)), "tfrecord", str(tmp_path / "records"))
    (tmp_path / "b.xml").unlink()
    name, dataset = open_dataset(str(tmp_path))
    assert name == "voc" and "tfrecord 2" in dataset.remarks[0].what
    (tmp_path / "a.jpg").unlink()
    assert open_dataset(str(tmp_path))[0] == "tfrecord"


def test_the_error_names_the_files_and_what_they_lack(tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text('[{"id": 1, "annotations": []}]')
    (tmp_path / "pom.xml").write_text("<project/>")
    (tmp_path / "table.csv").write_text("name;age\n")
    with pytest.raises(DataError) as caught:
        detect_format(str(tmp_path))
    for part in ("tasks.json", "a JSON list", "pom.xml", "root is <project>", "columns name, age"):
        assert part in caught.value.what


def test_nothing_harms_a_look(tmp_path: Path) -> None:
    for name, content in (
        ("a.xml", b"<!DOCTYPE b [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>&a;"),
        ("b.json", b"[" * 100_000),
        ("c.yaml", b"{" * 5000),
        ("d.csv", bytes(range(256))),
        ("e.txt", b"\xff\xfe0"),
        ("f.xml", b""),
    ):
        (tmp_path / name).write_bytes(content)
        assert look_at(str(tmp_path / name)).kind in ("", "csv")
