"""What holds for every step: eager = within tf.data, objects stay together, dtypes, no surprise for empty pictures."""

import numpy as np
import pytest
import tensorflow as tf

from tests.augment.examples import as_numpy, augmentation, example
from tfod import names
from tfod.augment.example import Draw
from tfod.augment.steps import STEPS
from tfod.errors import ConfigError
from tfod.protos import preprocessor_pb2

# Steps that have to be told something.
SETTINGS = {
    "drop_label_probabilistically": "label: 2 drop_probability: 0.5",
    "normalize_image": "original_minval: 0 original_maxval: 255",
    "random_absolute_pad_image": "max_height_padding: 5 max_width_padding: 9",
    "random_downscale_to_target_pixels": "min_target_pixels: 50 max_target_pixels: 5000",
    "random_patch_gaussian": "max_patch_size: 5",
    "random_resize_method": "target_height: 5 target_width: 9",
    "random_scale_crop_and_pad_to_square": "output_size: 10",
    "remap_labels": "original_labels: [1, 3] new_label: 2",
    "resize_image": "new_height: 5 new_width: 9",
    "subtract_channel_mean": "means: [1, 2, 3]",
}
KEEP_WHOLE_NUMBERS = {
    "autoaugment_image", "convert_class_logits_to_softmax", "drop_label_probabilistically",
    "random_absolute_pad_image",
    "random_black_patches", "random_crop_image", "random_crop_to_aspect_ratio", "random_horizontal_flip",
    "random_jitter_boxes", "random_jpeg_quality", "random_rotation90", "random_self_concat_image",
    "random_square_crop_by_scale", "random_vertical_flip", "remap_labels", "scale_boxes_to_pixel_coordinates",
    "ssd_random_crop", "ssd_random_crop_fixed_aspect_ratio", "ssd_random_crop_pad_fixed_aspect_ratio",
}  # fmt: skip
ALL = sorted(STEPS)
SEEDS = [(5, number) for number in range(4)]


def _option(name: str) -> str:
    color = " pad_color: [0, 0, 0]" if name == "random_absolute_pad_image" else ""
    return f"{name} {{ {SETTINGS.get(name, '')}{color} }}"


def _example(name: str, **kwargs) -> dict[str, tf.Tensor]:
    made = example(**kwargs)
    if name == "convert_class_logits_to_softmax":
        made[names.MULTICLASS_SCORES] = tf.zeros([made[names.GROUNDTRUTH_BOXES].shape[0], 4])
    return made


def test_there_is_a_function_for_every_step_of_the_schema():
    assert set(STEPS) == {field.name for field in preprocessor_pb2.PreprocessingStep.DESCRIPTOR.fields}


@pytest.mark.parametrize("name", ALL)
def test_a_step_does_the_same_eagerly_and_within_tf_data(name):
    augment = augmentation(_option(name))
    numbers = tf.data.Dataset.from_tensor_slices(tf.constant(SEEDS, tf.int64))

    # As training maps it: AutoGraph would convert every line first, which takes long.
    mapped = numbers.map(tf.autograph.experimental.do_not_convert(lambda seed: augment(_example(name), seed)))
    for seed, in_graph in zip(SEEDS, mapped, strict=True):
        eager = augment(_example(name), seed)

        assert eager.keys() == in_graph.keys()
        for key in eager:
            assert eager[key].dtype == in_graph[key].dtype, key
            if eager[key].dtype.is_floating:
                np.testing.assert_allclose(eager[key], in_graph[key], rtol=1e-5, atol=1e-4, err_msg=key)
            else:
                np.testing.assert_array_equal(eager[key], in_graph[key], err_msg=key)


@pytest.mark.parametrize("name", ALL)
def test_objects_stay_together_and_boxes_within_the_picture(name):
    augment = augmentation(_option(name))

    for seed in SEEDS:
        after = as_numpy(augment(_example(name), seed))

        boxes = after[names.GROUNDTRUTH_BOXES]
        weights = after[names.GROUNDTRUTH_WEIGHTS]
        assert boxes.shape == (len(weights), 4)
        if name != "remap_labels":
            assert after[names.GROUNDTRUTH_CLASSES].tolist() == (weights + 1).tolist()
        assert (boxes[:, 2:] >= boxes[:, :2]).all()
        if name != "scale_boxes_to_pixel_coordinates":
            assert boxes.min(initial=0) >= 0
            assert boxes.max(initial=0) <= 1
        assert after[names.SOURCE_ID] == b"photo.jpg"


