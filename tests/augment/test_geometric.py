"""Flips, crops, pads and scales: pixels and boxes worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.augment.examples import BOXES, as_numpy, augmentation, example, run
from tfod import names
from tfod.augment.crop import Crop, random_crop_image
from tfod.augment.example import Draw, reframe

IMAGE, GROUNDTRUTH = names.IMAGE, names.GROUNDTRUTH_BOXES
BEFORE = example()[IMAGE].numpy()


def _close(actual, expected):
    np.testing.assert_allclose(actual, np.reshape(np.array(expected, np.float32), [-1, 4]), atol=1e-6)


@pytest.mark.parametrize(
    ("step", "image", "boxes"),
    [
        (
            "random_horizontal_flip",
            BEFORE[:, ::-1],
            [[0, 0.75, 0.5, 1], [0.25, 0, 1, 0.5], [0.1, 0.4, 0.3, 0.8]],
        ),
        (
            "random_vertical_flip",
            BEFORE[::-1],
            [[0.5, 0, 1, 0.25], [0, 0.5, 0.75, 1], [0.7, 0.2, 0.9, 0.6]],
        ),
        (
            # Counter-clockwise: the right edge becomes the top.
            "random_rotation90",
            np.rot90(BEFORE),
            [[0.75, 0, 1, 0.5], [0, 0.25, 0.5, 1], [0.4, 0.1, 0.8, 0.3]],
        ),
    ],
)
def test_flips(step, image, boxes):
    always = run(f"{step} {{ probability: 1 }}")
    never = run(f"{step} {{ probability: 0 }}")

    np.testing.assert_array_equal(always[IMAGE], image)
    _close(always[GROUNDTRUTH], boxes)
    np.testing.assert_array_equal(never[IMAGE], BEFORE)
    _close(never[GROUNDTRUTH], BOXES)


def test_a_flip_happens_as_often_as_its_probability_says():
    flip = augmentation("random_horizontal_flip { probability: 0.3 }")
    pictures = tf.data.Dataset.range(1000).map(lambda number: flip(example(2, 2), tf.stack([9, number]))[IMAGE])

    flipped = sum(int(picture[0, 0, 1]) == 10 for picture in pictures.as_numpy_iterator())

    assert 250 < flipped < 350


def test_reframe_drops_clips_and_moves():
    boxes = [
        [0.0, 0.0, 0.5, 0.5],  # a quarter of it in the window
        [0.25, 0.25, 0.5, 0.5],  # all of it
        [0.0, 0.0, 0.25, 1.0],  # touches the window's edge
        [0.5, 0.5, 0.5, 0.6],  # no area
        [0.5, 0.5, 1.0, 1.0],  # a quarter
    ]
    window = tf.constant([0.25, 0.25, 0.75, 0.75])

    def kept(min_overlap, clip=True):
        cut = reframe(
            example(boxes=boxes), lambda image: tf.zeros([4, 6, 3]), window, min_overlap=min_overlap, clip=clip
        )
        return as_numpy(cut)

    _close(kept(0.3)[GROUNDTRUTH], [[0, 0, 0.5, 0.5]])
    assert kept(0.3)[names.GROUNDTRUTH_CLASSES].tolist() == [2]
    assert kept(0.2)[names.GROUNDTRUTH_CLASSES].tolist() == [1, 2, 5]
    assert kept(None)[names.GROUNDTRUTH_CLASSES].tolist() == [1, 2, 4, 5]
    _close(kept(0.2)[GROUNDTRUTH][:1], [0, 0, 0.5, 0.5])
    _close(kept(0.2, clip=False)[GROUNDTRUTH][:1], [-0.5, -0.5, 0.5, 0.5])


def test_a_crop_shows_the_pixels_that_its_window_names():
    for number in range(5):
        after = run("random_crop_image { min_object_covered: 0 overlap_thresh: 0 }", (1, number))

        height, width = after[IMAGE].shape[:2]
        top, left = after[IMAGE][0, 0, 0] // 10, after[IMAGE][0, 0, 1] // 10
        np.testing.assert_array_equal(after[IMAGE], BEFORE[top : top + height, left : left + width])
        for label, box in zip(after[names.GROUNDTRUTH_CLASSES], after[GROUNDTRUTH], strict=True):
            pixels = np.array(BOXES[label - 1]) * [8, 12, 8, 12] - [top, left, top, left]
            _close([box], np.clip(pixels / [height, width, height, width], 0, 1))


def test_a_crop_keeps_to_its_limits():
    settings = Crop(0.0, aspect_ratio=(0.8, 1.25), area=(0.3, 0.6))
    before = example(100, 100)

    def window(number):
        return tf.shape(random_crop_image(before, Draw(tf.stack([3, number])), settings=settings)[IMAGE])

    sizes = np.array(list(tf.data.Dataset.range(200).map(window).as_numpy_iterator()))[:, :2]
    height, width = sizes[:, 0] / 100, sizes[:, 1] / 100
    assert (height * width).min() > 0.28
    assert (height * width).max() < 0.62
    assert (width / height).min() > 0.76
    assert (width / height).max() < 1.32
    assert len(np.unique(sizes, axis=0)) > 100


def test_an_ssd_crop_leaves_pictures_alone_as_often_as_it_should():
    crop = augmentation("ssd_random_crop {}")
    pictures = tf.data.Dataset.range(600).map(lambda number: crop(example(40, 40), tf.stack([2, number]))[IMAGE])

    whole = sum(picture.shape == (40, 40, 3) for picture in pictures.as_numpy_iterator())

    assert whole > 0.15 * 600 * 0.7  # those, and the crops that cannot be found
    assert whole < 400


@pytest.mark.parametrize(("ratio", "size"), [(1.0, (8, 8)), (2.0, (6, 12)), (1.5, (8, 12))])
def test_crop_to_aspect_ratio_is_as_large_as_can_be(ratio, size):
    after = run(f"random_crop_to_aspect_ratio {{ aspect_ratio: {ratio} }}")

    assert after[IMAGE].shape == (*size, 3)


def test_a_square_crop_shows_black_beyond_the_picture():
    after = run("random_square_crop_by_scale { scale_min: 1.5 scale_max: 1.5 num_scales: 1 }")

    assert after[IMAGE].shape == (18, 18, 3)
    rows, columns = np.nonzero(after[IMAGE][..., 2])
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (7, 11)  # without the last row and column
    boxes = after[GROUNDTRUTH] * 18 - [rows[0], columns[0], rows[0], columns[0]]
    _close(boxes, np.array(BOXES) * [8, 12, 8, 12])


def test_padding_moves_boxes_with_the_picture():
    after = run(
        "random_pad_image { min_image_height: 16 min_image_width: 16 max_image_height: 16 max_image_width: 16"
        " pad_color: [1, 2, 3] }"
    )

    assert after[IMAGE].shape == (16, 16, 3)
    assert after[IMAGE].dtype == np.uint8
    rows, columns = np.nonzero(after[IMAGE][..., 2] == 7)
    np.testing.assert_array_equal(after[IMAGE][rows, columns], BEFORE.reshape(-1, 3))
    assert (after[IMAGE] == [1, 2, 3]).all(axis=-1).sum() == 16 * 16 - 8 * 12
    boxes = after[GROUNDTRUTH] * 16 - [rows[0], columns[0], rows[0], columns[0]]
    _close(boxes, np.array(BOXES) * [8, 12, 8, 12])


def test_without_a_colour_the_mean_is_padded():
    after = run("random_pad_image { min_image_height: 9 min_image_width: 13 }")

    outside = after[IMAGE][after[IMAGE][..., 2] == 7].reshape(-1, 3)
    assert (outside == [35, 55, 7]).all(axis=1).sum() == after[IMAGE].shape[0] * after[IMAGE].shape[1] - 8 * 12


def test_padding_to_an_aspect_ratio_is_at_the_bottom_and_right():
    after = run(
        "ssd_random_crop_pad_fixed_aspect_ratio { aspect_ratio: 1 max_padded_size_ratio: [1, 1]"
        " operations { min_area: 1 max_area: 1 min_aspect_ratio: 1.5 max_aspect_ratio: 1.5 } }"
    )

    assert after[IMAGE].shape == (12, 12, 3)
    np.testing.assert_array_equal(after[IMAGE][:8], BEFORE)
    assert not after[IMAGE][8:].any()
    _close(after[GROUNDTRUTH], np.array(BOXES) * [8 / 12, 1, 8 / 12, 1])


def test_the_ssd_pads_accept_colours_that_are_no_whole_numbers():
    operation = (
        "operations { min_area: 1 max_area: 1 min_aspect_ratio: 1.5 max_aspect_ratio: 1.5 pad_color_r: 0.5"
        " min_padded_size_ratio: [2, 2] max_padded_size_ratio: [2, 2] }"
    )

    after = run(f"ssd_random_crop_pad {{ {operation} }}")

    assert after[IMAGE].shape == (16, 24, 3)
    assert (after[IMAGE] == [0.5, 0, 0]).all(axis=-1).sum() == 16 * 24 - 8 * 12


def test_self_concat_doubles_picture_and_objects():
    after = run("random_self_concat_image { concat_vertical_probability: 1 concat_horizontal_probability: 0 }")

    np.testing.assert_array_equal(after[IMAGE], np.concatenate([BEFORE, BEFORE]))
    first = np.array(BOXES) * [0.5, 1, 0.5, 1]
    second = first + np.array([0.5, 0, 0.5, 0])
    _close(after[GROUNDTRUTH], np.concatenate([first, second]))
    assert after[names.GROUNDTRUTH_CLASSES].tolist() == [1, 2, 3, 1, 2, 3]
    assert after[names.GROUNDTRUTH_WEIGHTS].tolist() == [0, 1, 2, 0, 1, 2]


def test_scale_jitter_that_shrinks_pads():
    after = run("random_scale_crop_and_pad_to_square { output_size: 12 scale_min: 0.5 scale_max: 0.5 }")

    assert after[IMAGE].shape == (12, 12, 3)
    np.testing.assert_array_equal(after[IMAGE][:4, :6], BEFORE[::2, ::2])
    assert not after[IMAGE][4:].any()
    _close(after[GROUNDTRUTH], np.array(BOXES) * [4 / 12, 0.5, 4 / 12, 0.5])


def test_scale_jitter_that_enlarges_crops():
    after = run("random_scale_crop_and_pad_to_square { output_size: 12 scale_min: 2 scale_max: 2 }", (4, 4))

    assert after[IMAGE].shape == (12, 12, 3)
    top, left = after[IMAGE][0, 0, :2] / 5  # in pixels of the enlarged picture, 16 x 24
    boxes = np.array(BOXES) * [16, 24, 16, 24] - [top, left, top, left]
    inside = np.clip(boxes / 12, 0, 1)[after[names.GROUNDTRUTH_CLASSES] - 1]
    _close(after[GROUNDTRUTH], inside)


@pytest.mark.parametrize(
    ("option", "size"),
    [
        ("random_image_scale { min_scale_ratio: 0.7 max_scale_ratio: 0.7 }", (5, 8)),
        ("random_downscale_to_target_pixels { min_target_pixels: 24 max_target_pixels: 25 }", (4, 6)),
        ("random_downscale_to_target_pixels { min_target_pixels: 100 max_target_pixels: 101 }", (8, 12)),
        ("random_downscale_to_target_pixels { random_coef: 1 min_target_pixels: 24 }", (8, 12)),
        ("resize_image { new_height: 3 new_width: 5 }", (3, 5)),
        ("random_resize_method { target_height: 3 target_width: 5 }", (3, 5)),
    ],
)
def test_scaling_leaves_boxes_alone(option, size):
    after = run(option)

    assert after[IMAGE].shape == (*size, 3)
    _close(after[GROUNDTRUTH], BOXES)


def test_boxes_in_pixels():
    _close(run("scale_boxes_to_pixel_coordinates {}")[GROUNDTRUTH], np.array(BOXES) * [8, 12, 8, 12])
