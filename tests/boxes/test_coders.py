import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.coders import (
    BoxCoder,
    FasterRcnnBoxCoder,
    MeanStddevBoxCoder,
    SquareBoxCoder,
)

ANCHOR = tf.constant([[0.0, 0.0, 1.0, 1.0]])


def test_a_shift_by_hand() -> None:
    codes = FasterRcnnBoxCoder().encode(tf.constant([[0.1, 0.0, 1.1, 1.0]]), ANCHOR)
    np.testing.assert_allclose(codes[0], [1, 0, 0, 0], atol=1e-5)


def test_a_size_by_hand() -> None:
    # Twice as wide around the same centre: tw = ln 2 · 5.
    codes = FasterRcnnBoxCoder().encode(tf.constant([[0.0, -0.5, 1.0, 1.5]]), ANCHOR)
    np.testing.assert_allclose(codes[0], [0, 0, 0, 3.4657359], atol=1e-5)


def test_differences_of_coordinates_by_hand() -> None:
    codes = MeanStddevBoxCoder(0.1).encode(tf.constant([[0.1, 0.0, 1.0, 1.2]]), ANCHOR)
    np.testing.assert_allclose(codes[0], [1, 0, 0, 2], atol=1e-5)


def test_squares_by_hand() -> None:
    # Of the same area as the anchor, a fifth of its side to the right; then of four times its area.
    codes = SquareBoxCoder().encode(tf.constant([[0.25, -0.8, 0.75, 1.2], [-0.5, -0.5, 1.5, 1.5]]), ANCHOR)
    np.testing.assert_allclose(codes, [[0, -3, 0], [0, 0, 3.4657359]], atol=1e-5)


@pytest.mark.parametrize("coder", [FasterRcnnBoxCoder(7.0, 8.0, 3.0, 2.0), MeanStddevBoxCoder(0.2)])
def test_decoding_undoes_encoding(coder: BoxCoder) -> None:
    random = tf.random.stateless_uniform([2, 100, 4], seed=[3, 4])
    boxes = tf.concat([random[..., :2], random[..., :2] + 0.01 + random[..., 2:]], axis=-1)
    anchors = boxes[0] + 0.05
    codes = coder.encode(boxes, anchors)
    assert codes.shape == (2, 100, coder.code_size)
    np.testing.assert_allclose(coder.decode(codes, anchors), boxes, atol=1e-4)


def test_decoding_makes_squares_of_the_same_centre_and_area() -> None:
    boxes = tf.constant([[0.0, 0.0, 0.1, 0.4], [0.2, 0.3, 0.9, 0.4]])
    coder = SquareBoxCoder(7.0, 8.0, 3.0)
    squares = coder.decode(coder.encode(boxes, ANCHOR), ANCHOR).numpy()
    height, width = squares[:, 2] - squares[:, 0], squares[:, 3] - squares[:, 1]
    np.testing.assert_allclose(height, width, rtol=1e-5)
    np.testing.assert_allclose(height * width, [0.04, 0.07], rtol=1e-4)
    np.testing.assert_allclose(squares[:, :2] + squares[:, 2:], (boxes[:, :2] + boxes[:, 2:]), atol=1e-5)


@pytest.mark.parametrize("coder", [FasterRcnnBoxCoder(), MeanStddevBoxCoder(), SquareBoxCoder()])
def test_an_empty_box_has_finite_codes(coder: BoxCoder) -> None:
    assert np.isfinite(coder.encode(tf.zeros([1, 4]), ANCHOR)).all()


@pytest.mark.parametrize("coder", [FasterRcnnBoxCoder(), MeanStddevBoxCoder(), SquareBoxCoder()])
def test_anchors_of_each_image_and_anchors_for_all_classes(coder: BoxCoder) -> None:
    random = tf.random.stateless_uniform([2, 3, 5, 4], seed=[5, 6])
    boxes = tf.concat([random[..., :2], random[..., :2] + 0.1 + random[..., 2:]], axis=-1)  # [B, C, A, 4]
    anchors = boxes[:, 0] + 0.05  # [B, A, 4]
    codes = coder.encode(boxes, anchors[:, tf.newaxis])
    decoded = coder.decode(codes, anchors[:, tf.newaxis])
    assert (codes.shape, decoded.shape) == ((2, 3, 5, coder.code_size), (2, 3, 5, 4))
    for image in range(2):
        for label in range(3):
            alone = coder.encode(boxes[image, label], anchors[image])
            np.testing.assert_allclose(codes[image, label], alone, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(decoded[image, label], coder.decode(alone, anchors[image]), rtol=1e-5)
