import numpy as np
import tensorflow as tf

from tfod.models.faster_rcnn.regions import crop_regions, pyramid_levels


def by_hand(features: np.ndarray, box: np.ndarray, side: int) -> np.ndarray:
    """Sums of all features, weighted by how near they are to each sample."""
    height, width, _ = features.shape

    def weights(start: float, end: float, length: int) -> np.ndarray:
        samples = np.linspace(start, end, side)[:, np.newaxis] * (length - 1)
        return np.maximum(0, 1 - np.abs(samples - np.arange(length)))

    rows, columns = weights(box[0], box[2], height), weights(box[1], box[3], width)
    return np.einsum("sh,tw,hwd->std", rows, columns, features)


def test_crops_are_those_made_by_hand_of_each_box_s_own_map() -> None:
    rng = np.random.default_rng(0)
    maps = [rng.standard_normal([2, side, side + 3, 5]).astype(np.float32) for side in (9, 5)]
    corners = np.sort(rng.uniform(0, 1, [2, 6, 2, 2]), axis=2)
    boxes = corners.reshape([2, 6, 4]).astype(np.float32)
    levels = rng.integers(0, 2, [2, 6])
    assert len(set(levels.ravel().tolist())) == 2
    crops = crop_regions(list(map(tf.constant, maps)), tf.constant(boxes), tf.constant(levels, tf.int32), 4)
    expected = [by_hand(maps[levels[b, p]][b], boxes[b, p], 4) for b in range(2) for p in range(6)]
    np.testing.assert_allclose(crops, expected, atol=1e-5)


def test_the_edge_of_the_image_is_not_zero() -> None:
    crops = crop_regions(
        [tf.ones([1, 40, 37, 1])], tf.constant([[[0.1, 0.3, 1.0, 1.0]]]), tf.zeros([1, 1], tf.int32), 14
    )
    np.testing.assert_allclose(crops, np.ones([1, 14, 14, 1]), atol=1e-5)


def test_empty_boxes_take_the_finest_level_and_huge_ones_the_coarsest() -> None:
    boxes = tf.constant([[[0.2, 0.2, 0.2, 0.2], [0.0, 0.0, 1.0, 1.0]]])
    assert pyramid_levels(boxes, tf.constant([2000, 2000]), 5).numpy().tolist() == [[0, 4]]


def test_without_fading_what_lies_beyond_the_border_is_zero_at_once() -> None:
    box = tf.constant([[[0.0, 0.0, 1.2, 1.0]]])  # its last sample is 0.4 of a cell beyond
    maps, level = [tf.ones([1, 3, 3, 1])], tf.zeros([1, 1], tf.int32)
    faded, cut = (crop_regions(maps, box, level, 3, fades=fades)[0, :, 0, 0] for fades in (True, False))
    np.testing.assert_allclose(faded, [1, 1, 0.6], atol=1e-6)
    np.testing.assert_allclose(cut, [1, 1, 0], atol=1e-6)
