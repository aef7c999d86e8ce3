"""Predictions of files: what is written of images and of videos."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.inference.drawn_videos import number_in, numbered, read_frames, write_video
from tfod.errors import OutputError
from tfod.inference.pixel_predictor import PixelPredictor
from tfod.inference.sources import find_sources
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.predict import KINDS, PredictionResult, predict

TABLE = ClassTable(("dark", "bright"), ((0, 0, 0), (255, 0, 0)))


def bright(images: np.ndarray) -> np.ndarray:
    """Sure that a pixel is bright where it is."""
    return np.stack([1 - images[..., 0], images[..., 0]], axis=-1)


def run(folder: Path, output: Path, *inputs: str) -> PredictionResult:
    images, videos = find_sources([str(folder / name) for name in inputs])
    return predict(PixelPredictor(bright, 16, 0), images, videos, output, TABLE, KINDS)


def test_images_and_videos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 20:50] = 200
    (tmp_path / "deep").mkdir()
    for name in ("a.png", "a.bmp", "deep/b.png"):
        Image.fromarray(image).save(tmp_path / name)
    (tmp_path / "bad.png").write_bytes(b"no image")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    write_video(tmp_path / "drive.avi", [numbered(number) for number in range(20)], rate=12.5)
    inputs = ("a.png", "a.bmp", "deep/b.png", "bad.png", "bad.mp4", "drive.avi")
    output = tmp_path / "out"
    result = run(tmp_path, output, *inputs)
    assert (result.images, result.frames, result.done) == (3, 20, "3 images and 20 frames")
    assert [Path(error.where).name for error in result.unreadable] == ["bad.png", "bad.mp4"]

    written = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    names = ("a.png", "a.bmp", "deep/b")
    kinds = (("classes", "png"), ("overlays", "jpg"), ("labelme", "json"))
    assert written == {
        *(f"{kind}/{name}.{ending}" for name in names for kind, ending in kinds), "coco.json", "overlays/drive.mp4",
    }  # fmt: skip
    assert np.array_equal(np.asarray(Image.open(output / "classes/deep/b.png")), (image[..., 0] > 0).astype(np.uint8))
    assert json.loads((output / "labelme/deep/b.json").read_text())["imagePath"] == "../../../deep/b.png"
    coco = json.loads((output / "coco.json").read_text())
    assert [entry["area"] for entry in coco["annotations"]] == [600, 600, 600]
    rate, frames = read_frames(output / "overlays/drive.mp4")
    assert rate == 12.5 and len(frames) == 20
    assert [number_in(frame[..., :1]) for frame in frames] == list(range(20)), "bright is tinted red, dark is as it was"


def test_nothing_that_is_read_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "overlays").mkdir()
    write_video(tmp_path / "overlays/drive.mp4", [numbered(1)])
    with pytest.raises(OutputError, match="replace"):
        run(tmp_path, tmp_path, "overlays/drive.mp4")
