"""Colours, damage and labels: numbers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.augment.examples import BOXES, as_numpy, augmentation, example, run
from tfod import names

IMAGE, GROUNDTRUTH, CLASSES = names.IMAGE, names.GROUNDTRUTH_BOXES, names.GROUNDTRUTH_CLASSES
BEFORE = example()[IMAGE].numpy().astype(np.float32)


def _recolored(option, pixels, seed=(0, 0)):
    picture = {**example(), IMAGE: tf.constant(pixels, tf.uint8)}
    return as_numpy(augmentation(option)(picture, seed))[IMAGE]


def test_brightness_moves_all_pixels_alike_and_stays_in_range():
    picture = np.full([2, 2, 3], 128, np.uint8)
    deltas = [
        _recolored("random_adjust_brightness { max_delta: 0.2 }", picture, (1, number)) - 128 for number in range(30)
    ]

    assert all(np.ptp(delta) == 0 for delta in deltas)
    assert max(np.abs(deltas).max(axis=(1, 2, 3))) <= 0.2 * 255
    assert min(delta[0, 0, 0] for delta in deltas) < -20
    assert max(delta[0, 0, 0] for delta in deltas) > 20
    white = _recolored("random_adjust_brightness { max_delta: 1 }", np.full([1, 1, 3], 255, np.uint8))
    assert white.max() <= 255


@pytest.mark.parametrize(
    ("option", "before", "after"),
    [
        ("random_adjust_contrast { min_delta: .5 max_delta: .5 }", [[0, 1, 2], [8, 3, 2]], [[2, 1.5, 2], [6, 2.5, 2]]),
        ("random_adjust_saturation { min_delta: 0.5 max_delta: 0.5 }", [[200, 100, 0]], [[200, 150, 100]]),
        ("random_adjust_saturation { min_delta: 9 max_delta: 9 }", [[200, 100, 0]], [[200, 100, 0]]),
        ("random_rgb_to_gray { probability: 1 }", [[10, 100, 200]], [[84.489, 84.489, 84.489]]),
        ("random_rgb_to_gray { probability: 0 }", [[10, 100, 200]], [[10, 100, 200]]),
        ("rgb_to_gray {}", [[10, 100, 200]], [[84.489]]),
        ("adjust_gamma { gamma: 2 }", [[0, 51, 255]], [[0, 10.2, 255]]),
        ("adjust_gamma { gain: 2 }", [[0, 51, 255]], [[0, 102, 255]]),
        ("random_pixel_value_scale { minval: 2 maxval: 2 }", [[1, 51, 255]], [[2, 102, 255]]),
        ("normalize_image { original_maxval: 255 target_minval: -1 }", [[0, 51, 255]], [[-1, -0.6, 1]]),
        ("subtract_channel_mean { means: [1, 2, 3] }", [[1, 1, 1]], [[0, -1, -2]]),
    ],
)  # fmt: skip
def test_colours(option, before, after):
    np.testing.assert_allclose(_recolored(option, [before])[0], after, rtol=1e-5, atol=1e-4)


def test_hue_turns_and_keeps_lightest_and_darkest():
    red = [[[200, 50, 50]]]

    turned = np.concatenate(
        [_recolored("random_adjust_hue { max_delta: 0.5 }", red, (2, number)) for number in range(20)]
    )

    np.testing.assert_allclose(turned.max(axis=-1), 200, rtol=1e-4)
    np.testing.assert_allclose(turned.min(axis=-1), 50, rtol=1e-4)
    assert {int(pixel.argmax()) for pixel in turned[:, 0]} == {0, 1, 2}


@pytest.mark.parametrize("ordering", [0, 1])
def test_distorted_colours_stay_in_range(ordering):
    after = run(f"random_distort_color {{ color_ordering: {ordering} }}", height=30, width=26)[IMAGE]

    assert after.min() >= 0
    assert after.max() <= 255
    assert np.abs(after - example(30, 26)[IMAGE].numpy()).max() > 1


def test_black_patches_have_their_size_and_stay_inside():
    option = "random_black_patches { max_black_patches: 1 probability: 1 size_to_image_ratio: 0.25 }"
    white = np.full([40, 60, 3], 255, np.uint8)

    for number in range(5):
        rows, columns = np.nonzero((_recolored(option, white, (0, number)) == 0).all(axis=-1))

        assert (np.ptp(rows) + 1, np.ptp(columns) + 1, len(rows)) == (10, 10, 100)
    assert _recolored(option.replace("probability: 1", "probability: 0"), white).all()


def test_jpeg_quality_changes_little_and_only_when_chosen():
    option = "random_jpeg_quality {{ random_coef: {} min_jpeg_quality: 95 max_jpeg_quality: 100 }}"

    encoded = run(option.format(0))[IMAGE].astype(np.float32)

    assert 0 < np.abs(encoded - BEFORE).max() < 40
    np.testing.assert_array_equal(run(option.format(1))[IMAGE], BEFORE)


def test_gaussian_noise_stays_within_one_square():
    option = (
        "random_patch_gaussian { min_patch_size: 6 max_patch_size: 7 min_gaussian_stddev: 0.1"
        " max_gaussian_stddev: 0.1 }"
    )
    gray = np.full([50, 50, 3], 128, np.uint8)

    sides, deviations = [], []
    for number in range(20):
        noise = _recolored(option, gray, (0, number)) - 128
        rows, columns, _ = np.nonzero(noise)
        sides += [np.ptp(rows) + 1, np.ptp(columns) + 1]
        deviations.append(noise[rows, columns].std())

    assert max(sides) == 6
    assert np.mean(deviations) == pytest.approx(25.5, rel=0.1)


@pytest.mark.parametrize(("mode", "low", "high"), [("DEFAULT", -0.2, 0.2), ("EXPAND", 0, 0.2), ("SHRINK", -0.2, 0)])
def test_jittered_edges_keep_within_the_ratio(mode, low, high):
    boxes = [[0.4, 0.3, 0.6, 0.7]] * 200

    jittered = run(f"random_jitter_boxes {{ ratio: 0.2 jitter_mode: {mode} }}", boxes=boxes)[GROUNDTRUTH]

    growth = (jittered - [0.5, 0.5, 0.5, 0.5]) / [-0.1, -0.2, 0.1, 0.2] - 1
    assert growth.min() >= low - 1e-5
    assert growth.max() <= high + 1e-5
    assert np.ptp(growth) > 0.9 * (high - low)


def test_symmetric_jitter_keeps_centres_even_at_the_border():
    boxes = [[0.0, 0.3, 0.2, 0.7], [0.4, 0.4, 0.6, 0.6]]

    jittered = run("random_jitter_boxes { ratio: 0.5 jitter_mode: EXPAND_SYMMETRIC_XY }", boxes=boxes)[GROUNDTRUTH]

    np.testing.assert_allclose(jittered[:, :2] + jittered[:, 2:], [[0.2, 1.0], [1.0, 1.0]], atol=1e-6)
    np.testing.assert_allclose(jittered[0], boxes[0], atol=1e-6)  # cannot grow upwards, so not at all
    assert np.ptp(jittered[1][2:]) == pytest.approx(0, abs=1e-6)


def test_labels_are_dropped_one_by_one():
    boxes = BOXES * 400
    picture = {**example(boxes=boxes), CLASSES: tf.constant([1, 2, 2] * 400, tf.int64)}

    after = augmentation("drop_label_probabilistically { label: 2 drop_probability: 0.25 }")(picture, (0, 0))

    classes = after[CLASSES].numpy()
    assert (classes == 1).sum() == 400
    assert 0.7 * 800 < (classes == 2).sum() < 0.8 * 800


def test_labels_are_merged():
    after = run("remap_labels { original_labels: [1, 3] new_label: 2 }", boxes=[*BOXES, [0, 0, 1, 1]])

    assert after[CLASSES].tolist() == [2, 2, 2, 4]


def test_scores_become_probabilities():
    picture = {**example(), names.MULTICLASS_SCORES: tf.constant([[0.0, np.log(9.0) * 2]] * 3, tf.float32)}

    after = augmentation("convert_class_logits_to_softmax { temperature: 2 }")(picture, (0, 0))

    np.testing.assert_allclose(after[names.MULTICLASS_SCORES], [[0.1, 0.9]] * 3, rtol=1e-5)
