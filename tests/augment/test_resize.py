"""The resizers: numbers worked out by hand, single = batch, static shapes, bad settings."""

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tfod.augment.resize import resize
from tfod.errors import ConfigError
from tfod.models.from_config import image_resizer_from_config
from tfod.models.resizer import ImageResizer
from tfod.protos import image_resizer_pb2


def _resizer(text: str) -> ImageResizer:
    return image_resizer_from_config(text_format.Parse(text, image_resizer_pb2.ImageResizer()), "image_resizer")


def _ramp(height: int, width: int) -> tf.Tensor:
    """Pixel value = row, in three channels."""
    rows = tf.range(height, dtype=tf.float32)[:, tf.newaxis, tf.newaxis]
    return tf.tile(rows, [1, width, 3])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # Target pixel i samples the source at i / 2: no half-pixel centres.
        ("bilinear", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]),
        ("nearest", [0, 0, 1, 1, 2, 2, 3, 3]),
        ("area", [0, 0, 1, 1, 2, 2, 3, 3]),
        # Keys' kernel with a = -0.75 between 4 samples: (-3 a0 + 19 a1 + 19 a2 - 3 a3) / 32, edges repeated.
        (
            "bicubic",
            [0, (19 - 6) / 32, 1, 1.5, 2, (-3 * 1 + 19 * 2 + 19 * 3 - 3 * 3) / 32, 3, (-6 + 35 * 3) / 32],
        ),
    ],
)
def test_doubling_a_ramp(method, expected):
    doubled = resize([[[0.0], [1.0], [2.0], [3.0]]], (1, 8), method)

    np.testing.assert_allclose(doubled[0, :, 0], expected, atol=1e-6)


def test_shrinking_takes_every_other_pixel_and_does_not_blur():
    assert resize([[[0.0], [9.0], [2.0], [9.0]]], (1, 2))[0, :, 0].numpy().tolist() == [0.0, 2.0]


def test_nearest_keeps_the_dtype_and_the_others_give_float32():
    image = tf.zeros([4, 4, 3], tf.uint8)

    assert resize(image, (2, 2), "nearest").dtype == tf.uint8
    assert {resize(image, (2, 2), method).dtype for method in ("bilinear", "bicubic", "area")} == {tf.float32}


def test_align_corners_keeps_first_and_last():
    line = resize([[[0.0], [1.0], [2.0]]], (1, 5), align_corners=True)

    assert line[0, :, 0].numpy().tolist() == [0, 0.5, 1, 1.5, 2]


def test_fixed_shape():
    image, shape = _resizer("fixed_shape_resizer { height: 2 width: 3 }")(_ramp(4, 4))

    assert image[:, 0, 0].numpy().tolist() == [0, 2]
    assert shape.numpy().tolist() == [2, 3, 3]


@pytest.mark.parametrize(
    ("size", "limits", "expected"),
    [
        ((427, 640), (640, 640), (427, 640)),
        ((427, 640), (800, 1333), (800, 1199)),
        ((427, 640), (512, 512), (342, 512)),
        ((640, 427), (800, 1333), (1199, 800)),
        ((100, 100), (50, 80), (50, 50)),
        ((10, 100), (50, 80), (8, 80)),
        ((2, 5), (1, 9), (1, 2)),  # 5 * 0.5 = 2.5: half goes to the even number
    ],
)
def test_keep_aspect_ratio_sizes(size, limits, expected):
    text = f"keep_aspect_ratio_resizer {{ min_dimension: {limits[0]} max_dimension: {limits[1]} }}"

    image, shape = _resizer(text)(tf.zeros([*size, 3]))

    assert tuple(image.shape) == (*expected, 3)
    assert tuple(shape.numpy()) == (*expected, 3)


