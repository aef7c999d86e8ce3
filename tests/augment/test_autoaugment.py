"""AutoAugment's policies: whole, and what moves takes boxes, masks and keypoints along. Numbers: tests/parity."""

import numpy as np
import pytest
import tensorflow as tf

from tfod import names
from tfod.augment import autoaugment, enhance
from tfod.augment.autoaugment import POLICIES, autoaugment_image
from tfod.augment.example import Draw
from tfod.config.faults.augmentation import AUTOAUGMENT_POLICIES

MASKS, POINTS = names.GROUNDTRUTH_INSTANCE_MASKS, names.GROUNDTRUTH_KEYPOINTS
SPOTS = np.array([[30, 40], [45, 62]])  # row and column of a bright pixel of each object, which is its keypoint
BOXES = [[20, 30, 40, 50], [40, 55, 50, 80]]


def _example() -> dict[str, tf.Tensor]:
    """64 x 96, black but for a spot of 3 x 3 pixels in each object's box."""
    image = np.zeros((64, 96, 3), np.uint8)
    masks = np.zeros((2, 64, 96), np.uint8)
    for mask, (row, column) in zip(masks, SPOTS, strict=True):
        image[row - 1 : row + 2, column - 1 : column + 2] = 250
        mask[row - 1 : row + 2, column - 1 : column + 2] = 1
    return {
        names.IMAGE: tf.constant(image),
        names.GROUNDTRUTH_BOXES: tf.constant(BOXES, tf.float32) / [64, 96, 64, 96],
        names.GROUNDTRUTH_CLASSES: tf.constant([1, 2], tf.int64),
        MASKS: tf.constant(masks),
        POINTS: tf.constant(((SPOTS + 0.5) / [64, 96])[:, np.newaxis], tf.float32),
    }


def test_policies_are_whole() -> None:
    assert tuple(POLICIES) == AUTOAUGMENT_POLICIES
    assert {name: len(policy) for name, policy in POLICIES.items()} == {
        "v0": 5,
        "v1": 20,
        "v2": 15,
        "v3": 15,
        "test": 1,
    }
    steps = [step for policy in POLICIES.values() for steps in policy for step in steps]
    assert all(0 <= probability <= 1 and level in range(11) for _, probability, level in steps)
    assert {name for name, probability, _ in steps if probability} == set(autoaugment._OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "level"),
    [
        ("Rotate_BBox", 8), ("ShearX_BBox", 10), ("ShearY_BBox", 8), ("TranslateX_BBox", 1), ("TranslateY_BBox", 0.5),
        ("TranslateY_Only_BBoxes", 0.3), ("ShearX_Only_BBoxes", 8), ("ShearY_Only_BBoxes", 6),
    ],
)  # fmt: skip
def test_masks_and_keypoints_go_where_the_pixels_go(
    operation: str, level: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POLICIES, "test", (((operation, 3.0, level),),))
    before = _example()
    moved = 0
    for number in range(4):
        after = autoaugment_image(before, Draw(tf.constant([1, number], tf.int64)), policy_name="test")
        image, masks, points = (after[name].numpy() for name in (names.IMAGE, MASKS, POINTS))
        bright = image[..., 0] == 250
        np.testing.assert_array_equal(masks.any(axis=0), bright)
        moved += not np.array_equal(bright, before[names.IMAGE].numpy()[..., 0] == 250)
        for mask, point, box in zip(
            masks, points[:, 0] * [64, 96], after[names.GROUNDTRUTH_BOXES].numpy(), strict=True
        ):
            if not mask.any():
                continue
            rows, columns = np.nonzero(mask)
            if mask.sum() >= 8:
                assert np.abs(point - [rows.mean() + 0.5, columns.mean() + 0.5]).max() < 1
            inside = box * [64, 96, 64, 96] + [-1, -1, 1, 1]
            assert rows.min() >= inside[0] and columns.min() >= inside[1]
            assert rows.max() < inside[2] and columns.max() < inside[3]
    assert moved == 4


def test_colours_as_the_imaging_library_changes_them() -> None:
    from PIL import Image, ImageEnhance, ImageOps

    image = np.random.default_rng(0).integers(20, 230, (40, 50, 3), np.uint8)
    picture = Image.fromarray(image)
    smooth = ImageEnhance.Sharpness(picture).enhance(1.9)
    for ours, theirs, off in (
        (enhance.equalize(image), ImageOps.equalize(picture), 0),
        (enhance.autocontrast(image), ImageOps.autocontrast(picture), 1),
        (enhance.solarize(tf.constant(image), 128), ImageOps.solarize(picture, 128), 0),
        (enhance.posterize(image, 3), ImageOps.posterize(picture, 3), 0),
        (enhance.brightness(tf.constant(image), 1.4), ImageEnhance.Brightness(picture).enhance(1.4), 1),
        (enhance.color(tf.constant(image), 0.3), ImageEnhance.Color(picture).enhance(0.3), 1),
        (enhance.sharpness(image, 1.9), smooth, 2),
    ):
        assert np.abs(np.asarray(ours, int) - np.asarray(theirs, int)).max() <= off
