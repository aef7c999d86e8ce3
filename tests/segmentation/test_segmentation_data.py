"""The data of a run: found in folders, divided, and found again by what was saved."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.segmentation.tiny import write_discs
from tfod.errors import DataError
from tfod.segmentation.data import open_folders, reopen, split


def test_a_saved_part_is_found_again_with_the_same_pixels(tmp_path: Path) -> None:
    images, masks = write_discs(tmp_path, 8)
    whole = open_folders(str(images), str(masks))
    _, held_out = split(whole, 0.25)
    again = reopen(json.loads(json.dumps(held_out.saved)))

    assert list(again.source.names) == list(held_out.source.names) and len(again.source) == 2
    assert again.encoding == whole.encoding
    for number in range(2):
        for ours, theirs in zip(again.source.read(number), held_out.source.read(number), strict=True):
            assert (ours == theirs).all()
    assert (again.class_pixels == held_out.class_pixels).all()


def test_both_parts_have_the_rare_class(tmp_path: Path) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for number in range(40):
        mask = np.zeros((8, 8), np.uint8)
        mask[0] = 1
        mask[1, : 4 if number < 8 else 0] = 2  # a fifth of the pictures have class 2
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(images / f"{number}.png")
        Image.fromarray(mask).save(masks / f"{number}.png")
    training, held_out = split(open_folders(str(images), str(masks)), 0.25, seed=3)

    assert (len(training.source), len(held_out.source)) == (30, 10)
    assert (held_out.class_pixels[:, 2] > 0).sum() == 2
    assert set(training.source.names).isdisjoint(held_out.source.names)


def test_one_pair_cannot_be_divided(tmp_path: Path) -> None:
    images, masks = write_discs(tmp_path, 1)
    with pytest.raises(DataError, match="1 pairs cannot be divided into 2 parts"):
        split(open_folders(str(images), str(masks)), 0.2)
