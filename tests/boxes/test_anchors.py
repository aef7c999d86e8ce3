from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.anchors import FlexibleGridAnchors, GridAnchors, MultiscaleAnchors, SSDAnchors
from tfod.boxes.from_config import anchors_from_config
from tfod.boxes.geometry import clip_to_window
from tfod.config.pipeline import read_pipeline_config
from tfod.errors import ConfigError


def anchors(**settings: object) -> MultiscaleAnchors:
    defaults = {
        "min_level": 5, "max_level": 5, "anchor_scale": 4.0, "aspect_ratios": (1.0,), "scales_per_octave": 1,
    }  # fmt: skip
    return MultiscaleAnchors(**(defaults | settings))


def test_one_level_by_hand() -> None:
    # Cells of 32 pixels, boxes of 128: the first cell's centre is (16, 16).
    boxes = anchors(normalize=False)([(2, 2)], 64, 64).numpy()
    assert boxes.tolist() == [[-48, -48, 80, 80], [-48, -16, 80, 112], [-16, -48, 112, 80], [-16, -16, 112, 112]]


def test_normalised_boxes_are_pixels_divided_by_the_size() -> None:
    pixels = anchors(normalize=False)([(2, 4)], 64, 128).numpy()
    np.testing.assert_allclose(anchors()([(2, 4)], 64, 128), pixels / [64, 128, 64, 128])


def test_ratios_vary_slowest_and_keep_the_area() -> None:
    maker = anchors(aspect_ratios=(1.0, 2.0, 0.5), scales_per_octave=2, normalize=False)
    boxes = maker([(1, 1)], 32, 32).numpy()
    height, width = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert maker.anchors_per_cell == (6,)
    np.testing.assert_allclose(width / height, [1, 1, 2, 2, 0.5, 0.5], rtol=1e-5)
    np.testing.assert_allclose(width * height, np.tile([128.0**2, 2 * 128.0**2], 3), rtol=1e-5)


def test_a_side_that_is_no_multiple_of_the_cell_moves_the_first_centre_to_the_border() -> None:
    boxes = anchors(normalize=False)([(1, 1)], 300, 320).numpy()[0]
    assert ((boxes[0] + boxes[2]) / 2, (boxes[1] + boxes[3]) / 2) == (0, 16)


def test_levels_follow_each_other_from_fine_to_coarse() -> None:
    both = anchors(min_level=4)([(2, 2), (1, 1)], 32, 32).numpy()
    np.testing.assert_array_equal(both[:4], anchors(min_level=4, max_level=4)([(2, 2)], 32, 32))
    np.testing.assert_array_equal(both[4:], anchors()([(1, 1)], 32, 32))


def test_other_levels_than_the_feature_maps_are_an_error() -> None:
    with pytest.raises(ConfigError, match="there are 2 feature maps, but anchors for 1"):
        anchors()([(2, 2), (1, 1)], 64, 64)


def test_ssd_anchors_of_one_cell_by_hand() -> None:
    # One scale of a half: a square, a box four times as wide as high, and a square between it and the whole image.
    made = SSDAnchors.from_scales([0.5], [1.0, 4.0], reduce_lowest=False)
    boxes = made([(1, 1)], 100, 100).numpy()
    half = np.sqrt(0.5) / 2
    expected = [[0.25, 0.25, 0.75, 0.75], [0.375, 0, 0.625, 1], [0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half]]
    np.testing.assert_allclose(boxes, expected, atol=1e-6)


def test_ssd_anchors_are_square_on_images_that_are_not() -> None:
    made = SSDAnchors.from_scales([0.5], [1.0], base_size=(0.5, 1.0))
    boxes = made([(2, 4)], 100, 200).numpy() * [100, 200, 100, 200]
    assert boxes.shape == (2 * 4 * 3, 4)
    np.testing.assert_allclose((boxes[:, 2] - boxes[:, 0])[0], 5, rtol=1e-5)
    np.testing.assert_allclose((boxes[:, 3] - boxes[:, 1])[0], 10, rtol=1e-5)


def test_strides_and_offsets_in_pixels() -> None:
    made = SSDAnchors((((0.2, 1.0),),), strides=((10, 20),), offsets=((4, 2),))
    boxes = made([(2, 2)], 100, 100).numpy() * 100
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    np.testing.assert_allclose(centres, [[4, 2], [4, 22], [14, 2], [14, 22]], atol=1e-4)


def test_flexible_anchors_by_hand() -> None:
    made = FlexibleGridAnchors(((2.0, 4.0),), ((1.0, 4.0),), ((5, 10),), ((1, 0),), normalize=False)
    boxes = made([(1, 2)], 50, 50).numpy()
    assert boxes.tolist() == [[0, -1, 2, 1], [0, -4, 2, 4], [0, 9, 2, 11], [0, 6, 2, 14]]


def test_grid_anchors_by_hand() -> None:
    # A base of 8 x 16 pixels, halved and whole; the ratio 4 makes it twice as wide and half as high.
    made = GridAnchors((0.5, 1.0), (1.0, 4.0), base_size=(8.0, 16.0), stride=(10, 20), offset=(1, 2))
    assert made.anchors_per_cell == (4,)
    boxes = made([(2, 2)], 64, 64).numpy()
    assert boxes.shape == (16, 4)
    assert boxes[:4].tolist() == [[-1, -2, 3, 6], [-3, -6, 5, 10], [0, -6, 2, 10], [-1, -14, 3, 18]]
    centres = (boxes[::4, :2] + boxes[::4, 2:]) / 2
    assert centres.tolist() == [[1, 2], [1, 22], [11, 2], [11, 22]]


def test_grid_anchors_of_a_size_known_at_run_time() -> None:
    made = GridAnchors((1.0,), (1.0, 2.0))
    dynamic = tf.function(
        lambda rows, columns: made([(rows, columns)], 16 * rows, 16 * columns),
        [tf.TensorSpec([], tf.int32)] * 2,
        autograph=False,
    )
    np.testing.assert_array_equal(dynamic(3, 2), made([(3, 2)], 48, 32))


def test_a_grid_is_one_feature_map() -> None:
    with pytest.raises(ConfigError, match="there are 2 feature maps, but anchors for 1"):
        GridAnchors((1.0,), (1.0,))([(2, 2), (1, 1)], 32, 32)


def test_grid_anchors_are_those_of_the_original(shared: Path) -> None:
    case = shared / "parity" / "faster_rcnn_resnet50_v1"
    config = read_pipeline_config(case / "pipeline.config").model.faster_rcnn
    made = anchors_from_config(config.first_stage_anchor_generator, "model.faster_rcnn.first_stage_anchor_generator")
    # The input is 256 pixels wide and high, of stride 16; the original clips anchors to it.
    anchors = clip_to_window(made([(16, 16)], 256, 256), tf.constant([0.0, 0.0, 256.0, 256.0]))
    with np.load(case / "expected.npz") as expected:
        np.testing.assert_allclose(anchors, expected["prediction/anchors"], rtol=0, atol=1e-3)
