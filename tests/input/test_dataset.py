"""Whole data sets: shapes, frames, shuffling, seeds, batches, and settings that cannot be."""

import time

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tests.input.records import example, picture, reader, resize_to, write
from tfod import names
from tfod.augment.albumentations_objects import read_object_albumentations
from tfod.errors import ConfigError, DataError
from tfod.input.from_config import evaluation_dataset, training_dataset
from tfod.models.resizer import ImageResizer
from tfod.protos import eval_pb2, train_pb2

FLIP = "data_augmentation_options { random_horizontal_flip {} }"


def _train_config(text=""):
    return text_format.Parse(f"batch_size: 2 {text}", train_pb2.TrainConfig())


def _training(source, augment="", **options):
    options = {"preprocess": resize_to(), "num_classes": 3, "seed": 1, **options}
    return training_dataset(source, _train_config(augment), **options)


def _evaluation(source, config="", **options):
    eval_config = text_format.Parse(config, eval_pb2.EvalConfig())
    return evaluation_dataset(source, eval_config, **{"preprocess": resize_to(), "num_classes": 3, **options})


def _ids(dataset, batches):
    return [name.decode() for features, _ in dataset.take(batches) for name in features[names.SOURCE_ID].numpy()]


@pytest.fixture
def ten(tmp_path):
    """Ten pictures in two shards; picture n is of colour 20 n and has n boxes."""
    records = [
        example(f"{n}.png", boxes=((0.1, 0.2, 0.5, 0.6),) * n, texts=["dog"] * n, encoded=picture(20 * n))
        for n in range(10)
    ]
    write(tmp_path / "train.record-00000-of-00002", *records[::2])
    write(tmp_path / "train.record-00001-of-00002", *records[1::2])
    return tmp_path


def test_a_training_batch(ten):
    source = reader(ten, "train.record-?????-of-00002", "max_number_of_boxes: 12")

    features, labels = next(iter(_training(source)))

    assert {name: (value.dtype.name, tuple(value.shape)) for name, value in features.items()} == {
        names.IMAGE: ("float32", (2, 4, 4, 3)),
        names.TRUE_IMAGE_SHAPE: ("int32", (2, 3)),
        names.ORIGINAL_IMAGE_SPATIAL_SHAPE: ("int32", (2, 2)),
        names.SOURCE_ID: ("string", (2,)),
        names.HASH: ("int32", (2,)),
    }
    assert {name: (value.dtype.name, tuple(value.shape)) for name, value in labels.items()} == {
        names.NUM_GROUNDTRUTH_BOXES: ("int32", (2,)),
        names.GROUNDTRUTH_BOXES: ("float32", (2, 12, 4)),
        names.GROUNDTRUTH_CLASSES: ("float32", (2, 12, 3)),
        names.GROUNDTRUTH_WEIGHTS: ("float32", (2, 12)),
    }
    for index, name in enumerate(features[names.SOURCE_ID].numpy()):
        count = int(name.decode().removesuffix(".png"))
        assert (features[names.IMAGE][index].numpy() == 20 * count).all()
        assert labels[names.NUM_GROUNDTRUTH_BOXES][index] == count
        weights = labels[names.GROUNDTRUTH_WEIGHTS][index].numpy()
        assert weights.tolist() == [1] * count + [0] * (12 - count)
        assert labels[names.GROUNDTRUTH_CLASSES][index].numpy().tolist() == [[0, w, 0] for w in weights]
        boxes = labels[names.GROUNDTRUTH_BOXES][index].numpy()
        np.testing.assert_allclose(boxes, np.outer(weights, [0.1, 0.2, 0.5, 0.6]), rtol=1e-6)


def test_shapes_are_known_while_the_graph_is_built(ten):
    features, labels = _training(reader(ten, "train.record-*")).element_spec

    assert features[names.IMAGE].shape == (2, 4, 4, 3)
    assert labels[names.GROUNDTRUTH_BOXES].shape == (2, 100, 4)
    assert labels[names.GROUNDTRUTH_CLASSES].shape == (2, 100, 3)


def test_an_epoch_shows_every_picture_once_in_an_order_of_its_own(ten):
    ids = _ids(_training(reader(ten, "train.record-*")), batches=10)

    first, second = ids[:10], ids[10:]
    assert sorted(first) == sorted(second) == [f"{n}.png" for n in range(10)]
    assert first != second


def test_without_shuffling_the_order_is_that_of_the_files(tmp_path):
    write(tmp_path / "train.record", *(example(f"{n}.png") for n in range(3)))

    assert _ids(_training(reader(tmp_path, settings="shuffle: false")), 3) == [f"{n}.png" for n in (0, 1, 2) * 2]


def test_one_seed_gives_one_sequence_of_batches(ten):
    source = reader(ten, "train.record-*")

    def batches(seed):
        dataset = _training(source, FLIP, seed=seed, deterministic=True).take(8)
        return [value.numpy() for batch in dataset for value in tf.nest.flatten(batch)]

    first, again, other = batches(3), batches(3), batches(4)

    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_a_run_that_goes_on_sees_the_batches_that_it_would_have_seen(ten):
    source = reader(ten, "train.record-*")

    whole = _ids(_training(source, deterministic=True), 6)
    rest = _ids(_training(source, deterministic=True, first_batch=4), 2)

    assert whole[8:] == rest


def test_a_picture_is_augmented_anew_each_time(tmp_path):
    write(tmp_path / "train.record", example())

    batches = _training(reader(tmp_path), FLIP).take(20)

    lefts = {float(box[1]) for _, labels in batches for box in labels[names.GROUNDTRUTH_BOXES].numpy()[:, 0]}
    assert len(lefts) == 2


