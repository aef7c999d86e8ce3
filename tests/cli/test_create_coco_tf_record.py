"""create_coco_tf_record: the original's flags, files and features."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.annotations.voc_files import picture
from tfod import names
from tfod.cli.create_coco_tf_record import main
from tfod.config.label_map import read_label_map
from tfod.records.example import decode_example
from tfod.records.frames import read_frames

SEEN = [n % 3 for n in range(17)]
KEYPOINTS = [number for n, seen in enumerate(SEEN) for number in ((2 * n, n, seen) if seen else (0, 0, 0))]


def draw_coco(folder: Path) -> list[str]:
    """Three images of 64 x 48, objects with all kinds of masks, keypoints of a person; returns the flags."""
    for part in ("train", "val", "test"):
        (folder / part).mkdir(parents=True)
    images = [{"id": 100 + n, "file_name": f"{n:012d}.jpg", "width": 64, "height": 48} for n in range(3)]
    for image in images:
        (folder / "train" / image["file_name"]).write_bytes(picture(64, 48))
    outline, other = [10.5, 12, 30, 12.25, 30, 36, 10.5, 36], [40, 4, 60, 4, 50.5, 20]
    crowd = {"size": [48, 64], "counts": [100, 20, 28, 20, 2904]}
    objects = [
        {"id": 7, "image_id": 102, "category_id": 18, "bbox": [40, 4, 20, 16], "area": 155.5, "segmentation": [other]},
        {"id": 8, "image_id": 100, "category_id": 1, "bbox": [10.5, 12, 49.5, 24], "area": 500.25,
         "segmentation": [outline, other]},
        {"id": 9, "image_id": 100, "category_id": 1, "bbox": [2, 4, 2, 20], "area": 40, "iscrowd": 1,
         "segmentation": crowd},
        {"id": 10, "image_id": 100, "category_id": 18, "bbox": [3, 4, 0, 5], "area": 1, "segmentation": [other]},
    ]  # fmt: skip
    objects = [{"iscrowd": 0, **item} for item in objects]
    categories = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
    files = {
        "instances": {"images": images, "annotations": objects, "categories": categories},
        "keypoints": {
            "annotations": [{"id": 8, "image_id": 100, "category_id": 1, "keypoints": KEYPOINTS, "num_keypoints": 11}]
        },
        "test": {"images": [], "categories": categories},
        "val": {"images": [], "annotations": [], "categories": categories},
    }
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return [
        f"--train_image_dir={folder}/train", f"--train_annotations_file={folder}/instances.json",
        f"--train_keypoint_annotations_file={folder}/keypoints.json", "--include_masks=true",
        f"--output_dir={folder}/out",
    ]  # fmt: skip


def _records(folder: Path) -> list[dict]:
    paths = sorted((folder / "out").glob("coco_train.record-*-of-00100"))
    assert len(paths) == 100
    return [decode_example(frame) for path in paths for frame in read_frames(path)]


def test_features_are_the_originals(tmp_path: Path) -> None:
    assert main(draw_coco(tmp_path)) == 0

    first, second, third = _records(tmp_path)
    # What follows was compared feature by feature, masks pixel by pixel, with what the original's command writes.
    assert [record[names.IMAGE_SOURCE_ID] for record in (first, second, third)] == [[b"100"], [b"101"], [b"102"]]
    assert first[names.OBJECT_CLASS_TEXT] == [b"person", b"person"], "a box without area is left out"
    assert first[names.OBJECT_CLASS_LABEL] == [1, 1]
    assert first[names.OBJECT_IS_CROWD] == [0, 1]
    assert first[names.OBJECT_AREA] == [500.25, 40]
    np.testing.assert_allclose(first[names.OBJECT_XMIN], [10.5 / 64, 2 / 64])
    np.testing.assert_allclose(first[names.OBJECT_KEYPOINT_X], [x / 64 for x in KEYPOINTS[0::3]] + [0] * 17)
    np.testing.assert_allclose(first[names.OBJECT_KEYPOINT_Y], np.float32([y / 48 for y in KEYPOINTS[1::3]] + [0] * 17))
    assert first[names.OBJECT_KEYPOINT_VISIBILITY] == SEEN + [0] * 17
    assert first[names.OBJECT_KEYPOINT_NUM] == [11, 0]
    assert first[names.OBJECT_KEYPOINT_TEXT][:2] == [b"nose", b"left_eye"]
    assert len(first[names.OBJECT_KEYPOINT_TEXT]) == 34
    assert [np.asarray(Image.open(io.BytesIO(mask))).sum() for mask in first[names.OBJECT_MASK]] == [615, 40]
    assert not second.get(names.OBJECT_CLASS_TEXT)
    assert third[names.OBJECT_KEYPOINT_NUM] == [0], "a class without keypoints has as many as the others, of zeros"
    label_map = read_label_map(tmp_path / "out" / "coco_label_map.pbtxt")
    assert label_map.names == {1: "person", 18: "dog"}
    assert label_map.num_keypoints == 17


def test_only_persons(tmp_path: Path) -> None:
    flags = [flag for flag in draw_coco(tmp_path) if "masks" not in flag]
    assert main([*flags, "--remove_non_person_images", "--remove_non_person_annotations"]) == 0

    (record,) = _records(tmp_path)
    assert record[names.OBJECT_CLASS_TEXT] == [b"person", b"person"]
    assert names.OBJECT_MASK not in record


def test_parts_and_flags_that_are_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = draw_coco(tmp_path)
    assert main([flags[-1]]) == 2
    assert main(flags[1:]) == 2
    assert main([*flags, "--train_densepose_annotations_file=a.json"]) == 2
    told = capsys.readouterr().err
    assert "no annotations are named" in told
    assert "add --train_image_dir" in told
    assert "DensePose is not available" in told
