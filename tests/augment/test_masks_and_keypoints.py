"""Masks and keypoints go where the pixels go: the image itself says where that is."""

import numpy as np
import pytest
import tensorflow as tf

from tests.augment.examples import BOXES, as_numpy, augmentation, example
from tfod import names
from tfod.errors import ConfigError

MASKS, POINTS, SEEN = (
    names.GROUNDTRUTH_INSTANCE_MASKS, names.GROUNDTRUTH_KEYPOINTS, names.GROUNDTRUTH_KEYPOINT_VISIBILITIES,
)  # fmt: skip
PIXELS = np.array([[1, 2], [6, 9], [3, 4]])  # row and column of the keypoints of every object
FLIP = "probability: 1 keypoint_flip_permutation: [1, 0, 2]"


def _example() -> dict[str, tf.Tensor]:
    before = example()
    objects = len(BOXES)
    red = tf.cast(before[names.IMAGE], tf.float32)[..., 0] + 1.0
    points = (PIXELS + 0.5) / [8, 12]
    return {
        **before,
        MASKS: tf.stack([red] * objects),  # what belongs to an object is told by the rows' values
        POINTS: tf.constant(np.stack([points] * objects), tf.float32),
        SEEN: tf.constant([[True, False, True]] * objects),
    }


@pytest.mark.parametrize(
    ("option", "order"),
    [
        (f"random_horizontal_flip {{ {FLIP} }}", [1, 0, 2]),
        (f"random_vertical_flip {{ {FLIP} }}", [1, 0, 2]),
        ("random_rotation90 { probability: 1 }", [0, 1, 2]),
        ("random_crop_image { min_object_covered: 0 overlap_thresh: 0 }", [0, 1, 2]),
        ("random_crop_to_aspect_ratio { overlap_thresh: 0 }", [0, 1, 2]),
        ("random_square_crop_by_scale {}", [0, 1, 2]),
        ("random_absolute_pad_image { max_height_padding: 5 max_width_padding: 9 pad_color: [0, 0, 0] }", [0, 1, 2]),
        ("random_crop_pad_image { min_object_covered: 0 overlap_thresh: 0 pad_color: [0, 0, 0] }", [0, 1, 2]),
        ("ssd_random_crop {}", [0, 1, 2]),
        ("ssd_random_crop_pad_fixed_aspect_ratio {}", [0, 1, 2]),
        ("random_self_concat_image { concat_vertical_probability: 1 concat_horizontal_probability: 1 }", [0, 1, 2]),
    ],
)
def test_they_follow_the_pixels(option: str, order: list[int]) -> None:
    augment = augmentation(option)
    for number in range(3):
        after = as_numpy(augment(_example(), (4, number)))

        image, count = after[names.IMAGE], len(after[names.GROUNDTRUTH_BOXES])
        shown = image[..., 2] == 7
        assert len(after[MASKS]) == len(after[POINTS]) == len(after[SEEN]) == count
        for mask, points, seen in zip(after[MASKS], after[POINTS], after[SEEN], strict=True):
            inside = mask > 0
            assert not (inside & ~shown).any() and inside.any()
            np.testing.assert_array_equal(mask[inside], image[..., 0][inside] + 1.0)
            assert seen.tolist() == np.array([True, False, True])[order].tolist()
            for point, pixel in zip(points, PIXELS[order], strict=True):
                if np.isfinite(point).all():
                    row, column = np.minimum(np.floor(point * image.shape[:2]), np.array(image.shape[:2]) - 1).astype(
                        int
                    )
                    if shown[row, column]:
                        assert image[row, column, :2].tolist() == (pixel * 10).tolist()


@pytest.mark.parametrize(
    "option",
    [
        "random_image_scale {}",
        "random_downscale_to_target_pixels { min_target_pixels: 30 max_target_pixels: 60 }",
        "resize_image { new_height: 16 new_width: 24 }",
        "random_resize_method { target_height: 5 target_width: 7 }",
        "random_scale_crop_and_pad_to_square { output_size: 10 }",
    ],
)
def test_masks_have_the_size_of_the_resized_image(option: str) -> None:
    after = augmentation(option)(_example(), (1, 1))

    assert after[MASKS].shape == (len(after[names.GROUNDTRUTH_BOXES]), *after[names.IMAGE].shape[:2])
    assert set(np.unique(after[MASKS])) <= {0.0, *range(1, 80, 10)}  # nearest pixels: nothing is mixed


def test_keypoints_that_a_crop_cuts_off_are_not_numbers() -> None:
    # The square of 8 x 8 somewhere in 8 x 12 leaves columns out, and with them a keypoint.
    lost = 0
    for number in range(6):
        points = augmentation("random_crop_to_aspect_ratio {}")(_example(), (2, number))[POINTS].numpy()
        assert np.nanmin(points, initial=0) >= 0 and np.nanmax(points, initial=1) <= 1
        lost += int(np.isnan(points).any())
    assert lost


@pytest.mark.parametrize("step", ["random_horizontal_flip", "random_vertical_flip"])
def test_a_flip_that_would_call_left_right_is_refused(step: str) -> None:
    with pytest.raises(ConfigError, match="keypoint_flip_permutation"):
        augmentation(f"{step} {{}}")(_example(), (0, 0))


def test_a_permutation_of_other_keypoints_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 numbers, and objects have 3 keypoints"):
        augmentation("random_rotation90 { keypoint_rot_permutation: [1, 0] }")(_example(), (0, 0))
