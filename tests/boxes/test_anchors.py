import numpy as np
import pytest

from tfod.boxes.anchors import MultiscaleAnchors, anchors_from_config
from tfod.errors import ConfigError
from tfod.protos import anchor_generator_pb2


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
    with pytest.raises(ConfigError, match="2 feature maps, but anchors for 1"):
        anchors()([(2, 2), (1, 1)], 64, 64)


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ConfigError, match="none"):
        anchors_from_config(anchor_generator_pb2.AnchorGenerator())
