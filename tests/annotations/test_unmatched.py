"""Annotations and pictures find each other by whatever their names have in common; what is left over is counted."""

import json
import os
from pathlib import Path

import pytest

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import open_dataset, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.errors import DataError

BOX = "0 0.3125 0.5 0.3125 0.5\n"


def _files(folder: Path, **files: str) -> Path:
    """Writes files: `__` in a name for a slash, `_dot_` for a dot; a picture where the name ends in jpg."""
    for name, text in files.items():
        _put(folder, name.replace("__", "/").replace("_dot_", "."), text)
    return folder


def _put(folder: Path, name: str, text: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if path.suffix == ".jpg" else text.encode())


def _objects(dataset: Dataset) -> dict[str, int]:
    return {image.filename: len(image.objects) for image in dataset.images if isinstance(image, AnnotatedImage)}


def _rules(dataset: Dataset) -> list[str]:
    return [remark.rule for remark in dataset.remarks]


@pytest.mark.parametrize("given", [".", "data.yaml", "./data.yaml", "../set"])
def test_labels_are_found_from_inside_the_folder(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _files(
        tmp_path / "set",
        images__train__a_dot_jpg="",
        labels__train__a_dot_txt=BOX,
        images__val__b_dot_jpg="",
        labels__val__b_dot_txt=BOX,
        data_dot_yaml="path: .\ntrain: images/train\nval: images/val\nnames: {0: cat}\n",
    )
    monkeypatch.chdir(folder)
    assert _objects(read_dataset(given)) == {"a.jpg": 1, "b.jpg": 1}


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        ("JPEGImages", "labels"),
        ("train_images", "train_labels"),
        ("Images", "labels"),
        ("photos", "texts"),
        ("data/images/day", "data/labels/day"),
        ("images/images", "images/labels"),
    ],
)
def test_labels_lie_where_people_put_them(pictures: str, labels: str, tmp_path: Path) -> None:
    _put(tmp_path, f"{pictures}/a.jpg")
    _put(tmp_path, f"{labels}/a.txt", BOX)
    _put(tmp_path, "obj.names", "cat\n")
    assert _objects(read_dataset(str(tmp_path))) == {"a.jpg": 1}


def test_labels_in_a_folder_of_their_own(tmp_path: Path) -> None:
    _files(tmp_path, photos__a_dot_jpg="", texts__a_dot_txt=BOX, texts__classes_dot_txt="cat")
    dataset = read_dataset(str(tmp_path / "texts"), "yolo", Reading(str(tmp_path / "photos")))
    assert _objects(dataset) == {"a.jpg": 1} and _rules(dataset) == ["label-elsewhere"]

    _files(tmp_path, images__b_dot_jpg="", labels__b_dot_txt=BOX, labels__classes_dot_txt="cat")
    assert _objects(read_dataset(str(tmp_path / "labels"))) == {"b.jpg": 1}
    assert _objects(read_dataset(str(tmp_path / "images"), "yolo")) == {"b.jpg": 1}


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("d\u00e9.jpg", "d%C3%A9.txt"),
        ("d\u00e9.jpg", "de\u0301.txt"),
        ("a%20b.jpg", "a b.txt"),
        ("a b.jpg", "a%20b.txt"),
        ("a#b.jpg", "a_b.txt"),
    ],
)
def test_labels_of_names_that_mean_the_same(image: str, label: str, tmp_path: Path) -> None:
    _put(tmp_path, f"images/{image}")
    _put(tmp_path, f"labels/{label}", BOX)
    dataset = read_dataset(str(tmp_path))
    assert _objects(dataset) == {image: 1} and _rules(dataset) == ["label-elsewhere"]


def test_two_parts_with_the_same_names_are_never_mixed(tmp_path: Path) -> None:
    for part in ("train", "val"):
        _put(tmp_path, f"photos/{part}/a.jpg")
    _put(tmp_path, "texts/train/a.txt", BOX)
    found = {image.subset: len(image.objects) for image in read_dataset(str(tmp_path)).images}  # type: ignore[union-attr]
    assert found == {"train": 1, "val": 0}
    _put(tmp_path, "texts/other/a.txt", BOX + BOX)
    assert "annotation-orphan" in _rules(read_dataset(str(tmp_path)))


def test_label_files_without_a_picture_are_told_and_never_all_in_silence(tmp_path: Path) -> None:
    _files(tmp_path / "set", images__a_dot_jpg="", labels__b_dot_txt=BOX, labels__README_dot_txt="3 photos\n")
    dataset = read_dataset(str(tmp_path / "set"))
    assert [(remark.rule, remark.where) for remark in dataset.remarks] == [
        ("annotation-orphan", f"{tmp_path}/set/labels/b.txt")
    ]
    with pytest.raises(DataError, match="no picture has an object: 1 annotation files belong to no picture"):
        write_dataset(dataset, "voc", str(tmp_path / "out"))

    _files(tmp_path / "set", labels__a_dot_txt=BOX)
    summary = write_dataset(read_dataset(str(tmp_path / "set")), "voc", str(tmp_path / "out"))
    assert summary.notes["annotation files that belong to no picture"].total == 1
    os.remove(tmp_path / "set/labels/b.txt")
    (tmp_path / "set/labels/a.txt").write_text("")
    summary = write_dataset(read_dataset(str(tmp_path / "set"), "yolo"), "coco", str(tmp_path / "out"))
    assert any("no picture has an object" in kind for kind in summary.notes)


