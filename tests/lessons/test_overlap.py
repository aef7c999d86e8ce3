"""IoU and its kin: equal to the product's, and drawn."""

import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.geometry import iou as product_iou
from tfod.boxes.geometry import matched_giou
from tfod.lessons.overlap import diou, giou, intersection, iou, iou_counting_pixels, union
from tfod.lessons.overlap_images import SlidingFrames, draw_overlap, random_boxes


def boxes(count: int) -> np.ndarray:
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 60, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 40, (count, 2))], axis=1)


def test_a_table_of_overlaps_is_that_of_the_detectors() -> None:
    first, second = boxes(20), boxes(30)
    expected = product_iou(tf.constant(first, tf.float32), tf.constant(second, tf.float32)).numpy()
    np.testing.assert_allclose(iou(first[:, None], second), expected, atol=1e-6)
    expected = matched_giou(tf.constant(first[:, None], tf.float32), tf.constant(second, tf.float32)).numpy()
    np.testing.assert_allclose(giou(first[:, None], second), expected, atol=1e-6)


def test_overlaps_are_the_counts_of_pixels() -> None:
    first, second = (2, 3, 9, 11), (5, 1, 12, 8)
    masks = np.zeros((2, 20, 20), bool)
    for mask, (top, left, bottom, right) in zip(masks, (first, second), strict=True):
        mask[top:bottom, left:right] = True
    assert intersection(first, second) == (masks[0] & masks[1]).sum()
    assert union(first, second) == (masks[0] | masks[1]).sum()
    for mask, (top, left, bottom, right) in zip(masks, (first, second), strict=True):
        mask[top : bottom + 1, left : right + 1] = True
    counted = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    assert iou_counting_pixels(first, second) == pytest.approx(counted)


def test_far_boxes_are_told_apart_by_giou_and_diou_alone() -> None:
    box, near, far = (0, 0, 10, 10), (0, 12, 10, 22), (0, 90, 10, 100)
    assert iou(box, near) == iou(box, far) == 0
    assert 0 > giou(box, near) > giou(box, far) > -1
    assert 0 > diou(box, near) > diou(box, far) > -1
    for measure in (iou, giou, diou):
        assert measure(box, box) == 1


def test_boxes_without_area_overlap_nothing() -> None:
    for measure in (iou, giou, diou):
        assert np.isfinite(measure((5, 5, 5, 5), (5, 5, 5, 5)))
    assert iou((5, 5, 5, 5), (0, 0, 10, 10)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_random_boxes_overlap_inside_the_image(seed: int) -> None:
    first, second = random_boxes(seed, 200, 100)
    assert 0.1 < iou(first, second) < 1
    assert (np.stack([first, second]) >= 0).all() and (np.stack([first, second]) <= (100, 200, 100, 200)).all()
    np.testing.assert_array_equal(random_boxes(seed, 200, 100)[1], second)


def test_the_drawing_has_more_of_the_shared_colour_the_more_is_shared() -> None:
    def shared(second: tuple[int, int, int, int]) -> int:
        image = draw_overlap((20, 20, 60, 80), second)
        assert image.shape[1] == 800
        return int((np.abs(image[64:444, :500].astype(int) - image[0, 0]).sum(axis=-1) > 300).sum())

    assert shared((22, 22, 62, 82)) > shared((50, 70, 90, 130))


def test_a_box_slides_from_one_side_to_the_other_and_the_curves_grow() -> None:
    frames = SlidingFrames((20, 20, 60, 80), (22, 8, 66, 78))
    images = [frames(number) for number in (0, len(frames) // 2, len(frames) - 1)]
    assert {image.shape for image in images} == {images[0].shape}
    drawn = [int((image[364:576, 90:] != 255).any(axis=-1).sum()) for image in images]
    assert drawn[0] < drawn[1] < drawn[2]


def test_on_a_photo_the_box_stays_inside() -> None:
    photo = np.full((100, 300, 3), 128, np.uint8)
    frames = SlidingFrames((20, 100, 80, 180), (30, 90, 90, 160), photo)
    assert frames(0).shape == frames(len(frames) - 1).shape
