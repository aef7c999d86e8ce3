"""Masks and skeletons of objects, as images show them."""

import numpy as np
import pytest

from tfod.visualize.colours import class_colour
from tfod.visualize.draw import draw_boxes
from tfod.visualize.shapes import Skeletons

GREY = np.full((200, 300, 3), 128, np.uint8)
WHOLE = [[0.0, 0.0, 1.0, 1.0]]


def _is_colour(image: np.ndarray, class_id: int) -> np.ndarray:
    return (image == np.array(class_colour(class_id))).all(axis=-1)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
@pytest.mark.parametrize("scale", [1, 10])
def test_a_mask_tints_its_pixels_and_no_others(dtype: type, scale: int) -> None:
    mask = np.zeros((1, 200 // scale, 300 // scale), dtype)
    mask[:, 50 // scale : 100 // scale, 150 // scale : 200 // scale] = 1

    drawn = draw_boxes(GREY, WHOLE, [""], class_ids=[3], masks=mask)

    inside = drawn[55:95, 155:195].astype(float)
    np.testing.assert_allclose(
        inside, np.broadcast_to(0.6 * 128 + 0.4 * np.array(class_colour(3)), inside.shape), atol=1
    )
    assert _is_colour(drawn, 3)[50, 150:200].all()  # the outline
    untouched = drawn.copy()
    untouched[50:100, 150:200] = 128
    assert (untouched[10:-10, 10:-10] == 128).all()


def test_the_best_object_lies_on_top() -> None:
    masks = np.ones((2, 200, 300), bool)

    drawn = draw_boxes(GREY, WHOLE * 2, ["", ""], [0.3, 0.9], [1, 2], masks=masks)

    assert (
        np.abs(drawn[100, 150] - 0.4 * np.array(class_colour(2))).sum()
        < np.abs(drawn[100, 150] - 0.4 * np.array(class_colour(1))).sum()
    )


def test_an_empty_mask_and_no_objects_draw_nothing() -> None:
    empty = np.zeros((1, 200, 300), np.uint8)
    assert (draw_boxes(GREY, WHOLE, [""], masks=empty) == draw_boxes(GREY, WHOLE, [""])).all()
    nothing = Skeletons(np.zeros((0, 3, 2)))
    assert (draw_boxes(GREY, np.zeros((0, 4)), [], masks=empty[:0], skeletons=nothing) == GREY).all()


def test_a_skeleton_has_points_lines_and_rings() -> None:
    points = np.array([[[0.25, 0.25], [0.25, 0.75], [0.75, 0.5], [np.nan, np.nan]]])
    skeletons = Skeletons(points, np.array([[2, 2, 0, 0]]), [(0, 1), (1, 2), (2, 3), (0, 9), (-1, 0), (-2, 0)])

    drawn = draw_boxes(GREY, WHOLE, [""], class_ids=[9], skeletons=skeletons)

    assert _is_colour(drawn, 1)[50, 75] and _is_colour(drawn, 2)[50, 225]
    assert _is_colour(drawn, 9)[50, 150]  # the line between the first two
    assert not _is_colour(drawn, 9)[100, 112], "a number below 0 is no keypoint"
    assert not _is_colour(drawn, 3)[150, 150] and _is_colour(drawn, 3)[145:156, 145:156].any()  # cannot be seen: a ring
