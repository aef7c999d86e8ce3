"""Keypoints through every format: kept by those that have a place for them, counted by the others."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.annotations.data_sets import plain
from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Keypoint, Skeleton
from tfod.annotations.catalogue import FORMATS, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.masks import bitmap, run_lengths
from tfod.annotations.sides import mirrored, side_of
from tfod.config.label_map import read_label_map
from tfod.errors import DataError

CAT = Skeleton(("nose", "left_ear", "right_ear"), ((0, 1), (0, 2)))
DOG = Skeleton(("nose", "tail"), ((0, 1),))
SEEN = (Keypoint(20.5, 14.25), Keypoint(12, 13, 1), Keypoint(0, 0, 0))
OUTLINE = ((10.0, 12.0, 30.0, 12.0, 30.0, 36.0, 10.0, 36.0),)


def _posed(folder: Path, mask: bool = False) -> Dataset:
    dataset = plain(folder)
    objects = (
        AnnotatedObject("cat", 10, 12, 30, 36, keypoints=SEEN, mask=OUTLINE if mask else None),
        AnnotatedObject("a dog", 1, 2, 9, 8, keypoints=(Keypoint(1, 2), Keypoint(9, 8))),
        AnnotatedObject("cat", 40, 20, 60, 40),
    )
    image = dataset.images[0]._replace(objects=objects)  # type: ignore[index]
    return dataset._replace(images=[image], total=1, skeletons={"cat": CAT, "a dog": DOG})


def _images(dataset: Dataset) -> list[AnnotatedImage]:
    return [image for image in dataset.images if isinstance(image, AnnotatedImage)]


@pytest.mark.parametrize("name", ["coco", "cvat", "yolo", "tfrecord"])
def test_keypoints_names_and_visibilities_come_back(name: str, tmp_path: Path) -> None:
    summary = write_dataset(_posed(tmp_path / "in"), name, str(tmp_path / "out"))
    read = read_dataset(str(tmp_path / "out"))
    (image,) = _images(read)

    cat, dog, other = image.objects
    points = np.array(cat.keypoints)
    np.testing.assert_allclose(points, np.array(SEEN), atol=1e-4)
    padded = dog.keypoints[:2] if name == "yolo" else dog.keypoints  # a YOLO data set has one number of keypoints
    np.testing.assert_allclose(np.array(padded), [(1, 2, 2), (9, 8, 2)], atol=1e-4)
    assert not other.keypoints
    np.testing.assert_allclose(cat[1:5], (10, 12, 30, 36), atol=1e-3)
    assert read.skeletons["cat"].names == CAT.names
    lines_lost = [note for note in summary.notes if "lines between keypoints" in note]
    if name in ("coco", "cvat"):
        assert read.skeletons == {"cat": CAT, "a dog": DOG}
        assert not lines_lost
    else:
        assert lines_lost


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"coco", "cvat", "yolo", "tfrecord"}))
def test_other_formats_count_what_they_lose(name: str, tmp_path: Path) -> None:
    summary = write_dataset(_posed(tmp_path / "in"), name, str(tmp_path / "out"))

    assert summary.notes["objects of which the format cannot say: keypoints"].total == 2
    (image,) = _images(read_dataset(str(tmp_path / "out")))
    assert not any(item.keypoints for item in image.objects)


@pytest.mark.parametrize("name", ["coco", "cvat", "tfrecord"])
def test_an_object_keeps_its_mask_beside_its_keypoints(name: str, tmp_path: Path) -> None:
    write_dataset(_posed(tmp_path / "in", mask=True), name, str(tmp_path / "out"))
    (image,) = _images(read_dataset(str(tmp_path / "out")))

    assert len(image.objects) == 3
    assert image.objects[0].mask
    assert len(image.objects[0].keypoints) == 3


@pytest.mark.parametrize("name", ["coco", "cvat", "yolo", "tfrecord"])
def test_an_object_with_other_keypoints_than_its_class_loses_them(name: str, tmp_path: Path) -> None:
    dataset = _posed(tmp_path / "in")
    (image,) = _images(dataset)
    short = image.objects[0]._replace(keypoints=SEEN[:2])
    dataset = dataset._replace(images=[image._replace(objects=(short, *image.objects[1:]))])

    summary = write_dataset(dataset, name, str(tmp_path / "out"))

    assert [note.total for text, note in summary.notes.items() if "not as many as" in text] == [1]
    (again,) = _images(read_dataset(str(tmp_path / "out")))
    assert [bool(item.keypoints) for item in again.objects] == [False, True, False]


def test_yolo_has_keypoints_or_outlines(tmp_path: Path) -> None:
    summary = write_dataset(_posed(tmp_path / "in", mask=True), "yolo", str(tmp_path / "out"))

    assert [note.total for text, note in summary.notes.items() if "keypoints or outlines" in text] == [1]
    yaml = (tmp_path / "out" / "data.yaml").read_text("utf-8")
    assert "kpt_shape:\n- 3\n- 3\n" in yaml
    assert "flip_idx:\n- 0\n- 2\n- 1\n" in yaml


def test_classes_share_the_places_of_what_they_call_the_same(tmp_path: Path) -> None:
    write_dataset(_posed(tmp_path / "in"), "tfrecord", str(tmp_path / "out"))

    label_map = read_label_map(tmp_path / "out" / "label_map.pbtxt")
    assert label_map.keypoints == {"cat": {0: "nose", 1: "left_ear", 2: "right_ear"}, "a dog": {0: "nose", 3: "tail"}}
    assert label_map.num_keypoints == 4


def test_keypoints_without_names_are_numbered(tmp_path: Path) -> None:
    dataset = _posed(tmp_path / "in")._replace(skeletons={})

    write_dataset(dataset, "coco", str(tmp_path / "out"))

    said = json.loads((tmp_path / "out" / "annotations.json").read_text("utf-8"))
    assert said["categories"][0]["keypoints"] == ["keypoint 1", "keypoint 2", "keypoint 3"]
    assert [item["num_keypoints"] for item in said["annotations"]] == [2, 2, 0]
    assert said["annotations"][2]["keypoints"] == [0] * 9, "evaluation wants all objects of the class to have them"


def test_points_of_yolo_without_visibilities(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())  # 64 x 48
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.5 0.25 0.5 0 0\n")
    (tmp_path / "data.yaml").write_text("train: .\nval: .\nnames: [cat]\nkpt_shape: [2, 2]\n")

    (image,) = _images(read_dataset(str(tmp_path), "yolo"))

    assert image.objects[0].keypoints == (Keypoint(16, 24), Keypoint(0, 0, 0))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_what_is_annotated_as_exif_shows_it_is_turned_to_the_stored_pixels(orientation: int, tmp_path: Path) -> None:
    shown = np.zeros((64, 48, 3), np.uint8)  # a block, of which a keypoint is the corner
    shown[10:20, 5:30] = 255
    places = (Keypoint(5, 10), Keypoint(30, 10, 1))
    undo = {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(shown).transpose(undo[orientation]).save(tmp_path / "a.jpg", exif=exif, quality=95)
    masks = (((5.0, 10.0, 30.0, 10.0, 30.0, 20.0, 5.0, 20.0),), run_lengths(shown[..., 0] > 0))
    objects = tuple(AnnotatedObject("cat", 5, 10, 30, 20, keypoints=places, mask=mask) for mask in masks)
    image = AnnotatedImage("x", "a.jpg", f"{tmp_path}/a.jpg", objects, 48, 64)

    write_dataset(Dataset([image], 1), "tfrecord", str(tmp_path / "records"))
    (again,) = _images(read_dataset(str(tmp_path / "records")))

    stored = np.asarray(Image.open(tmp_path / "a.jpg").convert("L")) > 127
    for item in again.objects:
        assert item.mask is not None
        np.testing.assert_array_equal(bitmap(item.mask, 48, 64), stored)
        xmin, ymin, xmax, ymax = item[1:5]
        for point in item.keypoints:
            assert point.x in (xmin, xmax) and point.y in (ymin, ymax)
        first, second = item.keypoints
        assert first.x == second.x, "the two upper corners lie on one side that is upright in the stored pixels"
        assert (second.visibility, first.visibility) == (1, 2)


VIDEO = """<annotations><version>1.1</version><meta><task>
<original_size><width>64</width><height>48</height></original_size><labels><label><name>cat</name><type>skeleton</type></label><label><name>nose</name><type>points</type>
<parent>cat</parent></label><label><name>tail</name><type>points</type><parent>cat</parent></label></labels>
</task></meta><track id="0" label="cat"><skeleton frame="3" keyframe="1" outside="0" occluded="0">
<points label="tail" outside="0" occluded="1" points="9.0,8.0"/><points label="nose" outside="1" points="1,1"/>
</skeleton></track></annotations>"""


def test_a_skeleton_of_cvats_has_the_points_of_its_label(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(VIDEO)
    read = read_dataset(str(tmp_path), "cvat", Reading())

    (image,) = _images(read)

    assert image.objects[0].keypoints == (Keypoint(0, 0, 0), Keypoint(9, 8, 1))
    assert read.class_ids == {"cat": 1}
    (tmp_path / "a.xml").write_text(VIDEO.replace('label="nose"', 'label="paw"'))
    (error,) = read_dataset(str(tmp_path), "cvat").images
    assert isinstance(error, DataError)
    assert "no point 'paw'" in error.what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"keypoints": [1, 2]}, "no list of x, y, visibility"),
        ({"keypoints": [1, 2, 3] * 3}, "visibility 3"),
        ({"keypoints": ["1", 2, 2]}, "no number"),
    ],
)
def test_keypoints_that_are_none_are_an_error_of_their_image(
    change: dict[str, object], what: str, tmp_path: Path
) -> None:
    write_dataset(_posed(tmp_path / "in"), "coco", str(tmp_path / "out"))
    path = tmp_path / "out" / "annotations.json"
    said = json.loads(path.read_text("utf-8"))
    said["annotations"][0].update(change)
    path.write_text(json.dumps(said))

    (error,) = read_dataset(str(tmp_path / "out")).images

    assert isinstance(error, DataError)
    assert what in error.what


def test_sides_of_names() -> None:
    names = ["nose", "left_eye", "right_eye", "LShoulder", "R_hip", "L_hip", "bright spot"]
    assert mirrored(names) == (0, 2, 1, 3, 5, 4, 6)
    assert [side_of(name) for name in names] == ["", "left", "right", "", "right", "left", ""]