@pytest.mark.parametrize("name", ALL)
def test_whole_numbers_stay_whole_where_nothing_is_computed_from_them(name):
    after = augmentation(_option(name))(_example(name), SEEDS[0])

    assert after[names.IMAGE].dtype == (tf.uint8 if name in KEEP_WHOLE_NUMBERS else tf.float32)


@pytest.mark.parametrize("name", ALL)
def test_a_picture_without_objects_is_fine(name):
    augment = augmentation(_option(name))

    for seed in SEEDS[:2]:
        after = augment(_example(name, boxes=[]), seed)

        assert after[names.GROUNDTRUTH_BOXES].shape == (0, 4)
        assert after[names.GROUNDTRUTH_CLASSES].shape == (0,)


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith(("random", "ssd_random"))])
def test_the_seed_decides(name):
    augment = augmentation(_option(name))

    first, again = (augment(_example(name), (3, 4)) for _ in range(2))

    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
    many = [
        augment(_example(name, height=80, width=120), (number, 4))[key].numpy().tobytes()
        for number in range(12)
        for key in (names.IMAGE, names.GROUNDTRUTH_BOXES)
    ]
    assert len(set(many)) > 2


def test_no_two_draws_of_a_run_share_a_seed():
    seeds = []
    for number in (0, 1, 2**20):
        draw = Draw(tf.constant([7, number], tf.int64))
        seeds += [tuple(draw.seed().numpy()) for _ in range(100)]

    assert len(set(seeds)) == len(seeds)


def test_steps_follow_each_other_in_the_order_of_the_config():
    there = augmentation("random_rotation90 { probability: 1 }", "random_horizontal_flip { probability: 1 }")
    back = augmentation("random_horizontal_flip { probability: 1 }", "random_rotation90 { probability: 1 }")

    first, second = (augment(example(), (0, 0))[names.IMAGE].numpy() for augment in (there, back))

    assert first.shape == second.shape
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("autoaugment_image { policy_name: 'v4' }", "policy_name must be one of v0, v1, v2, v3, test"),
        ("", "step is empty"),
        ("normalize_image {}", "original_maxval must be greater"),
        ("random_adjust_contrast { min_delta: 2 max_delta: 1 }", "min_delta 2 exceeds max_delta 1"),
        ("random_crop_image { min_area: 0 }", "min_area and max_area"),
        ("random_crop_image { max_area: 1.5 }", "min_area and max_area"),
        ("random_distort_color { color_ordering: 2 }", "color_ordering"),
        ("random_jpeg_quality { max_jpeg_quality: 101 }", "JPEG qualities"),
        ("random_pad_image { min_image_height: 9 }", "height and width must be set together"),
        ("random_pad_image { pad_color: [1, 2] }", "pad_color must be 3 numbers"),
        ("random_crop_pad_image { min_padded_size_ratio: 1 }", "min_padded_size_ratio must be 2 numbers"),
        ("resize_image {}", "new_height and new_width"),
        ("ssd_random_crop { operations { min_area: 0.1 max_area: 1 } }", "min_aspect_ratio and max_aspect_ratio"),
        ("ssd_random_crop { operations { min_aspect_ratio: 1 max_aspect_ratio: 2 } }", "min_area and max_area"),
        ("subtract_channel_mean {}", "means must be three"),
    ],
)
def test_a_step_with_impossible_numbers_is_named(option, message):
    with pytest.raises(ConfigError, match=message) as caught:
        augmentation("random_horizontal_flip {}", option)

    assert "data_augmentation_options[1]" in caught.value.where


def test_scores_that_are_not_there_cannot_be_converted():
    with pytest.raises(ConfigError, match="no multiclass scores"):
        augmentation("convert_class_logits_to_softmax {}")(example(), (0, 0))
