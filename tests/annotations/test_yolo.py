"""YOLO's files in the layouts that people have."""

from pathlib import Path

import pytest
from PIL import Image

from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.yolo import parse_labels, read_yolo
from tfod.annotations.yolo_layout import find_layout
from tfod.errors import DataError


def _files(folder: Path, **files: str) -> Path:
    """Writes files, `__` in a name for a slash and `_dot_` for a dot, and a picture for each that ends in jpg."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture() if path.suffix == ".jpg" else text.encode())
    return folder


def _found(dataset: Dataset) -> dict[str, tuple[str, list[tuple[object, ...]]]]:
    images = [image for image in dataset.images if isinstance(image, AnnotatedImage)]
    return {image.filename: (image.subset, [item[:5] for item in image.objects]) for image in images}


BOX = "0 0.3125 0.5 0.3125 0.5\n"
CAT = ("cat", 10.0, 12.0, 30.0, 36.0)


@pytest.mark.parametrize("names", ["[cat, dog]", "{0: cat, 1: dog}", "\n  0: cat\n  1: dog\n"])
@pytest.mark.parametrize("train", ["images/train", "../images/train", "[images/train]", "train.txt"])
def test_ultralytics_yaml(names: str, train: str, tmp_path: Path) -> None:
    _files(
        tmp_path,
        data_dot_yaml=f"path: /content/elsewhere\ntrain: {train}\nval: images/val\ntest:\nnc: 2\nnames: {names}",
        images__train__a_dot_jpg="",
        images__val__b_dot_jpg="",
        labels__train__a_dot_txt=BOX,
        train_dot_txt="./images/train/a.jpg\n",
    )
    dataset = read_yolo(str(tmp_path), Reading())
    assert dataset.class_ids == {"cat": 1, "dog": 2}
    assert _found(dataset) == {"a.jpg": ("train", [CAT]), "b.jpg": ("val", [])}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("[no, yes]", ["no", "yes"]),
        ("[on, off, y, n, true]", ["on", "off", "y", "n", "true"]),
        ("{0: No, 1: 007}", ["No", "007"]),
        ("[1.50, 2020-01-01, 1_000, 1:30]", ["1.50", "2020-01-01", "1_000", "1:30"]),
        ('["null", "~"]', ["null", "~"]),
    ],
)
def test_names_of_classes_are_what_is_written_not_what_yaml_makes_of_it(
    names: str, expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(picture())
    (tmp_path / "data.yaml").write_text(f"train: images\nval: ~\ntest:\nnames: {names}\nkpt_shape: [17, 3]\n")
    assert find_layout(str(tmp_path), Reading()).names == dict(enumerate(expected))
    assert find_layout(str(tmp_path), Reading()).pose == (17, 3)


def test_a_class_without_a_name_gets_a_cure_that_fits(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: [cat, null]\n")
    with pytest.raises(DataError, match="the class 1 has no name") as caught:
        find_layout(str(tmp_path), Reading())
    assert '"null"' in caught.value.cure


def test_roboflow_and_labelimg_folders(tmp_path: Path) -> None:
    roboflow = _files(
        tmp_path / "roboflow",
        data_dot_yaml="train: ../train/images\nval: ../valid/images\nnames: ['cat']",
        train__images__a_dot_jpg="",
        train__labels__a_dot_txt=BOX,
        valid__images__b_dot_jpg="",
    )
    assert _found(read_yolo(str(roboflow), Reading())) == {"a.jpg": ("train", [CAT]), "b.jpg": ("val", [])}

    # As labelImg 1.8.6 writes it, with six decimals.
    labelimg = _files(
        tmp_path / "labelimg",
        a_dot_jpg="",
        a_dot_txt="0 0.312500 0.500000 0.312500 0.500000\n",
        classes_dot_txt="cat\n",
    )
    assert _found(read_yolo(str(labelimg), Reading())) == {"a.jpg": ("", [CAT])}


def test_boxes_belong_to_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    _files(tmp_path, a_dot_txt="0 0.5 0.5 1 0.5", classes_dot_txt="cat")
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a.jpg").write_bytes(picture(64, 48, exif=exif))
    (image,) = read_yolo(str(tmp_path), Reading()).images
    assert (image.width, image.height, image.objects[0][1:5]) == (48, 64, (0, 16, 48, 48))


def test_outlines_and_poses() -> None:
    size, names = (100, 100), {0: "cat"}
    (outline,) = parse_labels("0 0.1 0.2 0.5 0.2 0.5 0.9", "a.txt", names, size)
    assert outline[1:5] == (10, 20, 50, 90) and outline.mask == ((10, 20, 50, 20, 50, 90),)
    (box,) = parse_labels("0 0.1 0.2 0.5 0.2 0.5 0.9 0.1 0.9", "a.txt", names, size)
    assert box[1:5] == (10, 20, 50, 90) and box.mask is None
    (pose,) = parse_labels("0 0.5 0.5 0.2 0.2 0.1 0.1 2 0.3 0.3 1", "a.txt", names, size, pose=(2, 3))
    assert pose[1:5] == (40, 40, 60, 60)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("0 0.5 0.5 0.1", "it has 4 numbers"),
        ("0 0.5 0.5 0.1 0.1 0.9", "it has 6 numbers"),
        ("cat 0.5 0.5 0.1 0.1", "no whole number: 'cat'"),
        ("0.5 0.5 0.5 0.1 0.1", "no whole number: '0.5'"),
        ("7 0.5 0.5 0.1 0.1", "no class 7; there are 1 names"),
        ("0 0.5 0.5 x 0.1", "could not convert"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, what: str, tmp_path: Path) -> None:
    _files(tmp_path, a_dot_jpg="", a_dot_txt=f"{BOX}{line}\n", classes_dot_txt="cat")
    (error,) = read_yolo(str(tmp_path), Reading()).images
    assert isinstance(error, DataError) and what in error.what
    assert error.where == f"{tmp_path}/a.txt, line 2"


@pytest.mark.parametrize("names", ["names: [cat]\nnames: [dog]", "names:\n  0: cat\n  0: dog"])
def test_a_key_given_twice_in_the_yaml_is_an_error(tmp_path: Path, names: str) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())
    (tmp_path / "data.yaml").write_text(f"train: .\n{names}\n")
    with pytest.raises(DataError, match="there are two of the key"):
        read_yolo(str(tmp_path), Reading())
