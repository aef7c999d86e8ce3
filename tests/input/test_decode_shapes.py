"""Masks, keypoints and scores of records, to the batch.

What is compared with literals is what the original's decoder, its transformation and its padding give for the same
records (object_detection with TensorFlow 2.15).
"""

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tests.input.records import example, picture, reader, write
from tfod import names
from tfod.config.label_map import label_map_from_names
from tfod.errors import ConfigError
from tfod.input.corrupt import find_corrupt
from tfod.input.decode import RecordDecoder
from tfod.input.decode_shapes import ObjectShapes
from tfod.input.from_config import decoder_from_config, evaluation_dataset, training_dataset
from tfod.models.preprocess import MinusOneToOne, Preprocess
from tfod.models.resizer import ImageResizer
from tfod.protos import eval_pb2, train_pb2

MASKS = np.zeros((2, 4, 6), np.uint8)  # [N, H, W]
MASKS[0, 1:3, :3] = MASKS[1, :2, 4:] = MASKS[1, 3, 5] = 1
NAN = float("nan")
POINTS = [[[0.25, 0.0], [0.5, 0.25], [0.75, 0.5]], [[0.125, 0.75], [0.5, 1.0], [0.0, 0.0]]]
LABELLED = [[True, True, True], [True, True, False]]


def _png(mask):
    return tf.io.encode_png(mask[..., np.newaxis]).numpy()


PNGS = {"image__object__mask": [_png(mask) for mask in MASKS]}
NUMBERS = {"image__object__mask": MASKS.ravel().astype(float).tolist()}
KEYPOINTS = {
    "image__object__keypoint__y": [y for points in POINTS for y, _ in points],
    "image__object__keypoint__x": [x for points in POINTS for _, x in points],
    "image__object__keypoint__visibility": [2, 1, 2, 2, 2, 0],
}
READ_ALL = "max_number_of_boxes: 3 load_instance_masks: true mask_type: PNG_MASKS num_keypoints: 3"
FLIP = "data_augmentation_options { random_horizontal_flip { probability: 1 keypoint_flip_permutation: [1, 0, 2] } }"


def _record(**features):
    encoded = picture(height=4, width=6)
    return example(
        boxes=((0.25, 0.0, 0.75, 0.5), (0.0, 0.5, 1.0, 1.0)), texts=["dog", "cat"], encoded=encoded, **features
    )


def _decode(shapes, **features):
    decode = RecordDecoder(label_map_from_names(["cat", "dog"]), 2, for_evaluation=False, shapes=shapes)
    return {name: value.numpy() for name, value in decode(_record(**features), 0).items()}


def _labels(folder, resizer, settings, augment="", for_evaluation=False, **features):
    """The labels of the one image in the one batch, and its `(h, w)`."""
    write(folder / "train.record", _record(**features))
    source = reader(folder, settings=settings, names=["cat", "dog"])
    preprocess = Preprocess(resizer, MinusOneToOne(), normalize_first=False)
    options = {"preprocess": preprocess.image, "resize_masks": preprocess.masks, "num_classes": 2}
    if for_evaluation:
        dataset = evaluation_dataset(source, eval_pb2.EvalConfig(), **options)
    else:
        config = text_format.Parse(f"batch_size: 1 {augment}", train_pb2.TrainConfig())
        dataset = training_dataset(source, config, seed=1, **options)
    inputs, labels = next(iter(dataset))
    return {name: value[0].numpy() for name, value in labels.items()}, inputs[names.IMAGE].shape[1:3]


@pytest.mark.parametrize(("kind", "features"), [("png", PNGS), ("numbers", NUMBERS)])
def test_masks_are_zeros_and_ones_however_they_are_stored(kind, features):
    decoded = _decode(ObjectShapes(kind), **features)

    assert decoded[names.GROUNDTRUTH_INSTANCE_MASKS].dtype == np.float32
    np.testing.assert_array_equal(decoded[names.GROUNDTRUTH_INSTANCE_MASKS], MASKS)
    assert decoded[names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS].tolist() == [1, 1]


