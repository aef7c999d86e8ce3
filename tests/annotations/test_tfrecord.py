"""TFRecords as annotations: found below a folder, in the subsets of their folders, named by the label maps beside."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.annotations.voc_files import picture
from tfod import names
from tfod.annotations.annotated_image import AnnotatedImage, Keypoint, Skeleton
from tfod.annotations.catalogue import read_dataset
from tfod.annotations.format import Reading
from tfod.annotations.masks import bitmap
from tfod.errors import DataError
from tfod.records.example import bytes_feature, encode_example, float_feature, int64_feature, text_feature
from tfod.records.frames import write_frame


def _write(path: Path, name: str, *, text: bytes | None = None, label: int = 1) -> Path:
    """A file with one record, whose one object has a number for its class and, if given, a text."""
    features = {
        "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture()])),
        "image/filename": tf.train.Feature(bytes_list=tf.train.BytesList(value=[name.encode()])),
        "image/object/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
    }
    if text is not None:
        features["image/object/class/text"] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text]))
    for side, value in (("xmin", 0.25), ("ymin", 0.25), ("xmax", 0.5), ("ymax", 0.5)):
        features[f"image/object/bbox/{side}"] = tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return path


def _found(path: Path, reading: Reading | None = None) -> dict[str, tuple[str, str]]:
    """File name of each picture -> its subset and the class of its object."""
    images = [*read_dataset(str(path), "tfrecord", reading).images]
    assert all(isinstance(image, AnnotatedImage) for image in images)
    return {image.filename: (image.subset, image.objects[0].class_name) for image in images}  # type: ignore[union-attr]


def test_records_below_a_folder_are_members_of_the_subsets_that_their_folders_name(tmp_path: Path) -> None:
    for folder, name in (("train", "a.jpg"), ("valid", "b.jpg"), ("test", "c.jpg"), ("more/deep", "d.jpg")):
        _write(tmp_path / folder / "cells.tfrecord", name, text=b"cat")
        (tmp_path / folder / "cells_label_map.pbtxt").write_text("item { name: 'cat', id: 1 }")
    _write(tmp_path / ".hidden.record", "e.jpg")
    _write(tmp_path / "train-00000-of-00001.tfrec", "f.jpg", text=b"cat")
    found = {name: subset for name, (subset, _) in _found(tmp_path).items()}
    assert found == {"a.jpg": "train", "b.jpg": "val", "c.jpg": "test", "d.jpg": "", "f.jpg": "train"}


def test_numbers_of_classes_get_their_names_from_the_label_map_beside(tmp_path: Path) -> None:
    _write(tmp_path / "train" / "cells.tfrecord", "a.jpg", label=2)
    (tmp_path / "train" / "cells_label_map.pbtxt").write_text("item { name: 'cat' id: 1 } item { name: 'dog' id: 2 }")
    _write(tmp_path / "val" / "x.record-00000-of-00001", "b.jpg")
    (tmp_path / "label_map.pbtxt").write_text("item { name: 'cat' id: 1 } item { name: 'dog' id: 2 }")
    _write(tmp_path / "test" / "y.record", "c.jpg", text=b"a text counts more")
    assert _found(tmp_path) == {
        "a.jpg": ("train", "dog"), "b.jpg": ("val", "cat"), "c.jpg": ("test", "a text counts more")
    }  # fmt: skip
    assert read_dataset(str(tmp_path), "tfrecord").class_ids == {"cat": 1, "dog": 2}
    assert _found(tmp_path / "train" / "cells.tfrecord") == {"a.jpg": ("", "dog")}
    assert _found(tmp_path / "val")["b.jpg"] == ("", "1")  # the map lies outside of what was named
    assert _found(tmp_path, Reading(class_names={1: "own", 2: "other"}))["a.jpg"] == ("train", "other")


def test_label_maps_that_disagree_name_their_own_records(tmp_path: Path) -> None:
    for folder, text in (("train", "item { name: 'cat' id: 1 }"), ("valid", "item { name: 'dog' id: 1 }")):
        _write(tmp_path / folder / "x.tfrecord", f"{folder}.jpg")
        (tmp_path / folder / "x_label_map.pbtxt").write_text(text)
    assert _found(tmp_path) == {"train.jpg": ("train", "cat"), "valid.jpg": ("val", "dog")}
    assert read_dataset(str(tmp_path), "tfrecord").class_ids == {}


def test_two_label_maps_of_which_none_is_called_after_the_file_say_nothing(tmp_path: Path) -> None:
    _write(tmp_path / "x.record", "a.jpg")
    for name in ("a_label_map.pbtxt", "b_label_map.pbtxt"):
        (tmp_path / name).write_text("item { name: 'cat' id: 1 }")
    assert _found(tmp_path) == {"a.jpg": ("", "1")}
    (tmp_path / "x_label_map.pbtxt").write_text("item { name: ‘dog’ id: 1 }")
    _write(tmp_path / "y.record", "b.jpg", text=b"cat")
    (tmp_path / "y_label_map.pbtxt").write_text("item { name: ‘dog’ id: 1 }")
    broken, sound = read_dataset(str(tmp_path), "tfrecord").images
    assert isinstance(broken, DataError) and "the quotes are curly" in broken.what
    assert broken.cure == 'write name: "dog", with plain quotes'
    assert isinstance(sound, AnnotatedImage)  # it has a text and needs no label map


def test_a_folder_without_records(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no TFRecord file"):
        _found(tmp_path)


def test_keypoints_that_records_alone_name_and_masks_as_numbers(tmp_path: Path) -> None:
    """As the original's converters write them: no label map says what keypoints are called."""
    pixels = np.zeros((2, 48, 64), np.float32)
    pixels[0, 3:9, 4:20] = 1
    features = {
        names.IMAGE_ENCODED: bytes_feature(picture(64, 48)),
        names.IMAGE_FILENAME: bytes_feature(b"a.jpg"),
        **{side: float_feature([0.25, 0.25]) for side in (names.OBJECT_XMIN, names.OBJECT_YMIN)},
        **{side: float_feature([0.5, 0.5]) for side in (names.OBJECT_XMAX, names.OBJECT_YMAX)},
        names.OBJECT_CLASS_TEXT: text_feature(["person", "dog"]),
        names.OBJECT_KEYPOINT_X: float_feature([0.25, 0.5, 0, 0]),
        names.OBJECT_KEYPOINT_Y: float_feature([0.5, 0.25, 0, 0]),
        names.OBJECT_KEYPOINT_VISIBILITY: int64_feature([2, 1, 0, 0]),
        names.OBJECT_KEYPOINT_TEXT: text_feature(["nose", "left_eye"] * 2),
        names.OBJECT_MASK: float_feature(pixels.ravel().tolist()),
    }
    with (tmp_path / "a.record").open("wb") as file:
        write_frame(file, encode_example({name: value for name, value in features.items() if "keypoint" not in name}))
        write_frame(file, encode_example(features))

    dataset = read_dataset(str(tmp_path))

    assert dataset.skeletons == {}, "the first record with objects names none"
    (tmp_path / "a.record").unlink()
    with (tmp_path / "b.record").open("wb") as file:
        write_frame(file, encode_example(features))
    dataset = read_dataset(str(tmp_path))
    (image,) = dataset.images
    assert isinstance(image, AnnotatedImage)
    person, dog = image.objects
    assert dataset.skeletons == {"person": Skeleton(("nose", "left_eye"))}
    assert person.keypoints == (Keypoint(16, 24), Keypoint(32, 12, 1))
    assert dog.keypoints == ()
    assert person.mask is not None and dog.mask is None
    np.testing.assert_array_equal(bitmap(person.mask, 48, 64), pixels[0] > 0)