def test_padding_is_at_the_bottom_and_right_with_a_colour_a_channel():
    resizer = _resizer(
        "keep_aspect_ratio_resizer { min_dimension: 4 max_dimension: 4 pad_to_max_dimension: true"
        " per_channel_pad_value: [1, 2, 3] }"
    )

    image, shape = resizer(tf.zeros([2, 4, 3]))

    assert shape.numpy().tolist() == [2, 4, 3]
    assert image[0].numpy().tolist() == [[0, 0, 0]] * 4
    assert image[3].numpy().tolist() == [[1, 2, 3]] * 4
    assert resizer.output_shape == (4, 4)


@pytest.mark.parametrize(
    ("condition", "size", "expected"),
    [
        ("GREATER", (8, 4), (6, 3)),
        ("GREATER", (5, 4), (5, 4)),
        ("SMALLER", (8, 4), (12, 6)),
        ("SMALLER", (8, 7), (8, 7)),
    ],
)
def test_conditional_shape(condition, size, expected):
    resizer = _resizer(f"conditional_shape_resizer {{ condition: {condition} size_threshold: 6 }}")

    assert tuple(resizer(tf.zeros([*size, 3]))[0].shape[:2]) == expected


def test_pad_to_multiple_tells_the_size_without_padding():
    image, shape = _resizer("pad_to_multiple_resizer { multiple: 4 }")(tf.ones([3, 5, 3]))

    assert tuple(image.shape) == (4, 8, 3)
    assert tf.reduce_sum(image).numpy() == 3 * 5 * 3
    assert shape.numpy().tolist() == [3, 5, 3]


def test_identity():
    image, shape = _resizer("identity_resizer {}")(_ramp(3, 2))

    assert image.numpy().tolist() == _ramp(3, 2).numpy().tolist()
    assert shape.numpy().tolist() == [3, 2, 3]


def test_grayscale_has_one_channel():
    image, shape = _resizer("fixed_shape_resizer { height: 1 width: 1 convert_to_grayscale: true }")(
        tf.constant([[[10.0, 100.0, 200.0]]])
    )

    np.testing.assert_allclose(image[0, 0], [2.989 + 58.7 + 22.8], rtol=1e-6)
    assert shape.numpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "fixed_shape_resizer { height: 7 width: 5 }",
        "keep_aspect_ratio_resizer { min_dimension: 8 max_dimension: 9 pad_to_max_dimension: true }",
        "conditional_shape_resizer { size_threshold: 6 }",
        "pad_to_multiple_resizer { multiple: 4 }",
    ],
)
def test_a_batch_is_its_images_one_by_one_and_a_graph_is_eager(text):
    resizer = _resizer(text)
    images = tf.random.stateless_uniform([2, 9, 12, 3], [1, 2])

    batch, shapes = resizer.resize_batch(images)
    in_graph = next(iter(tf.data.Dataset.from_tensor_slices(images).map(resizer).batch(2)))

    for index in range(2):
        single, shape = resizer(images[index])
        assert np.array_equal(batch[index], single)
        assert np.array_equal(shapes[index], shape)
    assert np.array_equal(in_graph[0], batch)
    assert np.array_equal(in_graph[1], shapes)


def test_the_output_shape_is_known_while_the_graph_is_built():
    resizer = _resizer("keep_aspect_ratio_resizer { min_dimension: 8 max_dimension: 9 pad_to_max_dimension: true }")
    unknown = tf.TensorSpec([None, None, 3], tf.float32)

    graph = tf.function(resizer, input_signature=[unknown], autograph=False).get_concrete_function()

    assert graph.output_shapes[0].as_list() == [9, 9, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no image resizer"),
        ("keep_aspect_ratio_resizer { min_dimension: 9 max_dimension: 8 }", "exceeds max_dimension"),
        ("keep_aspect_ratio_resizer { per_channel_pad_value: 1 }", "per_channel_pad_value has 1"),
        ("fixed_shape_resizer { height: 0 }", "no size"),
        ("conditional_shape_resizer { condition: INVALID }", "INVALID"),
        ("pad_to_multiple_resizer { multiple: -1 }", "multiple -1"),
    ],
)
def test_impossible_settings(text, message):
    with pytest.raises(ConfigError, match=message):
        _resizer(text)
