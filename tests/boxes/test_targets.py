import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.geometry import iou
from tfod.boxes.matching import ArgMaxMatcher
from tfod.boxes.similarity import Similarity, negative_squared_distance
from tfod.boxes.targets import TargetAssigner, Targets

ANCHORS = tf.constant([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0]])
BOXES = tf.constant([[[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]]])  # one box and one row of padding
CLASSES = tf.constant([[[0.0, 1.0], [0.0, 0.0]]])


def assigner(**settings: object) -> TargetAssigner:
    return TargetAssigner(iou, ArgMaxMatcher(force_match_for_each_row=True), FasterRcnnBoxCoder(), **settings)


def assign(weight: float = 1.0, **settings: object) -> Targets:
    return assigner(**settings)(ANCHORS, BOXES, CLASSES, tf.constant([[weight, 0.0]]))


def test_the_matched_anchor_learns_the_box_and_the_others_the_background() -> None:
    targets = assign()
    assert targets.positives.numpy().tolist() == [0]
    assert targets.matches.numpy().tolist() == [[0, -1, -1]]
    assert targets.classes()[0].numpy().tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]
    assert targets.class_weights[0].numpy().tolist() == [1, 1, 1]
    assert targets.spread(targets.positive_weights)[0].numpy().tolist() == [1, 0, 0]
    np.testing.assert_allclose(targets.positive_boxes, np.zeros([1, 4]), atol=1e-5)


def test_background_as_zeros() -> None:
    assert assign(background_as_zeros=True).classes()[0].numpy().tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_without_a_background_column_the_first_class_is_the_background_unless_that_is_zeros() -> None:
    assert assign(background_column=False).classes()[0].numpy().tolist() == [[0, 1], [1, 0], [1, 0]]
    zeros = assign(background_column=False, background_as_zeros=True)
    assert zeros.classes()[0].numpy().tolist() == [[0, 1], [0, 0], [0, 0]]


def test_weights_of_boxes_and_of_the_background() -> None:
    targets = assign(weight=0.5, negative_class_weight=0.25)
    assert targets.class_weights[0].numpy().tolist() == [0.5, 0.25, 0.25]
    assert targets.positive_weights.numpy().tolist() == [0.5]


def test_positives_of_several_images_are_numbered_through() -> None:
    boxes = tf.constant([[[0.0, 0.0, 0.5, 0.5]], [[0.0, 0.5, 0.5, 1.0]]])
    targets = assigner()(ANCHORS, boxes, tf.one_hot([[0], [1]], 2), tf.ones([2, 1]))
    assert targets.positives.numpy().tolist() == [0, 5]
    assert targets.positive_classes.numpy().tolist() == [[0, 1, 0], [0, 0, 1]]
    assert targets.spread(tf.constant([1.0, 2.0])).numpy().tolist() == [[1, 0, 0], [0, 0, 2]]


@pytest.mark.parametrize("similarity", [iou, negative_squared_distance])
def test_padding_changes_nothing(similarity: Similarity) -> None:
    assign = TargetAssigner(similarity, ArgMaxMatcher(-1.0, -1.0), FasterRcnnBoxCoder())
    short = assign(ANCHORS, BOXES[:, :1], CLASSES[:, :1], tf.constant([[1.0]]))
    for padded, plain in zip(assign(ANCHORS, BOXES, CLASSES, tf.constant([[1.0, 0.0]])), short, strict=True):
        np.testing.assert_array_equal(padded, plain)


@pytest.mark.parametrize("similarity", [iou, negative_squared_distance])
def test_each_image_may_have_anchors_of_its_own(similarity: Similarity) -> None:
    assign = TargetAssigner(similarity, ArgMaxMatcher(-0.2, -0.2), FasterRcnnBoxCoder())
    anchors = tf.stack([ANCHORS, ANCHORS[::-1] + 0.1])
    boxes = tf.constant([[[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]], [[0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0]]])
    classes, weights = tf.one_hot([[0, 1], [1, 0]], 2), tf.constant([[1.0, 0.0], [0.5, 1.0]])
    together = assign(anchors, boxes, classes, weights)
    alone = [assign(anchors[i], boxes[i : i + 1], classes[i : i + 1], weights[i : i + 1]) for i in range(2)]
    for name in ("positive_classes", "positive_boxes", "positive_weights", "class_weights", "matches"):
        expected = tf.concat([getattr(targets, name) for targets in alone], axis=0)
        np.testing.assert_array_equal(getattr(together, name), expected)
    np.testing.assert_array_equal(together.positives, tf.concat([alone[0].positives, 3 + alone[1].positives], axis=0))
    # The same anchors for each image are those for all.
    for ours, shared in zip(
        assign(tf.stack([ANCHORS, ANCHORS]), boxes, classes, weights),
        assign(ANCHORS, boxes, classes, weights),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, shared)
