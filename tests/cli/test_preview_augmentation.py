"""preview_augmentation: what augmentation makes of an image, repeated by its seed, as an image and as a page."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfod.annotations.sample_data import write_sample_data
from tfod.annotations.voc import read_voc_files
from tfod.cli.preview_augmentation import main
from tfod.config.label_map import label_map_from_names, write_label_map
from tfod.records.write import write_records
from tfod.visualize.augmented import AugmentationDraw, Labelled, Legend, write_augmentation_sheet
from tfod.visualize.colours import class_colour

CONFIG = Path(__file__).resolve().parents[2] / "workspace" / "configs" / "demo.config"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command whose config has records of two scenes, in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_sample_data(tmp_path / "photos", 2, seed=0)
    label_map = label_map_from_names(["ball", "cube", "ring", "star"])
    Path("annotations/demo").mkdir(parents=True)
    write_label_map(label_map, "annotations/demo/label_map.pbtxt")
    files = sorted(map(str, (tmp_path / "photos").glob("*.xml")))
    write_records(read_voc_files(files), Path("annotations/demo/train.record"), label_map, 1)
    return ["--pipeline_config_path", str(CONFIG)]


def test_a_seed_repeats_its_draw(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--seed", "5", "--draws", "2"]) == 0
    told = capsys.readouterr().out
    assert "scene_0000.jpg" in told and "--seed 5 --draws 2 shows the same again" in told
    assert main([*command, "--seed", "6", "--draws", "1", "--name", "scene_0000", "-o", "again.png"]) == 0
    both, one = (np.asarray(Image.open(name)) for name in ("augmentation.png", "again.png"))
    # In each row lie pairs: as recorded, seed 5, seed 6; the sheet has two cells a pair.
    pair = one.shape[1] // 2
    np.testing.assert_array_equal(one[:, pair + 4 :], both[:, -one.shape[1] + pair + 4 :])
    assert not np.array_equal(both[:, pair + 4 : 2 * pair - 4], both[:, 2 * pair + 4 : 3 * pair - 4])


def test_a_page_has_the_steps_and_what_cannot_be_is_said(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--record", "1", "--draws", "1", "-o", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert page.count("<img") == 2 and "random_horizontal_flip" in page and "scene_0001.jpg" in page
    assert main([*command, "--record", "2"]) == 2
    assert "there are 2, counted from 0" in capsys.readouterr().err


def test_a_pipeline_of_albumentations_instead_of_the_steps(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    albumentations = pytest.importorskip("albumentations", reason="needs the extra [albumentations]")
    for name, step in (("turn.yaml", albumentations.Rotate(p=1)), ("crop.json", albumentations.RandomCrop(400, 400))):
        pipeline = albumentations.Compose([step])
        albumentations.save(pipeline, name, data_format="json" if name.endswith("json") else "yaml")
    assert main([*command, "--albumentations", "turn.yaml", "--draws", "1", "-o", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert "turn.yaml" in page and "random_horizontal_flip" not in page
    assert main([*command, "--albumentations", "crop.json"]) == 2
    told = capsys.readouterr().err
    assert "the pipeline fails: Crop size" in told and "where: crop.json" in told and "PadIfNeeded" in told


def test_objects_are_drawn_on_both_and_not_on_the_padding(tmp_path: Path) -> None:
    grey = np.full((90, 180, 3), 90, np.uint8)
    mask = np.zeros((1, 90, 180), np.uint8)
    mask[0, 20:70, 40:120] = 1
    points = np.array([[[0.5, 0.5], [np.nan, np.nan]]], np.float32)
    labelled = Labelled(grey, np.array([[0.0, 0.0, 1.0, 1.0]], np.float32), np.array([2]), mask, points)
    seen = np.full((180, 180, 3), 90, np.uint8)
    draw = AugmentationDraw(3, labelled, seen, (90, 180))
    write_augmentation_sheet(str(tmp_path / "sheet.png"), [draw], Legend({2: "cat"}), "", "")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    left, right = np.split(sheet[:, : sheet.shape[1] // 2 * 2], 2, axis=1)
    for half in (left, right):
        assert (half == class_colour(2)).all(axis=-1).sum() > 100
        assert (half == class_colour(1)).all(axis=-1).any()  # the first keypoint
    lower = right[sheet.shape[0] * 3 // 4 : -20, 20:-20]
    np.testing.assert_array_equal(lower, np.full_like(lower, 90))