def test_pictures_without_an_annotation_are_counted(tmp_path: Path) -> None:
    write_photo(tmp_path / "set", "a", item())
    for name in ("b.jpg", "c.jpg"):
        _put(tmp_path / "set", name)
    summary = write_dataset(read_dataset(str(tmp_path / "set")), "coco", str(tmp_path / "out"))
    assert summary.notes["pictures beside the others without an annotation, left out"].total == 2


@pytest.mark.parametrize(
    "train",
    [
        "/content/ds/datasets/train",
        "C:\\\\data\\\\datasets\\\\train",
        "../../elsewhere/datasets/train",
        "/x/lists/train.txt",
    ],
)
def test_a_yaml_of_another_machine(train: str, tmp_path: Path) -> None:
    _files(
        tmp_path,
        data_dot_yaml=f"train: {train}\nval: /content/ds/datasets/valid\ntest: ../test/images\nnames: [cat]\n",
        datasets__train__a_dot_jpg="",
        datasets__train__a_dot_txt=BOX,
        datasets__valid__b_dot_jpg="",
        datasets__valid__b_dot_txt=BOX,
        lists__train_dot_txt="/content/ds/datasets/train/a.jpg\n",
    )
    name, dataset = open_dataset(str(tmp_path / "data.yaml"))
    assert name == "yolo" and _objects(dataset) == {"a.jpg": 1, "b.jpg": 1}
    assert _rules(dataset) == ["test-missing"]


def test_a_part_that_is_missing_does_not_hide_the_other(tmp_path: Path) -> None:
    _files(
        tmp_path / "set",
        data_dot_yaml="train: images/train\nval: images/val\nnames: [cat]\n",
        images__train__a_dot_jpg="",
        labels__train__a_dot_txt=BOX,
    )
    dataset = read_dataset(str(tmp_path / "set"))
    with pytest.raises(DataError, match="there is no 'images/val'"):
        write_dataset(dataset, "voc", str(tmp_path / "out"))
    summary = write_dataset(dataset, "voc", str(tmp_path / "out"), skip_bad=True)
    assert summary.pictures == 1 and summary.notes["parts that the data set names and that are not there"].total == 1


def _coco(folder: Path, written: str) -> Dataset:
    image = {"id": 1, "file_name": written, "width": 64, "height": 48}
    said = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    content = {"images": [image], "annotations": [said], "categories": [{"id": 1, "name": "cat"}]}
    (folder / "a.json").write_text(json.dumps(content))
    return read_dataset(str(folder), "coco")


@pytest.mark.parametrize(
    ("on_disk", "written", "how"),
    [
        ("a b.jpg", "a%20b.jpg", "percent-decoded"),
        ("a%20b.jpg", "a b.jpg", "percent-decoded"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg", "spelt with other code points"),
        ("caf\u00e9.jpg", "cafe\u0301.jpg", "spelt with other code points"),
        ("cafe\u0301.jpg", "caf%C3%A9.jpg", "spelt with other code points"),
        ("a#1.jpg", "a_1.jpg", "with _ for #"),
        ("sub dir/a.jpg", "sub%20dir/a.jpg", ""),
        ("a.jpg", "a.png", "by its name without the extension"),
        ("cafe\u0301.jpg", "caf\u00e9.png", "by its name without the extension"),
        ("train/deep/a.jpg", "/data/x/train/deep/a.jpg", ""),
        ("train/a.jpg", "C:\\x\\train\\a.jpg", ""),
    ],
)
def test_pictures_of_names_that_mean_the_same(on_disk: str, written: str, how: str, tmp_path: Path) -> None:
    _put(tmp_path / "set", on_disk)
    (image,) = (dataset := _coco(tmp_path / "set", written)).images
    assert isinstance(image, AnnotatedImage) and image.picture and image.picture.endswith(f"/{on_disk}")
    summary = write_dataset(dataset, "voc", str(tmp_path / "out"))
    told = summary.notes.get("pictures found under another name than the annotation's")
    assert (told.places[0].rpartition(", ")[2] if told else "") == how


def test_a_name_as_written_comes_first(tmp_path: Path) -> None:
    for name in ("a%20b.jpg", "a b.jpg"):
        _put(tmp_path, name)
    (image,) = _coco(tmp_path, "a%20b.jpg").images
    assert isinstance(image, AnnotatedImage) and image.filename == "a%20b.jpg"


@pytest.mark.parametrize("written", ["..%2Fsecret.jpg", "%2e%2e/secret.jpg", "%00.jpg", "a\u0301/../../secret.jpg"])
def test_decoding_leads_out_of_no_folder(written: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    _put(tmp_path, "secret.jpg")
    (image,) = _coco(tmp_path / "set", written).images
    assert isinstance(image, DataError) or image.picture is None
