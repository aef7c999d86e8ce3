import numpy as np
import tensorflow as tf

from tfod.boxes.matching import BACKGROUND, IGNORED, ArgMaxMatcher

SIMILARITY = tf.constant([[[0.6, 0.2, 0.1], [0.7, 0.3, 0.0]]])
VALID = tf.constant([[True, True]])


def match(similarity: tf.Tensor = SIMILARITY, valid: tf.Tensor = VALID, **settings: object) -> list[int]:
    return ArgMaxMatcher(**settings)(similarity, valid)[0].numpy().tolist()


def test_between_the_thresholds_an_anchor_is_ignored() -> None:
    similarity = tf.constant([[[0.7, 0.45, 0.2]]])
    one = tf.constant([[True]])
    assert match(similarity, one, unmatched_threshold=0.4) == [0, IGNORED, BACKGROUND]
    swapped = match(similarity, one, unmatched_threshold=0.4, negatives_lower_than_unmatched=False)
    assert swapped == [0, BACKGROUND, IGNORED]


def test_thresholds_themselves_count_as_reached() -> None:
    assert match(tf.constant([[[0.5]]]), tf.constant([[True]])) == [0]


def test_of_equally_similar_boxes_the_first_is_taken() -> None:
    assert match(tf.constant([[[0.8], [0.8]]])) == [0]


def test_every_box_gets_its_best_anchor() -> None:
    similarity = tf.constant([[[0.3, 0.1, 0.0], [0.2, 0.25, 0.0]]])
    assert match(similarity, force_match_for_each_row=True) == [0, 1, BACKGROUND]


def test_padding_is_never_forced_onto_an_anchor() -> None:
    valid = tf.constant([[False, True]])
    assert match(valid=valid, force_match_for_each_row=True)[0] == 1


def test_an_image_without_boxes_is_all_background() -> None:
    nothing = tf.constant([[False, False]])
    for settings in ({}, {"force_match_for_each_row": True}, {"matched_threshold": 0.0, "unmatched_threshold": 0.0}):
        assert match(tf.zeros([1, 2, 3]), nothing, **settings) == [BACKGROUND] * 3


def test_images_of_a_batch_do_not_mix() -> None:
    batch = tf.concat([SIMILARITY, SIMILARITY[:, ::-1]], axis=0)
    matches = ArgMaxMatcher(force_match_for_each_row=True)(batch, tf.concat([VALID, VALID], axis=0))
    assert matches.numpy().tolist() == [[0, -1, -1], [0, -1, -1]]


def test_one_image_and_batches_of_batches() -> None:
    random = tf.random.stateless_uniform([3, 2, 4, 9], seed=[1, 1])
    valid = tf.random.stateless_uniform([3, 2, 4], seed=[2, 2]) > 0.3
    for force in (False, True):
        matcher = ArgMaxMatcher(0.9, 0.6, force_match_for_each_row=force)
        matches = matcher(random, valid)
        assert matches.shape == (3, 2, 9)
        for outer in range(3):
            np.testing.assert_array_equal(matches[outer], matcher(random[outer], valid[outer]))
            for inner in range(2):
                alone = matcher(random[outer, inner], valid[outer, inner])
                np.testing.assert_array_equal(matches[outer, inner], alone)