def test_boxes_are_relative_to_the_padded_picture(tmp_path):
    write(tmp_path / "train.record", example(encoded=picture(height=4, width=8)))
    resizer = ImageResizer.keep_aspect_ratio(8, 8, pad_to_max=True)

    features, labels = next(iter(_evaluation(reader(tmp_path), preprocess=resizer)))

    assert features[names.TRUE_IMAGE_SHAPE].numpy().tolist() == [[4, 8, 3]]
    np.testing.assert_allclose(labels[names.GROUNDTRUTH_BOXES][0, 0], [0.05, 0.2, 0.25, 0.6])
    assert features[names.ORIGINAL_IMAGE].shape == (1, 8, 8, 3)
    assert features[names.ORIGINAL_IMAGE].dtype == tf.uint8
    assert (features[names.ORIGINAL_IMAGE].numpy()[0, :, 0, 0] == [100] * 4 + [0] * 4).all()


def test_more_objects_than_fit_are_cut_and_told_once(ten, capfd):
    source = reader(ten, "train.record-*", "max_number_of_boxes: 3")

    counts = [int(labels[names.NUM_GROUNDTRUTH_BOXES][0]) for _, labels in _evaluation(source)]

    assert sorted(counts) == [0, 1, 2] + [3] * 7
    warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("warning")]
    assert len(warnings) == 1
    assert "more than 3 objects" in warnings[0]


def test_evaluation_sees_every_picture_once_even_in_a_last_small_batch(ten):
    source = reader(ten, "train.record-*", "shuffle: false")

    sizes = [features[names.IMAGE].shape[0] for features, _ in _evaluation(source, "batch_size: 4")]

    assert sizes == [4, 4, 2]
    assert sorted(_ids(_evaluation(source, "batch_size: 4"), -1)) == [f"{n}.png" for n in range(10)]
    source.drop_remainder = True
    assert len(list(_evaluation(source, "batch_size: 4"))) == 2


def test_evaluation_labels(ten):
    features, labels = _evaluation(reader(ten, "train.record-*"), "retain_original_images: false").element_spec

    assert names.ORIGINAL_IMAGE not in features
    assert labels[names.GROUNDTRUTH_IS_CROWD].dtype == tf.bool
    assert labels[names.GROUNDTRUTH_DIFFICULT].dtype == tf.bool
    assert labels[names.GROUNDTRUTH_AREA].shape == (None, 100)


def test_every_nth_example(ten):
    source = reader(ten, "train.record-*", "shuffle: false sample_1_of_n_examples: 4")

    assert len(_ids(_evaluation(source), -1)) == 3


def test_weighted_sources(tmp_path):
    write(tmp_path / "a.record", example("a.png"))
    write(tmp_path / "b.record", example("b.png"))
    source = reader(tmp_path, "a.record", "sample_from_datasets_weights: [0.9, 0.1]")
    source.tf_record_input_reader.input_path.append(str(tmp_path / "b.record"))

    ids = _ids(_training(source), 150)

    assert 0.82 < ids.count("a.png") / 300 < 0.97


def test_files_without_records(tmp_path):
    write(tmp_path / "train.record")

    with pytest.raises(DataError, match="no record") as caught:
        _training(reader(tmp_path))

    assert caught.value.where == str(tmp_path / "train.record")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("load_context_features: true", "not available here: Context R-CNN"),
        ("num_keypoints: 3 keypoint_type_weight: [1, 1]", "2 keypoint_type_weight for 3 num_keypoints"),
        ("num_additional_channels: 1", "more than three channels"),
        ("input_type: TF_SEQUENCE_EXAMPLE", "records of sequences"),
        ("sample_from_datasets_weights: [1, 2]", "2 sample_from_datasets_weights for 1 input_paths"),
    ],
)
def test_readers_that_ask_for_what_is_not_there(ten, settings, message):
    with pytest.raises(ConfigError, match=message):
        _training(reader(ten, "train.record-*", settings))


def test_pictures_of_different_sizes_make_no_batch(ten):
    with pytest.raises(ConfigError, match="cannot make a batch of 2"):
        _training(reader(ten, "train.record-*"), preprocess=ImageResizer.identity())


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no TFRecord file matches"):
        _training(reader(tmp_path))


def test_a_pipeline_of_albumentations_augments_instead_while_a_batch_is_waited_for(tmp_path, monkeypatch):
    albumentations = pytest.importorskip("albumentations", reason="needs the extra [albumentations]")
    path = str(tmp_path / "a.yaml")
    albumentations.save(albumentations.Compose([albumentations.VerticalFlip(p=1)]), path, data_format="yaml")
    write(tmp_path / "train.record", *(example(f"{number}.png") for number in range(4)))
    source, augment = reader(tmp_path), read_object_albumentations(path)
    calls, change = [], augment._change
    monkeypatch.setattr(augment, "_change", lambda *inputs: calls.append(1) or change(*inputs))
    config = _train_config("data_augmentation_options { random_self_concat_image {} }")
    batches = training_dataset(source, config, preprocess=resize_to(), num_classes=3, seed=1, augment=augment)
    iterator = iter(batches)
    _, labels = next(iterator)
    boxes = labels[names.GROUNDTRUTH_BOXES][:, 0].numpy()
    np.testing.assert_allclose(boxes, [[0.5, 0.2, 0.9, 0.6]] * 2, atol=1e-6)
    time.sleep(0.3)
    assert len(calls) == 2  # the images of one batch: it does not run ahead
