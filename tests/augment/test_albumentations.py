"""A pipeline of Albumentations for detectors: what belongs to an object goes with it, and comes back."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfod import names
from tfod.augment.albumentations_objects import read_object_albumentations
from tfod.errors import ConfigError

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
A = pytest.importorskip("albumentations", reason="needs the extra [albumentations]")
MASKS, POINTS, SEEN = (
    names.GROUNDTRUTH_INSTANCE_MASKS, names.GROUNDTRUTH_KEYPOINTS, names.GROUNDTRUTH_KEYPOINT_VISIBILITIES,
)  # fmt: skip
BOXES = np.array([[0.0, 0.0, 0.25, 0.25], [0.5, 0.5, 1.0, 1.0], [0.25, 0.5, 0.5, 0.75]], np.float32)


def _example() -> dict[str, Any]:
    """40 x 80: object i is a rectangle of the colour 50 * (i + 1), with keypoints at its middle and nowhere."""
    image = np.zeros((40, 80, 3), np.uint8)
    masks = np.zeros((3, 40, 80), np.uint8)
    for number, box in enumerate(np.rint(BOXES * [40, 80, 40, 80]).astype(int)):
        ymin, xmin, ymax, xmax = box
        image[ymin:ymax, xmin:xmax] = 50 * (number + 1)
        masks[number, ymin:ymax, xmin:xmax] = 1
    points = np.full((3, 2, 2), np.nan, np.float32)
    points[:, 0] = (BOXES[:, :2] + BOXES[:, 2:]) / 2
    return {
        names.IMAGE: tf.constant(image),
        names.GROUNDTRUTH_BOXES: tf.constant(BOXES),
        names.GROUNDTRUTH_CLASSES: tf.constant([3, 1, 2], tf.int64),
        names.GROUNDTRUTH_WEIGHTS: tf.constant([0.0, 1.0, 2.0]),
        MASKS: tf.constant(masks),
        POINTS: tf.constant(points),
        SEEN: tf.constant([[True, False]] * 3),
        names.SOURCE_ID: tf.constant("photo.jpg"),
    }


def _augment(folder: Path, *steps: Any, name: str = "a.yaml", **options: Any) -> Any:
    kind = "json" if name.endswith("json") else "yaml"
    A.save(A.Compose(list(steps), **options), str(folder / name), data_format=kind)
    return read_object_albumentations(str(folder / name))


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_crop_takes_all_that_belongs_to_an_object(tmp_path: Path, name: str) -> None:
    augment = _augment(tmp_path, A.Crop(x_min=40, y_min=10, x_max=80, y_max=40, p=1), name=name)
    after = {key: value.numpy() for key, value in augment(_example(), tf.constant([1, 2], tf.int64)).items()}
    assert after[names.IMAGE].shape == (30, 40, 3) and after[names.SOURCE_ID] == b"photo.jpg"
    assert after[names.GROUNDTRUTH_CLASSES].tolist() == [1, 2] and after[names.GROUNDTRUTH_WEIGHTS].tolist() == [1, 2]
    np.testing.assert_allclose(after[names.GROUNDTRUTH_BOXES], [[1 / 3, 0, 1, 1], [0, 0, 1 / 3, 0.5]], atol=1e-5)
    np.testing.assert_allclose(after[POINTS][:, 0], [[2 / 3, 0.5], [1 / 6, 0.25]], atol=1e-5)
    assert np.isnan(after[POINTS][:, 1]).all() and after[SEEN].tolist() == [[True, False]] * 2
    for mask, value in zip(after[MASKS], (100, 150), strict=True):
        np.testing.assert_array_equal(mask > 0, after[names.IMAGE][..., 0] == value)


def test_the_seed_decides_within_a_graph_and_outside(tmp_path: Path) -> None:
    augment = _augment(tmp_path, A.RandomBrightnessContrast(p=1), A.Rotate(limit=40, p=1))
    seeds = tf.data.Dataset.from_tensor_slices(tf.constant([[1, 2], [1, 3]], tf.int64))
    mapped = list(seeds.map(tf.autograph.experimental.do_not_convert(lambda seed: augment(_example(), seed))))
    for seed, in_graph in zip([(1, 2), (1, 3)], mapped, strict=True):
        eager = augment(_example(), tf.constant(seed, tf.int64))
        for key, value in eager.items():
            np.testing.assert_array_equal(value, in_graph[key])
    assert not np.array_equal(mapped[0][names.IMAGE], mapped[1][names.IMAGE])


@pytest.mark.parametrize("step", [A.HorizontalFlip(p=1), A.VerticalFlip(p=1), A.Rotate(limit=(170, 170), p=1)])
def test_keypoints_take_each_others_places_where_the_image_is_mirrored(tmp_path: Path, step: Any) -> None:
    _augment(tmp_path, step)
    augment = read_object_albumentations(str(tmp_path / "a.yaml"), [1, 0])
    after = augment(_example(), tf.constant([0, 0], tf.int64))
    mirrors = not isinstance(step, A.Rotate)
    assert after[SEEN].numpy().tolist() == [[not mirrors, mirrors]] * 3
    assert np.isnan(after[POINTS].numpy()[:, 0 if mirrors else 1]).all()
    other = read_object_albumentations(str(tmp_path / "a.yaml"), [1, 0, 2])
    with pytest.raises(ConfigError, match="has 3 numbers, and objects have 2 keypoints"):
        other(_example(), tf.constant([0, 0], tf.int64))


def test_without_objects_and_without_masks(tmp_path: Path) -> None:
    augment = _augment(tmp_path, A.HorizontalFlip(p=1))
    plain = {key: value for key, value in _example().items() if key not in (MASKS, POINTS, SEEN)}
    after = augment(plain, tf.constant([0, 0], tf.int64))
    np.testing.assert_allclose(after[names.GROUNDTRUTH_BOXES][:, 1], 1 - BOXES[:, 3], atol=1e-6)
    empty = {key: value[:0] if key.startswith("groundtruth") else value for key, value in _example().items()}
    nothing = _augment(tmp_path, A.Rotate(p=1))(empty, tf.constant([0, 0], tf.int64))
    assert nothing[names.GROUNDTRUTH_BOXES].shape == (0, 4) and nothing[MASKS].shape == (0, 40, 80)


def test_limits_of_the_file_stay(tmp_path: Path) -> None:
    limits = A.BboxParams("pascal_voc", label_fields=["labels"], min_visibility=0.6)
    augment = _augment(tmp_path, A.Crop(x_min=10, y_min=0, x_max=80, y_max=40, p=1), bbox_params=limits)
    assert augment(_example(), tf.constant([0, 0], tf.int64))[names.GROUNDTRUTH_CLASSES].numpy().tolist() == [1, 2]


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="makes float32"):
        _augment(tmp_path, A.Normalize())
    with pytest.raises(ConfigError, match="HorizontalFlip exchanges left and right"):
        _augment(tmp_path, A.HorizontalFlip(p=1))(_example(), tf.constant([0, 0], tf.int64))
    augment = _augment(tmp_path, A.RandomCrop(900, 900, p=1))
    with pytest.raises(ConfigError, match="the pipeline fails") as caught, augment.failures_told():
        augment(_example(), tf.constant([0, 0], tf.int64))
    assert "PadIfNeeded" in caught.value.cure
