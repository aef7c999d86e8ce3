import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.geometry import (
    area,
    change_frame,
    clip_to_window,
    cyxhw_to_yxyx,
    intersection_over_area,
    iou,
    yxyx_to_cyxhw,
)

BOXES = tf.constant([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 2.0, 4.0], [5.0, 5.0, 5.0, 5.0]])


def test_area() -> None:
    assert area(BOXES).numpy().tolist() == [4, 3, 0]


def test_iou_by_hand() -> None:
    overlaps = iou(BOXES, BOXES[:2]).numpy()
    np.testing.assert_allclose(overlaps, [[1, 1 / 6], [1 / 6, 1], [0, 0]], rtol=1e-6)


def test_iou_of_a_batch_is_that_of_its_images() -> None:
    batch = tf.stack([BOXES, BOXES[::-1]])
    overlaps = iou(batch, BOXES)
    for image in range(2):
        np.testing.assert_array_equal(overlaps[image], iou(batch[image], BOXES))


def test_iou_of_anchors_of_each_image() -> None:
    boxes, anchors = tf.stack([BOXES, BOXES + 0.5]), tf.stack([BOXES[:2], BOXES[1:] - 0.25])
    overlaps = iou(boxes, anchors)
    assert overlaps.shape == (2, 3, 2)
    for image in range(2):
        np.testing.assert_array_equal(overlaps[image], iou(boxes[image], anchors[image]))
    # One set of boxes against the anchors of each image; and two leading dimensions.
    np.testing.assert_array_equal(iou(BOXES, anchors)[1], iou(BOXES, anchors[1]))
    twice = iou(tf.stack([boxes, boxes])[:, :, tf.newaxis], anchors[tf.newaxis, :, tf.newaxis])
    np.testing.assert_array_equal(twice[1, :, 0], overlaps)


def test_two_empty_boxes_in_one_place_do_not_overlap() -> None:
    assert float(iou(BOXES[2:], BOXES[2:])[0, 0]) == 0.0


def test_share_of_a_box_in_a_window() -> None:
    shares = intersection_over_area(BOXES, tf.constant([[0.0, 0.0, 1.5, 2.0]]))[:, 0]
    np.testing.assert_allclose(shares, [0.75, 1 / 6, 0], rtol=1e-6)


def test_centres_and_back() -> None:
    boxes = tf.random.stateless_uniform([50, 4], seed=[1, 2])
    np.testing.assert_allclose(cyxhw_to_yxyx(*yxyx_to_cyxhw(boxes)), boxes, atol=1e-6)


def test_clipping_to_each_images_own_window() -> None:
    boxes = tf.constant([[[-1.0, 0.2, 3.0, 0.4]], [[-1.0, 0.2, 3.0, 0.4]]])
    windows = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.0, 0.3, 2.0, 1.0]])
    clipped = clip_to_window(boxes, windows)
    np.testing.assert_allclose(clipped[:, 0], [[0, 0.2, 1, 0.4], [0, 0.3, 2, 0.4]])


def test_change_of_frame_maps_the_window_to_the_unit_square() -> None:
    window = tf.constant([0.25, 0.5, 0.75, 1.0])
    assert change_frame(window[tf.newaxis], window)[0].numpy() == pytest.approx([0, 0, 1, 1])
