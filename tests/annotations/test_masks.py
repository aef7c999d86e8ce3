"""Masks: run lengths and their text, extents and pixels; pycocotools is the judge."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tfod.annotations.masks import RunLengths, bitmap, counts_from_text, counts_to_text, extent, run_lengths


def test_run_lengths_their_text_and_extent_are_those_of_pycocotools() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        height, width = (int(side) for side in random.integers(1, 40, 2))
        pixels = random.random((height, width)) < random.random()
        mask = run_lengths(pixels)
        judge = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
        text = counts_to_text(mask.counts)
        assert text == judge["counts"].decode()
        assert counts_from_text(text, height * width) == mask.counts
        assert (bitmap(mask, height, width) == pixels).all()
        x, y, across, down = coco_mask.toBbox(judge)
        assert extent(mask) == ((x, y, x + across, y + down) if pixels.any() else None)


def test_polygons_are_filled_as_pycocotools_fills_them() -> None:
    polygons = ((1.0, 2.0, 20.0, 3.0, 12.0, 25.0), (30.0, 30.0, 38.0, 30.0, 38.0, 36.0))
    judge = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([list(line) for line in polygons], 40, 40)))
    assert (bitmap(polygons, 40, 40) == judge.astype(bool)).all()


def test_coordinates_far_away_cost_nothing() -> None:
    assert bitmap(((-1e300, -1e300, 1e300, -1e300, 1e300, 1e300),), 4, 4).any()
    assert not bitmap(((1.0, 2.0, 3.0, 4.0),), 4, 4).any()  # a line


@pytest.mark.parametrize("text", ["o", "0o", "é", "112 ", "1" * 20, "P" * 40, "oooooooooooooooo1"])
def test_texts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="run length"):
        counts_from_text(text, 4)


def test_masks_of_another_size_or_too_large_are_not_unpacked() -> None:
    with pytest.raises(ValueError, match="2 x 2 pixels, the picture of 4 x 4"):
        bitmap(RunLengths(2, 2, (1, 1, 2)), 4, 4)
    with pytest.raises(ValueError, match="not unpacked"):
        bitmap(RunLengths(1 << 20, 1 << 20, (1 << 40,)), 1 << 20, 1 << 20)
