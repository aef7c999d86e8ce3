"""Pipelines of Albumentations beside the augmentation in the graph."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.segmentation.array_pairs import ArrayPairs, coordinate_pair
from tfod.errors import ConfigError
from tfod.segmentation.albumentations_steps import read_albumentations
from tfod.segmentation.classes import VOID
from tfod.segmentation.dataset import training_dataset

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
albumentations = pytest.importorskip("albumentations", reason="needs the extra [albumentations]")


def _saved(path: Path, *steps: Any) -> str:
    albumentations.save(albumentations.Compose(list(steps)), str(path), data_format="yaml")
    return str(path)


def test_picture_and_mask_move_alike_and_what_is_outside_is_void(tmp_path: Path) -> None:
    turn = albumentations.Rotate(limit=(20, 40), p=1, border_mode=0, fill_mask=3)
    steps = read_albumentations(_saved(tmp_path / "a.yaml", turn, albumentations.HorizontalFlip(p=0.5)))
    source = ArrayPairs([coordinate_pair()])
    given = {"crop_size": (96, 96), "batch_size": 8, "augmentation": steps, "seed": 1, "deterministic": True}
    pictures, masks = next(training_dataset(source, **given).as_numpy_iterator())

    places = pictures[..., :2] * 255
    clear = (np.abs((places + 12) % 24 - 12) > 1).all(axis=-1) & (masks != VOID)
    # Beside the void, the picture is mixed with black.
    assert (masks == places[..., 0] // 24 * 4 + places[..., 1] // 24)[clear].mean() > 0.98
    assert 0.05 < (masks == VOID).mean() < 0.2
    again, _ = next(training_dataset(source, **given).as_numpy_iterator())
    np.testing.assert_array_equal(again, pictures)


def test_void_stays_void(tmp_path: Path) -> None:
    steps = read_albumentations(_saved(tmp_path / "a.yaml", albumentations.VerticalFlip(p=1)))
    mask = np.array([[0, 1], [254, VOID]], np.uint8)
    _, flipped = steps(np.zeros((2, 2, 3), np.uint8), mask, 0)
    np.testing.assert_array_equal(flipped, mask[::-1])


def test_pipelines_that_cannot_be_used(tmp_path: Path) -> None:
    smaller = read_albumentations(_saved(tmp_path / "a.yaml", albumentations.Resize(4, 4)))
    with pytest.raises(ConfigError, match="of uint8"):
        training_dataset(ArrayPairs([coordinate_pair()]), crop_size=(8, 8), batch_size=1, augmentation=smaller)
    bad = tmp_path / "bad.yaml"
    for text, what in (("- 1", "cannot be read"), ("transform: {__class_fullname__: Nothing}", "cannot be read")):
        bad.write_text(text)
        with pytest.raises(ConfigError, match=what):
            read_albumentations(str(bad))
    with pytest.raises(ConfigError, match="no such file"):
        read_albumentations(str(tmp_path / "gone.yaml"))
