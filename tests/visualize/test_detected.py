import json

import numpy as np
import pytest
from PIL import Image

from tests.inference.models import export
from tfod.errors import DataError, OutputError
from tfod.inference.detector import Detector
from tfod.visualize.detected import FILES, Choice, visualize

NAMES = {1: "bright half"}
DETECTIONS_FILE = FILES["json"]


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return Detector(export(tmp_path_factory.mktemp("model")))


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.jpg", "b.png", "c.bmp", "deep/a.jpg"):
        Image.fromarray(np.full((60, 400, 3), 204, np.uint8)).save(folder / name)
    return folder


def draw(detector, paths, output_dir, **options):
    return visualize(detector.detect, paths, [], output_dir, Choice(class_names=NAMES, **options))


def test_pictures_and_one_json_come_out(detector, photos, tmp_path, capsys):
    paths = [photos / name for name in ("a.jpg", "b.png", "c.bmp", "deep/a.jpg")]
    summary = draw(detector, paths, tmp_path / "out")
    assert summary.objects == {"bright half": 4}
    assert len(summary.seconds) == 4
    drawn = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert drawn == ["a.jpg", "b.png", "c.bmp.png", "deep/a.jpg", DETECTIONS_FILE]
    with Image.open(tmp_path / "out" / "b.png") as picture:
        assert picture.size == (400, 60)
    written = json.loads((tmp_path / "out" / DETECTIONS_FILE).read_text())
    entry = written["pictures"][3]
    assert entry["file"] == str(photos / "deep" / "a.jpg")
    assert entry["drawn"] == "deep/a.jpg"
    assert (entry["width"], entry["height"]) == (400, 60)
    (box,) = entry["detections"]
    assert box["name"] == "bright half"
    assert box["score"] == pytest.approx(0.8, abs=1e-3)
    assert box["box_pixels"] == {"ymin": 0.0, "xmin": 0.0, "ymax": 30.0, "xmax": 200.0}
    assert "detecting: 4/4 images" in capsys.readouterr().err


def test_what_scores_less_is_left_out(detector, photos, tmp_path):
    summary = draw(detector, [photos / "b.png"], tmp_path / "out", min_score=0.9)
    assert not summary.objects
    assert json.loads((tmp_path / "out" / DETECTIONS_FILE).read_text())["pictures"][0]["detections"] == []


def test_unreadable_pictures_are_named_counted_and_passed_over(detector, photos, tmp_path, capsys):
    (photos / "bad.jpg").write_bytes(b"bad")
    summary = draw(detector, [photos / "bad.jpg", photos / "b.png"], tmp_path / "out")
    assert [error.where for error in summary.unreadable] == [str(photos / "bad.jpg")]
    assert "bad.jpg" in capsys.readouterr().err
    written = json.loads((tmp_path / "out" / DETECTIONS_FILE).read_text())
    assert [entry["file"] for entry in written["unreadable"]] == [str(photos / "bad.jpg")]
    assert len(written["pictures"]) == 1


def test_nothing_readable_is_an_error_and_writes_nothing(detector, photos, tmp_path):
    (photos / "bad.jpg").write_bytes(b"bad")
    with pytest.raises(DataError):
        draw(detector, [photos / "bad.jpg"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_users_own_pictures_are_never_replaced(detector, photos):
    before = (photos / "b.png").read_bytes()
    with pytest.raises(OutputError, match="replace"):
        draw(detector, [photos / "b.png"], photos)
    assert (photos / "b.png").read_bytes() == before
