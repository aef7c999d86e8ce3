import numpy as np
import tensorflow as tf

from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.matching import ArgMaxMatcher
from tfod.boxes.targets import TargetAssigner, Targets

ANCHORS = tf.constant([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0]])
BOXES = tf.constant([[[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]]])  # one box and one row of padding
CLASSES = tf.constant([[[0.0, 1.0], [0.0, 0.0]]])


def assign(weight: float = 1.0, **settings: object) -> Targets:
    assigner = TargetAssigner(ArgMaxMatcher(force_match_for_each_row=True), FasterRcnnBoxCoder(), **settings)
    return assigner(ANCHORS, BOXES, CLASSES, tf.constant([[weight, 0.0]]))


def test_the_matched_anchor_learns_the_box_and_the_others_the_background() -> None:
    targets = assign()
    assert targets.classes[0].numpy().tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]
    assert targets.class_weights[0].numpy().tolist() == [1, 1, 1]
    assert targets.box_weights[0].numpy().tolist() == [1, 0, 0]
    np.testing.assert_allclose(targets.boxes[0], np.zeros([3, 4]), atol=1e-5)


def test_background_as_zeros() -> None:
    assert assign(background_as_zeros=True).classes[0].numpy().tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_without_a_background_column() -> None:
    assert assign(background_column=False).classes[0].numpy().tolist() == [[0, 1], [0, 0], [0, 0]]


def test_weights_of_boxes_and_of_the_background() -> None:
    targets = assign(weight=0.5, negative_class_weight=0.25)
    assert targets.class_weights[0].numpy().tolist() == [0.5, 0.25, 0.25]
    assert targets.box_weights[0].numpy().tolist() == [0.5, 0, 0]


def test_padding_changes_nothing() -> None:
    assigner = TargetAssigner(ArgMaxMatcher(force_match_for_each_row=True), FasterRcnnBoxCoder())
    short = assigner(ANCHORS, BOXES[:, :1], CLASSES[:, :1], tf.constant([[1.0]]))
    for padded, plain in zip(assign(), short, strict=True):
        np.testing.assert_array_equal(padded, plain)
