import pytest
import tensorflow as tf

from tfod.boxes.matching import BACKGROUND, IGNORED, ArgMaxMatcher, matcher_from_config
from tfod.errors import ConfigError
from tfod.protos import matcher_pb2

SIMILARITY = tf.constant([[[0.6, 0.2, 0.1], [0.7, 0.3, 0.0]]])
VALID = tf.constant([[True, True]])


def match(similarity: tf.Tensor = SIMILARITY, valid: tf.Tensor = VALID, **settings: object) -> list[int]:
    return ArgMaxMatcher(**settings)(similarity, valid)[0].numpy().tolist()


def test_the_example_of_the_docstring() -> None:
    assert match() == [1, BACKGROUND, BACKGROUND]
    assert match(force_match_for_each_row=True) == [0, BACKGROUND, BACKGROUND]


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


def test_every_box_gets_its_favourite_anchor() -> None:
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


def test_thresholds_the_wrong_way_round_are_an_error() -> None:
    config = matcher_pb2.Matcher()
    config.argmax_matcher.unmatched_threshold = 0.7
    with pytest.raises(ConfigError, match=r"unmatched_threshold 0\.7 is above"):
        matcher_from_config(config)


def test_the_bipartite_matcher_is_an_error() -> None:
    config = matcher_pb2.Matcher(bipartite_matcher={})
    with pytest.raises(ConfigError, match="only argmax_matcher"):
        matcher_from_config(config)
