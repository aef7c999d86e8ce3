import numpy as np
import tensorflow as tf

from tfod.boxes.coders import FasterRcnnBoxCoder

ANCHOR = tf.constant([[0.0, 0.0, 1.0, 1.0]])


def test_a_shift_by_hand() -> None:
    codes = FasterRcnnBoxCoder().encode(tf.constant([[0.1, 0.0, 1.1, 1.0]]), ANCHOR)
    np.testing.assert_allclose(codes[0], [1, 0, 0, 0], atol=1e-5)


def test_a_size_by_hand() -> None:
    # Twice as wide around the same centre: tw = ln 2 · 5.
    codes = FasterRcnnBoxCoder().encode(tf.constant([[0.0, -0.5, 1.0, 1.5]]), ANCHOR)
    np.testing.assert_allclose(codes[0], [0, 0, 0, 3.4657359], atol=1e-5)


def test_decoding_undoes_encoding() -> None:
    random = tf.random.stateless_uniform([2, 100, 4], seed=[3, 4])
    boxes = tf.concat([random[..., :2], random[..., :2] + 0.01 + random[..., 2:]], axis=-1)
    anchors = boxes[0] + 0.05
    coder = FasterRcnnBoxCoder(7.0, 8.0, 3.0, 2.0)
    np.testing.assert_allclose(coder.decode(coder.encode(boxes, anchors), anchors), boxes, atol=1e-4)


def test_an_empty_box_has_finite_codes() -> None:
    assert np.isfinite(FasterRcnnBoxCoder().encode(tf.zeros([1, 4]), ANCHOR)).all()
