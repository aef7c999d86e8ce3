"""One record at a time: pictures, classes, defaults, what is left out and what stops the run."""

import numpy as np
import pytest
import tensorflow as tf

from tests.input.records import CLASSES, example, picture
from tfod import names
from tfod.config.label_map import LabelMap, LabelMapItem, label_map_from_names
from tfod.input.decode import RecordDecoder

TWO_BOXES = ((0.1, 0.2, 0.5, 0.6), (0.0, 0.0, 1.0, 1.0))
CAT_DOG_HEN = label_map_from_names(CLASSES)


def _decode(record, label_map=CAT_DOG_HEN, num_classes=3, for_evaluation=False):
    decoded = RecordDecoder(label_map, num_classes, for_evaluation=for_evaluation)(record, 7)
    return {name: value.numpy() for name, value in decoded.items()}


def test_a_record():
    decoded = _decode(example(boxes=TWO_BOXES, texts=["hen", "cat"]))

    assert decoded[names.IMAGE].shape == (6, 8, 3)
    assert decoded[names.IMAGE].dtype == np.uint8
    assert (decoded[names.IMAGE] == 100).all()
    np.testing.assert_allclose(decoded[names.GROUNDTRUTH_BOXES], TWO_BOXES)
    assert decoded[names.GROUNDTRUTH_CLASSES].tolist() == [3, 1]
    assert decoded[names.GROUNDTRUTH_WEIGHTS].tolist() == [1, 1]
    assert decoded[names.ORIGINAL_IMAGE_SPATIAL_SHAPE].tolist() == [6, 8]
    assert decoded[names.SOURCE_ID] == b"a.png"
    assert decoded[names.HASH] == tf.strings.to_hash_bucket_fast("a.png", 2**31).numpy()


def test_what_evaluation_reads_too_has_defaults():
    bare = _decode(example(boxes=TWO_BOXES, texts=["hen", "cat"]), for_evaluation=True)
    told = _decode(
        example(
            boxes=TWO_BOXES,
            texts=["hen", "cat"],
            image__object__area=[3.0, 4.0],
            image__object__is_crowd=[0, 1],
            image__object__difficult=[1, 0],
            image__object__weight=[0.5, 2.0],
        ),
        for_evaluation=True,
    )

    assert bare[names.GROUNDTRUTH_AREA].tolist() == [0, 0]
    assert bare[names.GROUNDTRUTH_IS_CROWD].tolist() == [False, False]
    assert bare[names.GROUNDTRUTH_DIFFICULT].tolist() == [False, False]
    assert told[names.GROUNDTRUTH_AREA].tolist() == [3, 4]
    assert told[names.GROUNDTRUTH_IS_CROWD].tolist() == [False, True]
    assert told[names.GROUNDTRUTH_DIFFICULT].tolist() == [True, False]
    assert told[names.GROUNDTRUTH_WEIGHTS].tolist() == [0.5, 2]


@pytest.mark.parametrize("encode", [tf.io.encode_png, tf.io.encode_jpeg])
def test_gray_pictures_get_three_channels(encode):
    gray = encode(tf.fill([4, 5, 1], tf.constant(80, tf.uint8))).numpy()

    image = _decode(example(encoded=gray))[names.IMAGE]

    assert image.shape == (4, 5, 3)
    assert (image == 80).all()


def test_transparency_is_dropped():
    encoded = tf.io.encode_png(tf.fill([4, 5, 4], tf.constant(80, tf.uint8))).numpy()

    assert _decode(example(encoded=encoded))[names.IMAGE].shape == (4, 5, 3)


def test_the_text_of_a_class_counts_before_its_number():
    both = example(boxes=TWO_BOXES, texts=["hen", "cat"], image__object__class__label=[2, 2])
    number = example(boxes=TWO_BOXES, texts=[], image__object__class__label=[2, 1])

    assert _decode(both)[names.GROUNDTRUTH_CLASSES].tolist() == [3, 1]
    assert _decode(both, label_map=None)[names.GROUNDTRUTH_CLASSES].tolist() == [2, 2]
    assert _decode(number)[names.GROUNDTRUTH_CLASSES].tolist() == [2, 1]


def test_a_class_is_known_by_its_name_and_by_its_display_name():
    label_map = LabelMap((LabelMapItem(1, "/m/01", "cat"), LabelMapItem(5, "/m/02", "dog")))

    decoded = _decode(example(boxes=TWO_BOXES, texts=["/m/02", "cat"]), label_map, num_classes=5)

    assert decoded[names.GROUNDTRUTH_CLASSES].tolist() == [5, 1]


def test_unknown_classes_are_left_out_and_told_once(capfd):
    decode = RecordDecoder(CAT_DOG_HEN, 2, for_evaluation=True)
    record = example(
        boxes=(*TWO_BOXES, (0.5, 0.5, 0.6, 0.6)), texts=["cow", "dog", "hen"], image__object__is_crowd=[0, 1, 0]
    )

    decoded = [decode(record, 0), decode(record, 1)]

    for objects in decoded:
        assert objects[names.GROUNDTRUTH_CLASSES].numpy().tolist() == [2]
        assert objects[names.GROUNDTRUTH_IS_CROWD].numpy().tolist() == [True]
        np.testing.assert_allclose(objects[names.GROUNDTRUTH_BOXES], [TWO_BOXES[1]])
    warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("warning")]
    assert len(warnings) == 1
    assert '1..2 (first in "a.png")' in warnings[0]


def test_boxes_that_are_no_numbers_are_left_out():
    boxes = ((float("nan"), 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, float("inf"), 1.0))

    decoded = _decode(example(boxes=boxes, texts=["cat", "dog", "hen"]))

    assert decoded[names.GROUNDTRUTH_CLASSES].tolist() == [2]


def test_a_picture_without_objects():
    decoded = _decode(example(boxes=(), texts=()), for_evaluation=True)

    assert decoded[names.GROUNDTRUTH_BOXES].shape == (0, 4)
    assert decoded[names.GROUNDTRUTH_IS_CROWD].shape == (0,)


def test_a_record_without_source_id_is_known_by_its_number():
    assert _decode(example(image__source_id=[]))[names.SOURCE_ID] == b"7"


@pytest.mark.parametrize(
    "record",
    [
        example(encoded=b"no picture"),
        example(encoded=b""),
        example(encoded=picture(encode=tf.io.encode_jpeg)[:300]),
        example(boxes=((0.5, 0.2, 0.1, 0.6),)),
        example(texts=["cat", "dog"]),
        example(image__object__weight=[1.0, 1.0]),
        example(image__object__bbox__ymin=[0.1, 0.2]),
        b"no example",
    ],
    ids=["junk", "empty", "truncated", "inverted", "classes", "weights", "coordinates", "record"],
)
def test_what_cannot_be_used_raises(record):
    with pytest.raises(tf.errors.InvalidArgumentError):
        _decode(record)
