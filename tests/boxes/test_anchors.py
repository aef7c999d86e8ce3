import numpy as np
import pytest
from google.protobuf import text_format

from tfod.boxes.anchors import MultiscaleAnchors, SSDAnchors, anchors_from_config
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


def ssd_anchors(text: str) -> SSDAnchors:
    made = anchors_from_config(text_format.Parse(text, anchor_generator_pb2.AnchorGenerator()))
    assert isinstance(made, SSDAnchors)
    return made


def test_ssd_anchors_of_one_cell_by_hand() -> None:
    # One scale of a half: a square, a box twice as wide as high, and a square between it and the whole picture.
    text = "num_layers: 1 scales: 0.5 aspect_ratios: [1.0, 4.0] reduce_boxes_in_lowest_layer: false"
    made = ssd_anchors(f"ssd_anchor_generator {{ {text} }}")
    boxes = made([(1, 1)], 100, 100).numpy()
    half = np.sqrt(0.5) / 2
    expected = [[0.25, 0.25, 0.75, 0.75], [0.375, 0, 0.625, 1], [0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half]]
    np.testing.assert_allclose(boxes, expected, atol=1e-6)


def test_the_scales_of_ssd_lie_evenly_and_the_finest_map_has_three_boxes() -> None:
    made = ssd_anchors("ssd_anchor_generator { aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333] }")
    assert made.anchors_per_cell == (3, 6, 6, 6, 6, 6)
    assert [boxes[0][0] for boxes in made.boxes] == pytest.approx([0.1, 0.35, 0.5, 0.65, 0.8, 0.95])
    grids = [(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
    assert made(grids, 300, 300).shape == (1917, 4)


def test_ssd_anchors_are_square_on_pictures_that_are_not() -> None:
    made = ssd_anchors("ssd_anchor_generator { num_layers: 1 scales: 0.5 aspect_ratios: 1.0 base_anchor_height: 0.5 }")
    boxes = made([(2, 4)], 100, 200).numpy() * [100, 200, 100, 200]
    assert boxes.shape == (2 * 4 * 3, 4)
    np.testing.assert_allclose((boxes[:, 2] - boxes[:, 0])[0], 5, rtol=1e-5)
    np.testing.assert_allclose((boxes[:, 3] - boxes[:, 1])[0], 10, rtol=1e-5)


def test_strides_and_offsets_in_pixels() -> None:
    made = ssd_anchors(
        "ssd_anchor_generator { num_layers: 1 scales: 0.2 aspect_ratios: 1.0 reduce_boxes_in_lowest_layer: false"
        " interpolated_scale_aspect_ratio: 0 height_stride: 10 width_stride: 20 height_offset: 4 width_offset: 2 }"
    )
    boxes = made([(2, 2)], 100, 100).numpy() * 100
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    np.testing.assert_allclose(centres, [[4, 2], [4, 22], [14, 2], [14, 22]], atol=1e-4)


def test_flexible_anchors_by_hand() -> None:
    config = text_format.Parse(
        """
        flexible_grid_anchor_generator {
          normalize_coordinates: false
          anchor_grid { base_sizes: [2, 4] aspect_ratios: [1, 4] height_stride: 5 width_stride: 10 height_offset: 1 }
        }""",
        anchor_generator_pb2.AnchorGenerator(),
    )
    boxes = anchors_from_config(config)([(1, 2)], 50, 50).numpy()
    assert boxes.tolist() == [[0, -1, 2, 1], [0, -4, 2, 4], [0, 9, 2, 11], [0, 6, 2, 14]]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ssd_anchor_generator { scales: 0.5 }", "1 scales for 6 layers"),
        ("ssd_anchor_generator { height_stride: 8 width_stride: 8 }", "1 strides for 6 layers"),
        ("flexible_grid_anchor_generator { anchor_grid { base_sizes: 2 } }", "1 base_sizes and 0 aspect_ratios"),
        ("grid_anchor_generator {}", "an SSD cannot have anchors of the kind grid_anchor_generator"),
    ],
)
def test_anchors_that_cannot_be_made_are_errors(text: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        anchors_from_config(text_format.Parse(text, anchor_generator_pb2.AnchorGenerator()))
