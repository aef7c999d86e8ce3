"""What the doctor, and the verification of records, finds in masks and keypoints."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.annotations.voc_files import picture
from tests.doctor.sound_features import sound_features
from tfod import names
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Keypoint, Skeleton
from tfod.annotations.masks import Mask, run_lengths
from tfod.annotations.source import open_sources
from tfod.doctor.examination import Checks, examine
from tfod.doctor.rules.boxes import Frame
from tfod.doctor.rules.shapes import ShapeRules, exchanged_pairs
from tfod.doctor.verify import Report, verify
from tfod.records.example import (
    encode_example,
    float_feature,
    int64_feature,
    text_feature,
)
from tfod.records.frames import write_frame

SHAPE_RULES = {
    "mask-empty", "mask-size", "mask-outside-box", "keypoints-count", "keypoint-outside", "keypoints-exchanged",
}  # fmt: skip
NAMES = ("nose", *(f"{side}_{part}" for part in ("shoulder", "hip", "knee", "ankle") for side in ("left", "right")))
EDGES = ((1, 2), (3, 4), *((place, place + 2) for place in range(1, 7)))
PERSON = Skeleton(NAMES, EDGES)
# Seen from the front: the left is on the right of the image.
BODY = [(50, 5), (60, 20), (40, 20), (58, 50), (42, 50), (57, 70), (43, 70), (56, 90), (44, 90)]


def _points(**moved: tuple[float, float]) -> tuple[Keypoint, ...]:
    return tuple(Keypoint(*moved.get(name, place)) for name, place in zip(NAMES, BODY, strict=True))


def _pixels(top: int, left: int, bottom: int, right: int, size: tuple[int, int] = (100, 100)) -> Mask:
    pixels = np.zeros(size, bool)
    pixels[top:bottom, left:right] = True
    return run_lengths(pixels)


def _found(*objects: AnnotatedObject, rules: ShapeRules | None = None) -> list[str]:
    image = AnnotatedImage("a.json", "a.jpg", None, objects, 100, 100)
    return [finding.rule for finding in (rules or ShapeRules({"person": PERSON})).check(image, Frame(100, 100))]


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (_pixels(10, 20, 30, 40), []),
        (_pixels(9, 18, 32, 42), []),  # two pixels are how tools round
        (_pixels(10, 20, 30, 46), ["mask-outside-box"]),
        (_pixels(0, 0, 0, 0), ["mask-empty"]),
        (((5.0, 5.0, 9.0, 5.0),), ["mask-empty"]),
        (((20.0, 10.0, 40.0, 10.0, 40.0, 30.0),), []),
        (((20.0, 2.0, 40.0, 10.0, 40.0, 30.0),), ["mask-outside-box"]),
        (_pixels(10, 20, 30, 40, (100, 90)), ["mask-size"]),
    ],
)
def test_masks(mask: Mask, expected: list[str]) -> None:
    assert _found(AnnotatedObject("cat", 20, 10, 40, 30, mask=mask)) == expected


def test_keypoints_are_as_many_as_those_of_the_class() -> None:
    assert _found(AnnotatedObject("person", 0, 0, 99, 99, keypoints=_points()[:5])) == ["keypoints-count"]
    cats = [AnnotatedObject("cat", 0, 0, 9, 9, keypoints=(Keypoint(1, 1),) * count) for count in (2, 2, 3)]
    assert _found(*cats) == ["keypoints-count"], "of a class without a skeleton the first object tells how many"


def test_labelled_keypoints_lie_in_the_image() -> None:
    item = AnnotatedObject("person", 0, 0, 99, 99, keypoints=_points(nose=(101, 5)))
    assert _found(item) == ["keypoint-outside"]
    unlabelled = (Keypoint(101, 5, 0), *item.keypoints[1:])
    assert _found(item._replace(keypoints=unlabelled)) == []


def test_left_and_right_exchanged_where_the_skeleton_tells() -> None:
    assert exchanged_pairs(_points(), PERSON) == []
    assert exchanged_pairs(_points(left_hip=(42, 50), right_hip=(58, 50)), PERSON) == ["left_hip"]
    assert exchanged_pairs(_points(left_knee=(43, 70), right_knee=(57, 70)), PERSON) == ["left_knee"]
    crossed = _points(left_ankle=(44, 90), right_ankle=(56, 90))
    assert exchanged_pairs(crossed, PERSON) == [], "legs may cross"
    mirrored = [Keypoint(100 - x, y) for x, y, _ in _points()]
    assert exchanged_pairs(mirrored, PERSON) == [], "who is seen from behind is not told from who is exchanged"
    wrong = AnnotatedObject("person", 0, 0, 99, 99, keypoints=_points(left_hip=(42, 50), right_hip=(58, 50)))
    assert _found(wrong) == ["keypoints-exchanged"]


def test_the_doctor_looks_at_masks_and_keypoints_of_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(64, 48))
    flat = [number for point in _points()[:3] for number in (*point[:2], 2)]
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat", "keypoints": ["nose", "tail"]}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 30], "iscrowd": 0,
             "segmentation": [[1, 2, 60, 2, 60, 40]], "keypoints": flat},
        ],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(content))

    report = examine(open_sources([str(tmp_path)]), Checks())

    assert {"mask-outside-box", "keypoints-count"} <= {finding.rule for finding in report.findings}


def _features(**changes: bytes | None) -> dict[str, bytes]:
    """Two objects with three keypoints each; `changes` are by the last part of a keypoint's feature."""
    features = {
        **sound_features(),
        names.OBJECT_KEYPOINT_X: float_feature([0.1, 0.2, 0.3, 0.5, 1.0, 0.0]),
        names.OBJECT_KEYPOINT_Y: float_feature([0.1, 0.2, 0.3, 0.5, 0.5, 0.0]),
        names.OBJECT_KEYPOINT_VISIBILITY: int64_feature([2, 1, 2, 2, 2, 0]),
        names.OBJECT_KEYPOINT_NUM: int64_feature([3, 2]),
        names.OBJECT_KEYPOINT_TEXT: text_feature(["a", "b", "c"] * 2),
        **{f"image/object/{key}": value for key, value in changes.items() if key == "mask" and value is not None},
    }
    points = {f"image/object/keypoint/{key}": value for key, value in changes.items() if key != "mask"}
    return {key: value for key, value in (features | points).items() if value is not None}


