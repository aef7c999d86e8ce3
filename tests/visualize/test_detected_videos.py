"""Results of videos: drawn, and as files that other programs read."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pycocotools.coco import COCO

from tests.inference.drawn_videos import frames_of, number_in, numbered, read_frames, write_video
from tfod.errors import DataError, OutputError
from tfod.inference.detections import Detections
from tfod.inference.sources import VideoSource
from tfod.visualize.detected import FILES, Choice, DrawingResult, visualize

NAMES = {1: "car", 2: "road / sign"}


def detect(image: NDArray[np.uint8]) -> Detections:
    """Finds two objects in the lower half, the first the further to the right the higher the number that is shown."""
    left = number_in(image) % 75 / 100
    boxes = np.array([[0.5, left, 1.0, left + 0.25], [0.75, 0.5, 1.0, 1.0]], np.float32)
    return Detections(boxes, np.array([0.9, 0.8], np.float32), np.array([1, 2]), *image.shape[:2])


def run(
    video: Path, output: Path, *kinds: str, find: Callable[[NDArray[np.uint8]], Detections] = detect
) -> DrawingResult:
    return visualize(find, [], [VideoSource.of_file(video)], output, Choice(kinds, class_names=NAMES))


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    return write_video(tmp_path / "drive.avi", [numbered(number) for number in range(30)], rate=12.5)


def test_all_frames_come_out_in_order_with_numbers_and_times(drive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    result = run(drive, output, *FILES)
    assert result.frames == 30 and result.objects == {"car": 30, "road / sign": 30}
    rate, frames = read_frames(output / "drive.avi.mp4")
    assert rate == 12.5 and [number_in(frame) for frame in frames] == list(range(30))
    assert np.ptp(frames[9][-100:]) > 100, "boxes are drawn on the grey half"
    assert number_in(np.asarray(Image.open(output / "frames/drive.avi/000010.jpg"))) == 9

    entries = json.loads((output / "detections.json").read_text())["pictures"]
    assert [(entry["frame_number"], entry["seconds"]) for entry in entries] == [(n + 1, n / 12.5) for n in range(30)]
    assert entries[9]["drawn"] == "drive.avi.mp4" and entries[9]["file"] == str(drive)
    assert entries[9]["detections"][0]["box_pixels"] == {"ymin": 32.0, "xmin": 8.64, "ymax": 64.0, "xmax": 32.64}

    rows = list(csv.DictReader((output / "detections.csv").read_text().splitlines()))
    assert len(rows) == 60
    car = {"filename": "drive.avi/000010.jpg", "width": "96", "height": "64", "class": "car", "xmin": "8.64"}
    assert rows[18].items() >= {**car, "score": "0.9", "frame_number": "10", "seconds": "0.72", "track": ""}.items()

    root = ElementTree.parse(output / "voc/drive.avi/000010.xml").getroot()
    assert root.findtext("filename") == "000010.jpg" and root.findtext("object[2]/name") == "road / sign"
    assert root.findtext("object/bndbox/xmin") == "8.64"

    with Image.open(output / "crops/road _ sign/drive.avi/000010_1.jpg") as crop:
        assert crop.size == (48, 16)
    assert len(list((output / "crops").rglob("*.jpg"))) == 60


@pytest.mark.slow
def test_thirty_seconds_of_720p_keep_every_frame_its_order_and_its_time(tmp_path: Path) -> None:
    frames = (numbered(number, 720, 1280) for number in range(750))
    video = write_video(tmp_path / "long.mp4", frames, rate=25.0)
    run(video, tmp_path / "out", "drawn", "json")
    assert cv2.VideoCapture(str(tmp_path / "out/long.mp4")).get(cv2.CAP_PROP_FPS) == 25.0
    assert [number_in(frame) for frame in frames_of(tmp_path / "out/long.mp4")] == list(range(750))
    entries = json.loads((tmp_path / "out/detections.json").read_text())["pictures"]
    assert [entry["seconds"] for entry in entries] == pytest.approx([number / 25 for number in range(750)], abs=1e-3)


def test_coco_json_is_a_data_set_that_other_programs_read(
    drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(drive, tmp_path / "out", "coco")
    coco = COCO(str(tmp_path / "out/coco.json"))
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["car", "road / sign"]
    (image,) = coco.loadImgs(10)
    assert image["file_name"] == "drive.avi/000010.jpg" and (image["frame_number"], image["seconds"]) == (10, 0.72)
    first, _ = coco.loadAnns(coco.getAnnIds(imgIds=10))
    assert (first["bbox"], first["score"], first["area"]) == ([8.64, 32.0, 24.0, 32.0], 0.9, 768.0)


def test_objects_are_followed(drive: Path, tmp_path: Path) -> None:
    pytest.importorskip("supervision", reason="needs the extra [track]")
    choice = Choice(("json", "csv", "coco"), class_names=NAMES, tracks=True)
    result = visualize(detect, [], [VideoSource.of_file(drive)], tmp_path / "out", choice)
    assert result.tracks == {"car": 1, "road / sign": 1}
    entries = json.loads((tmp_path / "out/detections.json").read_text())["pictures"]
    assert {tuple(box["track"] for box in entry["detections"]) for entry in entries} == {(1, 2)}
    rows = list(csv.DictReader((tmp_path / "out/detections.csv").read_text().splitlines()))
    assert {(row["class"], row["track"]) for row in rows} == {("car", "1"), ("road / sign", "2")}
    annotations = json.loads((tmp_path / "out/coco.json").read_text())["annotations"]
    assert {annotation["track_id"] for annotation in annotations} == {1, 2}


def test_ctrl_c_leaves_what_was_done_whole(drive: Path, tmp_path: Path) -> None:
    def interrupted(image: NDArray[np.uint8]) -> Detections:
        if number_in(image) == 7:
            raise KeyboardInterrupt
        return detect(image)

    result = run(drive, tmp_path / "out", "drawn", "json", find=interrupted)
    assert result.is_interrupted and result.problems == []
    assert [number_in(frame) for frame in read_frames(tmp_path / "out/drive.avi.mp4")[1]] == list(range(7))
    assert len(json.loads((tmp_path / "out/detections.json").read_text())["pictures"]) == 7


def test_an_error_leaves_nothing_half_written(drive: Path, tmp_path: Path) -> None:
    def failing(image: NDArray[np.uint8]) -> Detections:
        if number_in(image) == 7:
            raise MemoryError
        return detect(image)

    with pytest.raises(MemoryError):
        run(drive, tmp_path / "out", "drawn", "json", "csv", "coco", find=failing)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_video_is_passed_over_beside_others_and_an_error_alone(
    drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    sources = [VideoSource.of_file(path) for path in (bad, drive)]
    result = visualize(detect, [], sources, tmp_path / "out", Choice())
    assert result.frames == 30 and [error.where for error in result.unreadable] == [str(bad)]
    assert f"passed over: {bad}" in capsys.readouterr().err
    unreadable = json.loads((tmp_path / "out/detections.json").read_text())["unreadable"]
    assert [entry["file"] for entry in unreadable] == [str(bad)]
    with pytest.raises(DataError, match="damaged"):
        run(bad, tmp_path / "nothing", "drawn", "json")
    assert not (tmp_path / "nothing").exists()


def test_a_video_is_never_replaced_by_its_drawing(tmp_path: Path) -> None:
    path = write_video(tmp_path / "drive.mp4", [numbered(1)])
    before = path.read_bytes()
    with pytest.raises(OutputError, match="replace"):
        run(path, tmp_path, "drawn")
    assert path.read_bytes() == before
