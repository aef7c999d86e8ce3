"""What lessons are shown on: images with their objects, drawn and read; and what a detector found."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.annotations.voc_files import item, write_photo
from tfod.annotations.sample_data import write_sample_data
from tfod.annotations.source import open_sources
from tfod.errors import DataError
from tfod.lessons.detected_set import read_detected_set
from tfod.lessons.found import read_found
from tfod.lessons.subject import draw_subject, read_subject


def test_a_drawn_scene_has_masks_that_fill_its_boxes() -> None:
    for seed in range(3):
        subject = draw_subject(seed)
        assert len(subject.masks) == len(subject.boxes) == len(subject.classes) >= 3
        assert subject.masks.shape[1:] == subject.image.shape[:2]
        for mask, (ymin, xmin, ymax, xmax) in zip(subject.masks, subject.boxes, strict=True):
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            edges = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
            np.testing.assert_allclose(edges, (ymin, xmin, ymax, xmax), atol=3)


def test_an_image_is_found_in_its_annotations(tmp_path: Path) -> None:
    write_sample_data(tmp_path / "photos", 3, seed=0)
    sources = open_sources([str(tmp_path / "photos")])
    path = tmp_path / "photos" / "scene_0001.jpg"
    subject = read_subject(str(path), sources)
    assert subject.name == "scene_0001.jpg" and len(subject.boxes) == len(subject.classes) > 0
    assert read_subject(None, sources).name == "scene_0000.jpg"
    assert len(read_subject(str(path), None).boxes) == 0


def test_boxes_that_are_none_are_left_out_and_inverted_ones_turned(tmp_path: Path) -> None:
    write_photo(tmp_path / "p", "a", item(box=(5, 5, 5, 9)), item(box=(30, 20, 10, 5)))
    subject = read_subject(None, open_sources([str(tmp_path / "p")]))
    assert subject.boxes.tolist() == [[5, 10, 20, 30]]


def test_an_image_without_annotation_is_an_error(tmp_path: Path) -> None:
    write_photo(tmp_path / "p", "a", item())
    write_photo(tmp_path / "q", "b", item())
    sources = open_sources([str(tmp_path / "p")])
    for path in (tmp_path / "q" / "b.jpg", tmp_path / "p" / "nowhere.jpg"):
        with pytest.raises(DataError):
            read_subject(str(path), sources)


def detections(path: Path, image: Path) -> Path:
    box = {"ymin": 1.0, "xmin": 2.0, "ymax": 30.0, "xmax": 40.0}
    found = {"class_id": 1, "name": "cat", "score": 0.75, "box_pixels": box}
    content = {"min_score": 0.5, "pictures": [{"file": str(image), "detections": [found]}], "unreadable": []}
    path.write_text(json.dumps(content))
    return path


def test_detections_are_found_by_path_and_by_name(tmp_path: Path) -> None:
    write_photo(tmp_path / "p", "a", item())
    found = read_found(str(detections(tmp_path / "detections.json", tmp_path / "elsewhere" / "a.jpg")))
    (one,) = found.of(str(tmp_path / "p" / "a.jpg")) or ()
    assert (one.class_name, one.score, one.box.tolist()) == ("cat", 0.75, [1, 2, 30, 40])
    assert found.of("b.jpg") is None

    data = read_detected_set(open_sources([str(tmp_path / "p")]), found)
    (image,) = data.objects
    assert data.truths_of("cat")[image].shape == (1, 4) and len(data.found_of("cat")[image]) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"pictures": 3}', '{"pictures": [{"file": "a.jpg"}]}', "{}"])
def test_what_is_no_detections_json_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "detections.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"no detections\.json"):
        read_found(str(path))
    with pytest.raises(DataError, match="cannot read"):
        read_found(str(tmp_path / "nowhere.json"))


def test_detections_of_other_images_are_an_error(tmp_path: Path) -> None:
    write_photo(tmp_path / "p", "a", item())
    found = read_found(str(detections(tmp_path / "detections.json", tmp_path / "b.jpg")))
    with pytest.raises(DataError, match="none of the annotated"):
        read_detected_set(open_sources([str(tmp_path / "p")]), found)