def _verified(path: Path, *examples: dict[str, bytes]) -> Report:
    with path.open("wb") as file:
        for number, features in enumerate(examples):
            write_frame(file, encode_example({**features, names.IMAGE_SOURCE_ID: text_feature([f"{number}"])}))
    return verify([str(path)])


@pytest.mark.parametrize(
    ("changes", "key", "what"),
    [
        ({"x": float_feature([0.1] * 5)}, "x", "there are 5 x and 6 y for 2 boxes"),
        ({"visibility": int64_feature([2] * 5)}, "visibility", "it has 5 values, and should have 6"),
        ({"num": int64_feature([3])}, "num", "it has 1 values, and should have 2"),
        ({"num": int64_feature([3, 3])}, "num", "object 2: it says 3 labelled keypoints, there are 2"),
        ({"visibility": int64_feature([2, 1, 5, 2, 2, 0])}, "visibility", "object 1, keypoint 3: 5, which is 0, 1 or"),
        ({"x": float_feature([0.1, 0.2, 1.3, 0.5, 1.0, 7.0])}, "x", "object 1, keypoint 3: 1.3 0.3 (x y) is not in"),
    ],
)
def test_keypoints_of_records(changes: dict[str, bytes], key: str, what: str, tmp_path: Path) -> None:
    report = _verified(tmp_path / "a.record", _features(), _features(**changes))

    found = [one for one in report.findings if one.rule == "keypoint"]
    assert any(what in one.what for one in found)
    assert {(one.record, one.feature) for one in found} >= {(1, f"image/object/keypoint/{key}")}
    assert {one.record for one in report.findings} == {1}


def test_sound_keypoints_and_masks_are_counted(tmp_path: Path) -> None:
    numbers = float_feature([1.0] * (2 * 48 * 64))
    empty = _features(visibility=int64_feature([0] * 6), num=int64_feature([0, 0]), mask=numbers)
    report = _verified(tmp_path / "a.record", _features(), empty)

    assert report.findings == []
    assert (report.masks, report.keypoints) == (2, 2)
    assert "2  masks\n" in report.text()
    assert "2  objects with keypoints\n" in report.text()
    (found,) = _verified(tmp_path / "b.record", _features(mask=float_feature([1.0] * 99))).findings
    assert found.what == "there are 99 numbers for 2 masks of 64 x 48 pixels"


def test_records_whose_objects_have_another_number_of_keypoints(tmp_path: Path) -> None:
    other = {"x": float_feature([0.5, 0.5]), "y": float_feature([0.5, 0.5]), "visibility": None, "num": None,
             "text": None}  # fmt: skip
    (found,) = _verified(tmp_path / "a.record", _features(), _features(**other)).findings
    assert (found.record, found.what) == (1, "each object has 1 keypoints, in earlier records 3")
