import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.geometry import iou
from tfod.boxes.similarity import intersection_over_anchor, negative_squared_distance, similarity_from_config
from tfod.errors import ConfigError
from tfod.protos import region_similarity_calculator_pb2

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


def test_the_measure_is_the_one_named() -> None:
    config = region_similarity_calculator_pb2.RegionSimilarityCalculator
    assert similarity_from_config(config(iou_similarity={})) is iou
    assert similarity_from_config(config(ioa_similarity={})) is intersection_over_anchor
    assert similarity_from_config(config(neg_sq_dist_similarity={})) is negative_squared_distance


def test_what_cannot_match_ground_truth_is_an_error() -> None:
    config = region_similarity_calculator_pb2.RegionSimilarityCalculator
    with pytest.raises(ConfigError, match="needs scores of ground truth"):
        similarity_from_config(config(thresholded_iou_similarity={}))
    with pytest.raises(ConfigError, match="no similarity"):
        similarity_from_config(config())