def test_a_record_without_masks_keypoints_and_scores():
    bare = _decode(ObjectShapes("png", 3, multiclass_scores=True))
    told = _decode(ObjectShapes("numbers"), **NUMBERS, image__object__mask__weight=[0.5, 1.0])

    assert not bare[names.GROUNDTRUTH_INSTANCE_MASKS].any()
    assert bare[names.GROUNDTRUTH_INSTANCE_MASKS].shape == (2, 4, 6)
    assert bare[names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS].tolist() == [0, 0], "no mask teaches that there is none"
    assert np.isnan(bare[names.GROUNDTRUTH_KEYPOINTS]).all()
    assert not bare[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES].any()
    assert bare[names.MULTICLASS_SCORES].shape == (2, 0)
    assert told[names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS].tolist() == [0.5, 1]


def test_keypoints_that_are_not_labelled_have_no_place():
    decoded = _decode(ObjectShapes(num_keypoints=3), **KEYPOINTS)
    without = _decode(ObjectShapes(num_keypoints=3), **{**KEYPOINTS, "image__object__keypoint__visibility": []})

    np.testing.assert_array_equal(decoded[names.GROUNDTRUTH_KEYPOINTS], [POINTS[0], [*POINTS[1][:2], [NAN, NAN]]])
    assert decoded[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES].tolist() == LABELLED
    np.testing.assert_array_equal(without[names.GROUNDTRUTH_KEYPOINTS], POINTS)
    assert without[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES].all()


def test_objects_of_unknown_classes_take_their_masks_and_keypoints_with_them():
    decode = RecordDecoder(
        label_map_from_names(["cat"]), 1, for_evaluation=False, shapes=ObjectShapes("png", 3, multiclass_scores=True)
    )
    scores = {"image__object__class__multiclass_scores": [0.1, 0.9, 0.75, 0.25]}

    decoded = decode(_record(**PNGS, **KEYPOINTS, **scores), 0)

    np.testing.assert_array_equal(decoded[names.GROUNDTRUTH_INSTANCE_MASKS], MASKS[1:])
    assert decoded[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES].numpy().tolist() == LABELLED[1:]
    assert decoded[names.MULTICLASS_SCORES].numpy().tolist() == [[0.75, 0.25]]


def test_a_padded_batch_is_that_of_the_original(tmp_path):
    settings = f"{READ_ALL} keypoint_type_weight: [1, 2, 0.5]"
    resizer = ImageResizer.keep_aspect_ratio(8, 9, pad_to_max=True)

    labels, size = _labels(tmp_path, resizer, settings, **PNGS, **KEYPOINTS)

    expected = np.zeros((3, *size), np.float32)
    expected[0, 2:5, :5] = expected[1, :3, 6:] = expected[1, 5, 8] = 1
    np.testing.assert_array_equal(labels[names.GROUNDTRUTH_INSTANCE_MASKS], expected)
    assert labels[names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS].tolist() == [1, 1, 0]
    third = np.float32(1 / 3)
    points = [[[third / 2, 0], [third, 0.25], [0.5, 0.5]], [[third / 4, 0.75], [third, 1], [NAN, NAN]], [[0, 0]] * 3]
    np.testing.assert_allclose(labels[names.GROUNDTRUTH_KEYPOINTS], points, rtol=2e-7)
    assert labels[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES].tolist() == [*LABELLED, [False] * 3]
    assert labels[names.GROUNDTRUTH_KEYPOINT_WEIGHTS].tolist() == [[1, 2, 0.5], [1, 2, 0], [0, 0, 0]]


