import numpy as np
import tensorflow as tf

from tfod.boxes.geometry import iou
from tfod.boxes.similarity import intersection_over_anchor, negative_squared_distance

BOXES = tf.constant([[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0]])
ANCHORS = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 2.0, 3.0]])


def test_the_share_of_the_anchor_that_lies_in_the_box() -> None:
    np.testing.assert_allclose(intersection_over_anchor(BOXES, ANCHORS), [[1, 0.5], [0, 0]])


def test_distance_of_the_corners() -> None:
    np.testing.assert_allclose(negative_squared_distance(BOXES, ANCHORS), [[-2, -2], [-100, -66]])


def test_batches_are_compared_as_their_images() -> None:
    both = tf.stack([BOXES, BOXES + 1.0])
    for measure in (iou, intersection_over_anchor, negative_squared_distance):
        alone = [measure(boxes, ANCHORS) for boxes in tf.unstack(both)]
        np.testing.assert_allclose(measure(both, ANCHORS), tf.stack(alone))
        anchors = tf.stack([ANCHORS, ANCHORS[::-1] - 0.5])
        alone = [measure(*image) for image in zip(tf.unstack(both), tf.unstack(anchors), strict=True)]
        np.testing.assert_array_equal(measure(both, anchors), tf.stack(alone))