def test_corners_of_masks_are_those_of_the_image_where_the_resizer_aligns_them(tmp_path):
    settings = "max_number_of_boxes: 3 load_instance_masks: true"

    labels, size = _labels(tmp_path, ImageResizer.at_least(7), settings, **NUMBERS, for_evaluation=True)

    expected = np.zeros((3, *size), np.float32)  # 7 x 10
    expected[0, 1:5, :5] = expected[1, :3, 7:] = expected[1, 5:, 9] = 1
    np.testing.assert_array_equal(labels[names.GROUNDTRUTH_INSTANCE_MASKS], expected)


def test_scores_of_several_classes_are_what_a_class_is_if_the_training_uses_them(tmp_path):
    settings = f"{READ_ALL} load_multiclass_scores: true"
    scores = {"image__object__class__multiclass_scores": [0.1, 0.9, 0.75, 0.25]}
    resizer = ImageResizer.fixed_shape(3, 5)

    used, size = _labels(tmp_path, resizer, settings, "use_multiclass_scores: true", **PNGS, **KEYPOINTS, **scores)
    unused, _ = _labels(tmp_path, resizer, settings, **PNGS, **KEYPOINTS, **scores)

    np.testing.assert_array_equal(
        used[names.GROUNDTRUTH_CLASSES], np.array([[0.1, 0.9], [0.75, 0.25], [0, 0]], np.float32)
    )
    assert unused[names.GROUNDTRUTH_CLASSES].tolist() == [[0, 1], [1, 0], [0, 0]]
    expected = np.zeros((3, *size), np.float32)
    expected[0, 1:, :3] = expected[1, :2, 4] = 1
    np.testing.assert_array_equal(used[names.GROUNDTRUTH_INSTANCE_MASKS], expected)


def test_masks_and_keypoints_are_augmented_before_weights_are_made(tmp_path):
    settings = f"{READ_ALL} keypoint_type_weight: [1, 2, 0.5]"

    labels, _ = _labels(tmp_path, ImageResizer.fixed_shape(4, 6), settings, FLIP, **PNGS, **KEYPOINTS)

    np.testing.assert_array_equal(labels[names.GROUNDTRUTH_INSTANCE_MASKS][:2], MASKS[..., ::-1])
    assert labels[names.GROUNDTRUTH_KEYPOINTS][0].tolist() == [[0.5, 0.75], [0.25, 1], [0.75, 0.5]]
    assert labels[names.GROUNDTRUTH_KEYPOINT_WEIGHTS].tolist() == [[1, 2, 0.5], [1, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("settings", "features", "what"),
    [
        ("load_instance_masks: true", PNGS, "masks are PNG, and mask_type of the reader says numbers"),
        (READ_ALL, {**NUMBERS, **KEYPOINTS}, "masks are numbers, and mask_type of the reader says PNG"),
        (READ_ALL, {"image__object__mask": [_png(MASKS[0]), _png(MASKS[1].T)]}, "mask 1 is of 4 x 6 pixels"),
        (READ_ALL, {"image__object__mask": [_png(MASKS[0])]}, "image/object/mask': 1"),
        ("load_instance_masks: true", {"image__object__mask": [1.0] * 47}, "the masks are 47 numbers"),
        ("num_keypoints: 4", KEYPOINTS, "2 objects with num_keypoints 4 need 8"),
    ],
    ids=["png", "numbers", "size", "count", "pixels", "keypoints"],
)
def test_what_does_not_fit_is_named(tmp_path, settings, features, what):
    path = tmp_path / "train.record"
    write(path, _record(**features))
    decode = decoder_from_config(reader(tmp_path, settings=settings, names=["cat", "dog"]), 2, for_evaluation=False)

    (found,) = find_corrupt(str(path), decode)

    assert what in found.error.what
    assert found.error.where.startswith(f"{path}, record 0, ")


def test_scores_that_nothing_loads_are_refused(tmp_path):
    with pytest.raises(ConfigError) as caught:
        _labels(tmp_path, ImageResizer.fixed_shape(4, 6), "", "use_multiclass_scores: true")

    assert caught.value.where == "train_config.use_multiclass_scores"
